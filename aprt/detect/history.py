"""One execution as detectors know it."""

from __future__ import annotations

from typing import Any

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.events import Event
from aprt.core.step import Ask
from aprt.detect.happens_before import HappensBefore, Stamp
from aprt.detect.parts import Parts


class History:
    """One execution as far as it was heard. All detectors share it, and it hears of a step before they do.

    order: happens-before. stamps: when each step was done in it. states: by actor. callers: by context, what it holds
    and owes. last: by context, the index of its last step (-1: none). asks: by context, what it asks for and has not
    got yet.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.order = HappensBefore(parts)
        self.stamps: list[Stamp] = []
        self.events: list[Event] = []
        self.states: dict[str, Any] = parts.system.initial()
        self.callers = {name: Caller(name) for name in parts.contexts}
        self.last = dict.fromkeys(parts.contexts, -1)
        self.asks: dict[str, Ask] = {}

    def feed(self, event: Event) -> None:
        context = event.context
        self.events.append(event)
        self.stamps.append(self.order.feed(event))
        self.last[context] = event.index
        self.asks.pop(context, None)
        if event.actor is not None:
            self.states[event.actor] = event.state
        if event.notes:
            self.callers[context] = event.caller.after(event.notes)

    def ask(self, ask: Ask) -> None:
        self.asks[ask.by.context] = ask

    def blocks(self, ask: Ask) -> bool:
        """Whether a context cannot be given now what it asks for."""
        actor = self.parts.actors[ask.call.actor.name]
        return actor.handle(self.states[actor.name], ask.call, ask.by) is BLOCK

    def ordered(self, event: Event) -> bool:
        """Whether an earlier step happened before the last one, or is of the same context."""
        return self.order.ordered(self.stamps[event.index], self.events[-1].context)

"""What all detectors have in common, and what they share of an execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from aprt.core.actor import BLOCK, Actor
from aprt.core.effects import Call
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.notes import Hold
from aprt.core.step import Ask
from aprt.core.system import System
from aprt.detect.detection import Detection


@attrs.frozen
class Queue:
    """An actor that is a queue: the field that its messages are in, and how many there may be; None is no bound."""

    field: str
    room: int | None


class Parts:
    """What detectors look up of a system. handlers: by actor and message. queues: by actor.

    asking: the actors that say themselves which lock a message waits for.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.contexts = tuple(context.name for context in system.contexts)
        self.actors = {actor.name: actor for actor in system.actors}
        self.handlers = {(actor.name, op): actor.handler(op) for actor in system.actors for op in actor.messages()}
        self.queues = {
            name: Queue(handler.puts, self.actors[name].room(handler))
            for (name, _), handler in self.handlers.items()
            if handler.puts is not None
        }
        self.asking = {actor.name for actor in system.actors if type(actor).acquired is not Actor.acquired}


class History:
    """One execution as far as it was heard; the same object for all detectors, ahead of them by one event.

    states: by actor. held, last: by context, what it holds and its last step (-1: none). asks: what each context asks
    for, while it has not been given it.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.events: list[Event] = []
        self.states: dict[str, Any] = parts.system.initial()
        self.held: dict[str, tuple[Hold, ...]] = dict.fromkeys(parts.contexts, ())
        self.last = dict.fromkeys(self.held, -1)
        self.asks: dict[str, Ask] = {}

    def feed(self, event: Event) -> None:
        context = event.context
        self.events.append(event)
        self.last[context] = event.index
        self.asks.pop(context, None)
        if event.actor is not None:
            self.states[event.actor] = event.state
        if event.notes:
            self.held[context] = event.caller.after(event.notes).held

    def ask(self, ask: Ask) -> None:
        self.asks[ask.by.context] = ask

    def blocks(self, ask: Ask) -> bool:
        """Whether a context cannot be given now what it asks for."""
        actor = self.parts.actors[ask.call.actor.name]
        return actor.handle(self.states[actor.name], ask.call, ask.by) is BLOCK

    def acquired(self, event: Event) -> Hold | None:
        """The lock that a step waited for, if it is one that does and says so itself."""
        if event.actor is None:
            return None
        if event.actor not in self.parts.asking and self.parts.handlers[event.actor, event.op].acquires is None:
            return None
        actor = self.parts.actors[event.actor]
        return actor.acquired(Call(actor, event.op, event.args))


class Detector:
    """Hears one execution. found: all that it has to say so far, in an order that depends on the schedule only.

    What `feed`, `ask` and `finish` answer is new in it: a detection may be told, when it is first seen, with less than
    there is to say of it at the end.
    """

    kind: ClassVar[str]

    def __init__(self, history: History) -> None:
        self.history = history
        self.found: tuple[Detection, ...] = ()

    def feed(self, event: Event) -> Sequence[Detection]:
        """The next step; it is in the history already."""
        return ()

    def ask(self, ask: Ask) -> Sequence[Detection]:
        """What a context asks for next; it is in the history already."""
        return ()

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        """The execution is over."""
        return ()

    def add(self, *detections: Detection) -> Sequence[Detection]:
        self.found += detections
        return detections

"""The observer: the task that hears of every step, numbers it, checks the properties and says when it is over.

The reports arrive in the order in which things happened, so what the observer has read so far is always a state
that the system was in. An execution has come to rest when, in that state, every context is finished or blocked:
a blocked request is retried in the same breath as the change that may enable it, so only a step of a context
that still runs could wake another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import attrs

from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending, Execution
from aprt.core.listener import Listener
from aprt.core.monitor import Monitor
from aprt.core.notes import Oops
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.runtime.ledger import Ledger
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import (
    Asked,
    Chose,
    Close,
    Crashed,
    Finished,
    Halt,
    Handled,
    Over,
    Ready,
    Report,
    Stalled,
    ToDirector,
    Waits,
)


@attrs.frozen(eq=False)
class Watch:
    """What to look for in an execution, and when to stop it.

    max_steps: cut where one more step would be taken. on_event: called with each event, by the observer.
    listeners: hear the execution, too. In a replay without `on_event` they are told of several steps at a time.
    """

    properties: Sequence[Property] = ()
    max_steps: int | None = None
    stop_on_finding: bool = False
    on_event: Callable[[Event], None] | None = None
    listeners: Sequence[Listener] = ()


UNWATCHED = Watch()


@attrs.frozen
class Breach:
    """The driver broke its own rules at the step of that index: a fault in the driver, not in the model."""

    index: int
    text: str


class ObserverPart:
    """The part of the observer in one execution. It leaves when the execution is over.

    gated: whether a gate decides what happens: then it, and not the observer, sees that nothing can move.
    """

    def __init__(self, system: System, watch: Watch, director: Mailbox[ToDirector], *, gated: bool) -> None:
        self.mailbox: Mailbox[Report] = Mailbox()
        self.ledger = Ledger(system)
        self.breaches: list[Breach] = []
        self._system, self._watch, self._director, self._gated = system, watch, director, gated
        self._events: list[Event] = []
        self._over = False

    async def play(self) -> None:
        """Listen until the execution is over, and tell the director how it was."""
        try:
            self._monitor = Monitor(self._system, self._watch.properties)
            if self._monitor.findings and self._watch.stop_on_finding:
                self._close("cut")
            self._close_if_quiet()
            while not self._over:
                self._hear(await self.mailbox.get())
        except Exception as error:
            self._director.put(Over(error))

    def halt(self) -> None:
        self.mailbox.put(Halt())

    def _hear(self, report: Report) -> None:
        match report:
            case Asked():
                self.ledger.asked(report)
                self._ask(report)
            case Handled():
                self._handled(report)
            case Chose():
                self._chose(report)
            case Waits(context):
                self.ledger.waits(context)
                self._close_if_quiet()
            case Ready(context):
                self.ledger.ready(context)
            case Finished(context):
                self.ledger.finished(context)
                self._close_if_quiet()
            case Close(ending):
                self._close(ending)
            case Stalled():
                self._close("cut", self.ledger.stuck)
            case Crashed(error):
                raise error
            case Halt():
                self._over = True
            case _:
                assert_never(report)

    def _handled(self, handled: Handled) -> None:
        request, actor = handled.request, handled.request.call.actor.name
        if self._full():
            return
        self._check_rules(handled)
        self.ledger.handled(handled)
        event = Event(
            len(self._events),
            request.label,
            actor,
            request.call.args,
            handled.reply,
            handled.notes,
            handled.state,
            handled.changed,
            request.caller,
            request.chain,
        )
        self._record(event)

    def _chose(self, chose: Chose) -> None:
        if self._full():
            return
        self.ledger.stepped(chose.label.context)
        index = len(self._events)
        self._record(Event(index, chose.label, None, (), chose.option, (), None, False, chose.caller, chose.chain))

    def _record(self, event: Event) -> None:
        self._events.append(event)
        found = self._monitor.feed(event)
        for listener in self._watch.listeners:
            listener.feed(event)
        if self._watch.on_event is not None:
            self._watch.on_event(event)
        if any(isinstance(note, Oops) for note in event.notes):
            self._close("oops")
        elif found and self._watch.stop_on_finding:
            self._close("cut")

    def _ask(self, asked: Asked) -> None:
        if asked.ask is None:
            return
        for listener in self._watch.listeners:
            listener.ask(asked.ask)
        if self._monitor.ask(asked.ask) and self._watch.stop_on_finding:
            self._close("cut")

    def _full(self) -> bool:
        """Whether one more step is too many; then the execution is over."""
        if len(self._events) != self._watch.max_steps:
            return False
        self._close("cut")
        return True

    def _close_if_quiet(self) -> None:
        if self.ledger.quiet and not self._gated and not self._over:
            self._close("end" if self.ledger.done else "deadlock")

    def _check_rules(self, handled: Handled) -> None:
        actor, index = handled.request.call.actor.name, len(self._events)
        if handled.task != actor_task(actor):
            text = f"{handled.request.call} ran in task {handled.task!r}, not in that of its actor"
            self.breaches.append(Breach(index, text))
        # a gate picks in any order that it likes
        earlier = None if self._gated else self.ledger.passed_over(handled)
        if earlier is not None:
            text = f"{actor} took {handled.request.label.context} before {earlier}, which came first"
            self.breaches.append(Breach(index, text))

    def _close(self, ending: Ending, blocked: Blocked = ()) -> None:
        if ending == "deadlock":
            blocked = self.ledger.blocked
        for listener in (self._monitor, *self._watch.listeners):
            listener.finish(ending, blocked)
        execution = Execution(tuple(self._events), ending, self._monitor.findings, blocked)
        self._director.put(Over(execution))
        self._over = True


def actor_task(actor: str) -> str:
    """The name of an actor's trio task."""
    return f"actor {actor}"

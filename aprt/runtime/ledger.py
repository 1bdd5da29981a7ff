"""What the observer knows: a picture of the system, drawn from reports alone.

Nobody's private state is read for it, so it can be looked at while everything runs. In a gated execution a request
that is parked before the gate counts as lying in the actor's mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from aprt.core.caller import Caller
from aprt.core.system import System
from aprt.runtime.messages import Asked, Handled


@attrs.frozen
class Snapshot:
    """A system at one moment. states, callers: after the last step. steps: how many there were.

    waiting: context -> the operation in which it is blocked; empty in the course of a replay without an `on_event`
    function, in which nobody asks who waits.
    mailboxes: actor -> the requests that it has not performed yet, as `context: operation`, in order of arrival;
    blocked ones included.
    doing: unfinished context -> the operation whose answer it awaits, "" while it awaits none.
    """

    states: Mapping[str, Any]
    callers: Mapping[str, Caller]
    waiting: Mapping[str, str]
    mailboxes: Mapping[str, tuple[str, ...]]
    steps: int
    doing: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Statistics:
    """Counts of one execution. waiting: actor -> requests in its mailbox now. handled: actor -> messages performed.

    steps: context -> steps taken.
    """

    waiting: Mapping[str, int]
    handled: Mapping[str, int]
    steps: Mapping[str, int]


class Ledger:
    """Keeps the picture of one execution up to date."""

    def __init__(self, system: System) -> None:
        self._daemons = {context.name for context in system.contexts if context.daemon}
        self._running = [context.name for context in system.contexts]  # finished ones are taken off
        self._doing: dict[str, str] = {}  # context -> its last operation
        self._asked: dict[str, str | None] = {}  # context -> the actor whose answer is pending; None for a choice
        self._waiting: set[str] = set()
        self._arrived: dict[str, list[str]] = {actor.name: [] for actor in system.actors}
        self._handled = dict.fromkeys(self._arrived, 0)
        self._steps = dict.fromkeys(self._running, 0)
        self._states = system.initial()
        self._last: dict[str, Handled] = {}  # context -> its last call

    @property
    def quiet(self) -> bool:
        """Whether every context is finished or blocked."""
        return len(self._waiting) == len(self._running)

    @property
    def done(self) -> bool:
        """Whether every context but the daemons is finished."""
        return self._daemons.issuperset(self._running)

    @property
    def blocked(self) -> tuple[tuple[str, str], ...]:
        """The unfinished contexts but daemons, with what they wait for."""
        return tuple((name, self._doing[name]) for name in self._running if name not in self._daemons)

    @property
    def stuck(self) -> tuple[tuple[str, str], ...]:
        """The unfinished contexts whose last operation was performed, but which did not go on."""
        return tuple((name, self._doing[name]) for name in self._running if name not in self._asked)

    def asked(self, asked: Asked) -> None:
        self._doing[asked.context] = asked.operation
        self._asked[asked.context] = asked.actor
        if asked.actor is not None:
            self._arrived[asked.actor].append(asked.context)

    def waits(self, context: str) -> None:
        self._waiting.add(context)

    def ready(self, context: str) -> None:
        self._waiting.discard(context)

    def passed_over(self, handled: Handled) -> str | None:
        """The context whose request should have been handled before this one: it came first and is not blocked."""
        for context in self._arrived[handled.request.call.actor.name]:
            if context == handled.request.label.context:
                return None
            if context not in self._waiting:
                return context
        return None

    def handled(self, handled: Handled) -> None:
        actor, context = handled.request.call.actor.name, handled.request.label.context
        self._arrived[actor].remove(context)
        self._handled[actor] += 1
        self._states[actor] = handled.state
        self._last[context] = handled
        self.stepped(context)

    def stepped(self, context: str) -> None:
        self._steps[context] += 1
        self._waiting.discard(context)
        self._asked.pop(context, None)

    def finished(self, context: str) -> None:
        self._running.remove(context)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            dict(self._states),
            {name: self._caller(name) for name in self._steps},
            {name: self._doing[name] for name in self._running if name in self._waiting},
            {actor: tuple(f"{name}: {self._doing[name]}" for name in names) for actor, names in self._arrived.items()},
            sum(self._steps.values()),
            {name: self._doing[name] if name in self._asked else "" for name in self._running},
        )

    def _caller(self, context: str) -> Caller:
        last = self._last.get(context)
        return Caller(context) if last is None else last.request.caller.after(last.notes)

    def statistics(self) -> Statistics:
        waiting = {actor: len(names) for actor, names in self._arrived.items()}
        return Statistics(waiting, dict(self._handled), dict(self._steps))

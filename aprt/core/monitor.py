"""Checking properties against the events of one execution, as they come.

Simple on purpose: a view of the system is kept from the events alone, so that whatever a driver checks live can be
checked again on a stored log. A property is looked at until it is broken, then dropped. `NoHang` speaks of all
executions at once; one execution never breaks it. `Eventually` is broken by one that ends, or else never ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from aprt.core.actor import Caller
from aprt.core.events import Event
from aprt.core.execution import Ending
from aprt.core.properties import (
    Actors,
    After,
    Always,
    AtEnd,
    Before,
    Check,
    Eventually,
    Finding,
    History,
    NoDeadlock,
    Noted,
    Property,
    Wrong,
)
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System, View


class Monitor:
    """The properties of one execution of `system`. findings: the first of each property, in the order seen.

    What is wrong in the initial state is a finding from the start, with an empty schedule. Of one event, notes
    come first, then the state before it, the histories, the state after it, and what must always hold.
    """

    def __init__(self, system: System, properties: Sequence[Property]) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._states = system.initial()
        self._callers = {context.name: Caller(context.name) for context in system.contexts}
        self._labels: list[Label] = []
        self._open = list(properties)
        self._memory: dict[History, Hashable] = {}
        self._look(lambda id, check: self._always(check))

    def feed(self, event: Event) -> tuple[Finding, ...]:
        """The next event. Returns what it broke."""
        if not self._open:
            return ()
        self._labels.append(event.label)
        found = self._look(lambda id, check: _noted(id, check, event))
        found += self._look(lambda id, check: self._before(check, event))
        found += self._look(lambda id, check: self._history(check, event))
        holds = event.caller.after(event.notes)
        touched = event.changed or holds != self._callers[event.context]
        self._callers[event.context] = holds
        if event.actor is not None:
            self._states[event.actor] = event.state
        found += self._look(lambda id, check: self._after(check, event))
        if touched:
            found += self._look(lambda id, check: self._always(check))
        return found

    def finish(self, ending: Ending, blocked: tuple[tuple[str, str], ...] = ()) -> tuple[Finding, ...]:
        """No more events; blocked: as in `Execution`. Returns what the end state, or the deadlock, broke."""
        match ending:
            case "end":
                return self._look(lambda id, check: self._at_end(check))
            case "deadlock":
                return self._look(lambda id, check: self._at_deadlock(check, blocked))
            case "oops" | "cut":
                return ()

    def _before(self, check: Check, event: Event) -> str | None:
        if isinstance(check, Before) and _concerns(check, event):
            return check.test(self._view(check.reads), event)
        return None

    def _after(self, check: Check, event: Event) -> str | None:
        if isinstance(check, After) and _concerns(check, event):
            return check.test(self._view(check.reads), event)
        return None

    def _always(self, check: Check) -> str | None:
        return check.test(self._view(check.reads)) if isinstance(check, Always) else None

    def _at_end(self, check: Check) -> str | None:
        return check.test(self._view(check.reads)) if isinstance(check, AtEnd | Eventually) else None

    def _at_deadlock(self, check: Check, blocked: tuple[tuple[str, str], ...]) -> str | None:
        if isinstance(check, NoDeadlock):
            return check.text(blocked)
        return check.test(self._view(check.reads)) if isinstance(check, Eventually) else None

    def _history(self, check: Check, event: Event) -> str | None:
        if not isinstance(check, History) or event.actor not in {actor.name for actor in check.concerns}:
            return None
        memory = check.advance(self._memory.get(check, check.initial), event)
        if isinstance(memory, Wrong):
            return memory.text
        self._memory[check] = memory
        return None

    def _look(self, test: Callable[[str, Check], str | None]) -> tuple[Finding, ...]:
        found = []
        for property in tuple(self._open):
            text = _first(test(property.id, check) for check in property.checks)
            if text is not None:
                self._open.remove(property)
                found.append(Finding(property.id, text, Schedule(tuple(self._labels))))
        self.findings += tuple(found)
        return tuple(found)

    def _view(self, reads: Actors) -> View:
        return View({actor.name: self._states[actor.name] for actor in reads}, tuple(self._callers.values()))


def _first(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text is not None), None)


def _noted(id: str, check: Check, event: Event) -> str | None:
    if not isinstance(check, Noted):
        return None
    return _first(note.text for note in event.broken if note.property == id)


def _concerns(check: Before | After, event: Event) -> bool:
    return (check.actor.name, check.op) == (event.actor, event.op)

"""Checking properties against the events of one execution, as they come.

Simple on purpose: a view of the system is kept from the events alone, so that whatever a driver checks live can be
checked again on a stored log. A property is looked at until it is broken, then dropped. `NoHang` and `NoLivelock` speak
of all executions at once: one of them never breaks them. `Eventually` is broken here only by an execution that ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from aprt.core.caller import Caller
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.finding import Finding, Part
from aprt.core.lock_order import Cycle, Demand, Edge, LockGraph, is_closed, title
from aprt.core.properties import (
    Actors,
    After,
    Always,
    AtEnd,
    Before,
    Check,
    Eventually,
    History,
    LockOrder,
    NoDeadlock,
    NoEdges,
    Noted,
    Property,
    Wrong,
    ordering,
    wrong,
)
from aprt.core.schedule import Label, Schedule
from aprt.core.step import Ask
from aprt.core.system import System, View


class Monitor:
    """The properties of one execution of `system`. findings: the first of each property, in the order seen.

    What is wrong in the initial state is a finding from the start, with an empty schedule. Of one event, notes
    come first, then the state before it, the histories, the state after it, and what must always hold. What a context
    asks for next belongs to its own last step, also when others have gone on by the time that it is heard of.
    """

    def __init__(self, system: System, properties: Sequence[Property]) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._states = system.initial()
        self._callers = {context.name: Caller(context.name) for context in system.contexts}
        self._labels: list[Label] = []
        self._open = list(properties)
        self._memory: dict[History, Hashable] = {}
        self._order = LockGraph() if any(ordering(p) for p in properties) else None
        self._parts: dict[Edge, Part] = {}
        self._length = dict.fromkeys(self._callers, 0)  # of the schedule up to a context's last step
        self._look(lambda id, check: self._always(check))

    def feed(self, event: Event) -> tuple[Finding, ...]:
        """The next event. Returns what it broke."""
        if not self._open:
            return ()
        self._labels.append(event.label)
        found = self._look(lambda id, check: _noted(id, check, event))
        found += self._look(lambda id, check: self._around(Before, check, event))
        found += self._look(lambda id, check: self._history(check, event))
        holds = event.caller.after(event.notes)
        touched = event.changed or holds != self._callers[event.context]
        self._callers[event.context] = holds
        self._length[event.context] = len(self._labels)
        if event.actor is not None:
            self._states[event.actor] = event.state
        found += self._look(lambda id, check: self._around(After, check, event))
        if touched:
            found += self._look(lambda id, check: self._always(check))
        if self._order is not None and event.notes:
            for demand in Demand.by_step(event):
                found += self._demanded(demand, self._order)
        return found

    def ask(self, ask: Ask) -> tuple[Finding, ...]:
        """What a context asks for after its last event, or at first. Returns what that broke."""
        demand = None if self._order is None else Demand.of(ask)
        return () if self._order is None or demand is None else self._demanded(demand, self._order)

    def _demanded(self, demand: Demand, order: LockGraph) -> tuple[Finding, ...]:
        length = self._length[demand.by.context]
        for edge in demand.edges:
            if edge not in self._parts:
                self._parts[edge] = Part(edge, demand, Schedule(tuple(self._labels[:length])))
        cycle = order.cycle() if order.closes(demand) else None
        return self._find(lambda id, check: self._unordered(id, check, demand, cycle))

    def finish(self, ending: Ending, blocked: Blocked = ()) -> tuple[Finding, ...]:
        """No more events; blocked: as in `Execution`. Returns what the end state, or the deadlock, broke."""
        match ending:
            case "end":
                return self._look(lambda id, check: self._at_end(check))
            case "deadlock":
                return self._look(lambda id, check: self._at_deadlock(check, blocked))
            case "oops" | "cut":
                return ()

    def _around(self, kind: type[Before] | type[After], check: Check, event: Event) -> str | None:
        """A check of the state before a message is handled, or of that after it, whichever the states are of now."""
        if isinstance(check, kind) and (check.actor.name, check.op) == (event.actor, event.op):
            return check.test(self._view(check.reads), event)
        return None

    def _always(self, check: Check) -> str | None:
        return check.test(self._view(check.reads)) if isinstance(check, Always) else None

    def _at_end(self, check: Check) -> str | None:
        return check.test(self._view(check.reads)) if isinstance(check, AtEnd | Eventually) else None

    def _at_deadlock(self, check: Check, blocked: Blocked) -> str | None:
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

    def _unordered(self, id: str, check: Check, demand: Demand, cycle: Cycle | None) -> Finding | None:
        match check:
            case NoEdges(edges) if not demand.edges.keys().isdisjoint(edges) and self._parts.keys() >= set(edges):
                return self._cycle(id, edges)
            case LockOrder() if cycle is not None:
                return self._cycle(id, cycle)
            case _:
                return None

    def _cycle(self, id: str, edges: Cycle) -> Finding:
        parts = tuple(self._parts[edge] for edge in edges)
        text = title(edges) if is_closed(edges) else parts[-1].text
        return Finding(id, text, max((part.schedule for part in parts), key=len), parts=parts)

    def _look(self, test: Callable[[str, Check], str | None]) -> tuple[Finding, ...]:
        def found(id: str, check: Check) -> Finding | None:
            text = wrong(id, test(id, check))
            return None if text is None else Finding(id, text, Schedule(tuple(self._labels)))

        return self._find(found)

    def _find(self, test: Callable[[str, Check], Finding | None]) -> tuple[Finding, ...]:
        found = []
        for property in tuple(self._open):
            finding = next(filter(None, (test(property.id, check) for check in property.checks)), None)
            if finding is not None:
                self._open.remove(property)
                found.append(finding)
        self.findings += tuple(found)
        return tuple(found)

    def _view(self, reads: Actors) -> View:
        return View({actor.name: self._states[actor.name] for actor in reads}, tuple(self._callers.values()))


def _noted(id: str, check: Check, event: Event) -> str | None:
    if not isinstance(check, Noted):
        return None
    return next((note.text for note in event.broken if note.property == id), None)

"""Strategy "states": visit every reachable state once, breadth first, on packed integers.

Complete: what it does not report does not happen within the system. Breadth first, so the schedule of a finding is
the shortest there is for its property. A state beyond a violation is explored like any other, except that nothing
follows an oops. The memory of a history that is checked is part of the state and counts.

A **hang** shows in the whole graph only: a second pass, backwards over the stored steps from the end states, done
when a property asks for it and the search is complete. Executions that end in an oops do not hang.

A bound of `max_depth` leaves states that many steps away from the start as they are: they count as not covered
when a step is possible there.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

import attrs

from aprt.core.events import Event
from aprt.core.exercise import unexercised
from aprt.core.properties import Finding
from aprt.explore.checks import Checks, Note, Violation
from aprt.explore.hangs import first_hang
from aprt.explore.packing import INITIAL
from aprt.explore.result import Exploration, Question
from aprt.explore.tables import Tables
from aprt.explore.watchdog import Stop, Watchdog


def search(question: Question) -> Exploration:
    """Explore all states, within the bounds."""
    run = _Search(question)
    try:
        return run.explore()
    finally:
        run.tables.close()


@attrs.frozen
class _Found:
    """What was violated, by the step numbered `via` out of the state numbered `here`; in that state, if None."""

    text: str
    length: int
    here: int
    via: int | None


class _Search:
    """States have numbers, in the order in which they are found; `parents` and `via` say how each was found."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.checks = Checks(question.properties, question.system)
        self.packing = self.checks.packing
        self.tables: Tables[Note] = Tables(question.system, self.packing, self.checks.note)
        self.numbers = {INITIAL: 0}
        self.states = [INITIAL]
        self.parents, self.via = array("Q", [0]), array("Q", [0])
        self.oopses: set[int] = set()
        self.ends: list[int] = []
        self.deadlocks = 0
        self.transitions = 0
        self.depth = 0
        self.sources, self.targets = array("Q"), array("Q")  # every transition, kept when hangs are asked for
        self.found: dict[str, _Found] = {}
        self.watchdog = Watchdog(question)

    def explore(self) -> Exploration:
        stopped = None
        try:
            for violation in self.checks.start():
                self._record(violation, 0, 0)
            self._levels()
            self._hang()
        except Stop as stop:
            stopped = stop.reason
        except KeyboardInterrupt:
            stopped = "interrupted"
        return self._answer(stopped)

    def _levels(self) -> None:
        """Level by level: `depth` is the number of steps to the states that are being expanded."""
        first, last = 0, 1
        cut = False
        while first < last:
            if self.depth == self.question.bounds.max_depth:
                cut = self._cut(first, last)
            else:
                self._expand(first, last)
            if self.found and self.question.stop_on == "first":
                raise Stop("violation")
            first, last = last, len(self.states)
            self.depth += 1
        if cut:
            raise Stop("max_depth")

    def _expand(self, first: int, last: int) -> None:
        """Take every step out of the states numbered `first` to `last - 1`.

        This is where the time goes: one function, names that are local, nothing built that is not kept.
        """
        states, numbers, parents, via, oopses = self.states, self.numbers, self.parents, self.via, self.oopses
        unpack, size = self.packing.unpack, self.packing.size
        contexts = tuple(enumerate(self.tables.rows))
        limit = sys.maxsize if self.question.bounds.max_states is None else self.question.bounds.max_states
        sources, targets = self.sources, self.targets
        keep = bool(self.checks.liveness)
        count, transitions = len(states), self.transitions
        try:
            for here in range(first, last):
                if here in oopses:
                    continue
                if not here & 255:
                    self.watchdog.look(0, count, transitions, self.depth)
                state = states[here]
                fields = unpack(state.to_bytes(size, "little"))
                before = transitions
                for place, rows in contexts:
                    slot, row = rows[fields[place]]
                    for delta, step, (watch, judges) in row[fields[slot]]:
                        transitions += 1
                        successor = state + delta
                        if watch is not None:
                            successor, violations = watch.look(state, successor)
                            for violation in violations:
                                self._record(violation, self.depth + 1, here, step)
                        number = numbers.setdefault(successor, count)
                        if number == count:
                            if count == limit:
                                raise Stop("max_states")
                            states.append(successor)
                            parents.append(here)
                            via.append(step)
                            count += 1
                            for judge in judges:
                                text = judge(successor)
                                if text is not None:
                                    self._record((judge.id, text), self.depth + 1, here, step)
                            if watch is not None and watch.oops:
                                oopses.add(number)
                        if keep:
                            sources.append(here)
                            targets.append(number)
                if transitions == before:
                    self._terminal(here)
        finally:
            self.transitions = transitions

    def _cut(self, first: int, last: int) -> bool:
        """Take no step out of these states; whether there is one to take."""
        cut = False
        for here in range(first, last):
            if here in self.oopses:
                continue
            if self.tables.moves(self.states[here]):
                cut = True
            else:
                self._terminal(here)
        return cut

    def _terminal(self, here: int) -> None:
        """In a state without steps."""
        waiting = self.tables.waiting(self.states[here])
        if waiting:
            self.deadlocks += 1
            violations = self.checks.deadlock(waiting)
        else:
            self.ends.append(here)
            violations = self.checks.end(self.states[here])
        for violation in violations:
            self._record(violation, self.depth, here)

    def _hang(self) -> None:
        """The backward pass, over a graph that is complete."""
        if not self.checks.liveness:
            return
        lost = first_hang(len(self.states), [*self.ends, *self.oopses], self.sources, self.targets)
        if lost is not None:
            for violation in self.checks.hang(self.tables.waiting(self.states[lost])):
                self._record(violation, len(self._path(lost)), lost)

    def _record(self, violation: Violation, length: int, here: int, via: int | None = None) -> None:
        """Keep the shortest per property, and stop when one is enough.

        A step out of this level is one longer than a deadlock within it that may still come: then finish the level.
        """
        id, text = violation
        if id not in self.found or length < self.found[id].length:
            self.found[id] = _Found(text, length, here, via)
        if self.question.stop_on == "first" and (via is None or not self.checks.terminal):
            raise Stop("violation")

    def _path(self, here: int) -> list[int]:
        """The numbers of the steps that lead to a state, by the shortest way."""
        steps = []
        while here != 0:
            steps.append(self.via[here])
            here = self.parents[here]
        return steps[::-1]

    def _finding(self, id: str, found: _Found) -> Finding:
        steps = self._path(found.here) + ([] if found.via is None else [found.via])
        return Finding(id, found.text, self.tables.schedule(steps))

    def _answer(self, stopped: str | None) -> Exploration:
        shortest = sorted(self.found.items(), key=lambda item: item[1].length)
        kept = shortest[:1] if self.question.stop_on == "first" else shortest
        return Exploration(
            strategy="states",
            complete=stopped is None,
            stopped=stopped,
            findings=tuple(self._finding(id, found) for id, found in kept),
            states=len(self.states),
            transitions=self.transitions,
            executions=0,
            depth=len(self._path(len(self.via) - 1)),
            ends=len(self.ends),
            deadlocks=self.deadlocks,
            oopses=len(self.oopses),
            seconds=self.watchdog.seconds,
            unmerged=tuple(sorted(self.tables.unmerged)),
            unexercised=None if stopped else unexercised(self.question.properties, self._events()),
        )

    def _events(self) -> Iterator[Event]:
        """Every step that was learned: in a complete search, every one that is possible."""
        return (step.event for step in self.tables.steps)

"""What only the whole graph of states shows: hangs, what stays as it is for ever, and livelocks.

Each takes a pass of its own over the graph, when a property asks for it and all states are expanded:

- a **hang**: a backward pass tells which states reach an end. Executions that end in an oops do not hang;
- what stays as it is **for ever**: fair loops in the states in which it is so (`explore.stateful.eventually`);
- a **livelock**: loops that nothing leads out of, behind states that reach no end and no deadlock
  (`explore.stateful.livelock`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from aprt.explore.checking.judges import Violation
from aprt.explore.reachability import StateGraph

if TYPE_CHECKING:
    from aprt.explore.stateful.states import Search


class Passes:
    """The passes over the states of `search`, which records what they find. Bounds end them as they end the search.

    Raises: `Stop`.
    """

    def __init__(self, search: Search) -> None:
        self._search, self._checks, self._tables, self._loop = search, search.checks, search.tables, search.loop

    def hangs(self) -> None:
        """Record the first state from which no end is in reach."""
        if not self._checks.liveness:
            return
        lost = self._graph.lost([*self._search.ends, *self._loop.oopses], self._look)
        if lost:
            for violation in self._checks.hang(self._tables.waiting(self._loop.state(lost[0]))):
                self._search.record(violation, len(self._loop.way(lost[0])) - 1, lost[0])

    def for_ever(self) -> None:
        """Record the fair loops in which something stays as it must not."""
        if not self._checks.eventually:
            return
        from aprt.explore.stateful.eventually import for_ever  # few searches need it

        following, judges = self._graph.following, self._checks.eventually
        for id, text, here, steps in for_ever(self._tables, self._loop, following, judges, self._look):
            self._checks.said([(id, text)])
            self._record((id, text), here, steps)

    def livelocks(self) -> None:
        """Record a loop out of which nothing leads, if a state reaches no end and no deadlock."""
        if not self._checks.livelocks:
            return
        lost = self._graph.lost([*self._search.ends, *self._loop.oopses, *self._search.deadlocks], self._look)
        if not lost:
            return
        from aprt.explore.stateful.livelock import no_way_out  # few searches need it

        found = no_way_out(self._tables, self._loop, self._graph.following, lost, self._look)
        contexts = [self._search.question.system.contexts[place].name for place in found.contexts]
        for violation in self._checks.livelock(contexts):
            self._record(violation, found.here, found.steps)

    @cached_property
    def _graph(self) -> StateGraph:
        return self._loop.graph(self._look)

    def _record(self, violation: Violation, here: int, steps: tuple[int, ...]) -> None:
        self._search.record(violation, len(self._loop.way(here)) - 1 + len(steps), here, loop=steps)

    def _look(self) -> None:
        search = self._search
        search.watchdog.look(0, len(self._loop), self._loop.transitions, search.depth)

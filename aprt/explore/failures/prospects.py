"""From which states a certain failure can still be reached: `critical` and `necessary` ask that of other orders.

It holds the part of the state graph that was looked at. A path ends where a step, or a state, fails alike: by the same
operation (`explore.failures.failing`), or by another one if the check says the same words of it; for of two accesses
that conflict, either may come last. States behind another failure of the property are left out, as in
`explore.failures.fewest`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from aprt.explore.checking.checks import Due
from aprt.explore.failures.explored_graph import ExploredGraph
from aprt.explore.failures.failing import Failure, Playground
from aprt.explore.failures.failing_trace import FailingTrace
from aprt.explore.learned.tables import Move
from aprt.explore.reachability import reaching

FAILS = -1  # in the place of the state that a step leads to


class Prospects(ExploredGraph):
    """A step that fails alike leads to `FAILS`. stuck: states in which nothing is possible, where that fails alike.

    failures: how it fails, in all. escapes: whether an execution was seen to end without any failure.
    """

    def __init__(self, ground: Playground, trace: FailingTrace, limit: int) -> None:
        super().__init__(ground, limit)
        self._failure, self._words = trace.failure, trace.words
        self.failures: set[Failure] = set()
        self.escapes = False
        self._known: tuple[bytearray, bytearray] | None = None

    def explore(self, state: int) -> bool:
        """Look at all that can follow `state`; whether there was room for that."""
        self._known = None
        return super().explore(state)

    def can_fail(self, state: int) -> bool | None:
        """Whether a state that was explored leads to the failure; None when that is not known."""
        able, unknown = self._sorted_out()
        number = self.number(state)
        return True if able[number] else None if unknown[number] else False

    def fails_in(self, number: int) -> bool:
        """Whether nothing is possible in a state and that is the failure."""
        return number in self.stuck

    def failing_moves(self, number: int) -> Iterator[tuple[int, int]]:
        """Those after which the failure can still be reached, or which are the failure."""
        able, _ = self._sorted_out()
        return ((step, target) for step, target in self.moves(number) if target == FAILS or able[target])

    def _target(self, number: int, move: Move[Due]) -> int | None:
        state = self.state(number)
        successor, failure, oops = self.ground.take(state, move)
        if failure is None:
            self.escapes |= oops
            return None if oops else self._met(successor)
        if failure == self._failure or not self._words.isdisjoint(self.ground.words(state, move)):
            self.failures.add(failure)
            return FAILS
        return None

    def _end(self, number: int) -> None:
        failure = self.ground.stuck(self.state(number))
        self.escapes |= failure is None
        if failure == self._failure:
            super()._end(number)

    def _sorted_out(self) -> tuple[bytearray, bytearray]:
        """The states that can fail, and those of which more would have to be looked at."""
        if self._known is None:
            sources, targets, failing = array("q"), array("q"), set(self.stuck)
            for source, target in zip(*self.edges(), strict=True):
                if target == FAILS:
                    failing.add(source)
                else:
                    sources.append(source)
                    targets.append(target)
            edge = range(self.expanded, len(self))
            able, unknown = (reaching(len(self), ends, sources, targets) for ends in (sorted(failing), edge))
            self._known = able, unknown
        return self._known

"""From which states a system can still fail in a certain way: what a question about other orders is answered from.

The part of the state graph that was looked at. Ways end where a step, or a state, fails alike: by the same operation
(`explore.failing`), or by another one of which the same is said, as two steps are to blame whichever comes last. States
behind another failure of the property are left out, as in `explore.fewest`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from aprt.explore.checks import Note
from aprt.explore.failing import Failure, Ground
from aprt.explore.failing_trace import FailingTrace
from aprt.explore.hangs import reaching
from aprt.explore.tables import Move

FAILS = -1  # in the place of the state that a step leads to


class Prospects:
    """The states that were looked at, `limit` at most, numbered as they were met.

    complete: whether all that follows the states that were asked about was looked at. failures: how it fails, in all.
    """

    def __init__(self, ground: Ground, trace: FailingTrace, limit: int) -> None:
        self._ground, self._failure, self._words, self._limit = ground, trace.failure, trace.words, limit
        self.failures: set[Failure] = set()
        self._states: list[int] = []
        self._numbers: dict[int, int] = {}
        self._starts = array("q", [0])  # of the moves of each state that was expanded
        self._steps, self._targets = array("q"), array("q")
        self._stuck: set[int] = set()  # states in which nothing is possible, and that fails alike
        self._known: tuple[bytearray, bytearray] | None = None

    def __len__(self) -> int:
        return len(self._states)

    @property
    def complete(self) -> bool:
        return len(self._starts) > len(self._states)

    def explore(self, state: int) -> bool:
        """Look at all that can follow `state`; whether there was room for that."""
        self._number(state)
        while not self.complete and len(self._states) <= self._limit:
            self._expand(self._states[len(self._starts) - 1])
        self._known = None
        return self.complete

    def can_fail(self, state: int) -> bool | None:
        """Whether a state that was explored leads to the failure; None when that is not known."""
        able, unknown = self._sorted_out()
        number = self._numbers[state]
        return True if able[number] else None if unknown[number] else False

    def number(self, state: int) -> int:
        """The number of a state that was met."""
        return self._numbers[state]

    def fails_in(self, number: int) -> bool:
        """Whether nothing is possible in a state and that is the failure."""
        return number in self._stuck

    def state(self, number: int) -> int:
        return self._states[number]

    def moves(self, number: int) -> Iterator[tuple[int, int]]:
        """The steps out of a state, each with the number of the state it leads to, or `FAILS`."""
        if number + 1 < len(self._starts):
            span = slice(self._starts[number], self._starts[number + 1])
            yield from zip(self._steps[span], self._targets[span], strict=True)

    def failing_moves(self, number: int) -> Iterator[tuple[int, int]]:
        """Those after which the failure can still be reached, or which are the failure."""
        able, _ = self._sorted_out()
        return ((step, target) for step, target in self.moves(number) if target == FAILS or able[target])

    def _number(self, state: int) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def _expand(self, state: int) -> None:
        enabled = self._ground.enabled(state)
        for _, moves in enabled:
            for move in moves:
                successor, failure, oops = self._ground.take(state, move)
                if failure is None and not oops:
                    self._add(move[1], self._number(successor))
                elif failure is not None and self._is_alike(state, move, failure):
                    self.failures.add(failure)
                    self._add(move[1], FAILS)
        if not enabled and self._ground.stuck(state) == self._failure:
            self._stuck.add(len(self._starts) - 1)
        self._starts.append(len(self._steps))

    def _is_alike(self, state: int, move: Move[Note], failure: Failure) -> bool:
        return failure == self._failure or not self._words.isdisjoint(self._ground.words(state, move))

    def _add(self, step: int, target: int) -> None:
        self._steps.append(step)
        self._targets.append(target)

    def _sorted_out(self) -> tuple[bytearray, bytearray]:
        """The states that can fail, and those of which more would have to be looked at."""
        if self._known is None:
            count, sources, targets, failing = len(self._states), array("q"), array("q"), set(self._stuck)
            for number in range(len(self._starts) - 1):
                for i in range(self._starts[number], self._starts[number + 1]):
                    if self._targets[i] == FAILS:
                        failing.add(number)
                    else:
                        sources.append(number)
                        targets.append(self._targets[i])
            edge = range(len(self._starts) - 1, count)
            able, unknown = (reaching(count, ends, sources, targets) for ends in (sorted(failing), edge))
            self._known = able, unknown
        return self._known

"""A part of the state graph of a system on which one property is watched: states, and the steps between them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from aprt.explore.checking.checks import Due
from aprt.explore.failures.failing import Playground
from aprt.explore.learned.tables import Move


class ExploredGraph:
    """The states that were looked at, `limit` at most, numbered as they were met, and the steps out of them.

    complete: whether all that follows the explored states was looked at. oopses: the numbers of the states in which a
    step is possible that ends in an oops; such steps are left out. stuck: of those in which no step is possible.
    """

    def __init__(self, ground: Playground, limit: int) -> None:
        self.ground, self._limit = ground, limit
        self.oopses: list[int] = []
        self.stuck: set[int] = set()
        self._states: list[int] = []
        self._numbers: dict[int, int] = {}
        self._starts = array("q", [0])  # of the moves of each state that was expanded
        self._steps, self._targets = array("q"), array("q")

    def __len__(self) -> int:
        return len(self._states)

    @property
    def expanded(self) -> int:
        """How many were, in the order of their numbers."""
        return len(self._starts) - 1

    @property
    def complete(self) -> bool:
        return self.expanded == len(self._states)

    def explore(self, state: int) -> bool:
        """Look at all that can follow `state`; whether there was room for that."""
        self._met(state)
        while not self.complete and len(self._states) <= self._limit:
            self._expand(self.expanded)
        return self.complete

    def number(self, state: int) -> int:
        """The number of a state that was met."""
        return self._numbers[state]

    def state(self, number: int) -> int:
        return self._states[number]

    def moves(self, number: int) -> Iterator[tuple[int, int]]:
        """The steps out of a state, each with the number of the state it leads to."""
        if number < self.expanded:
            span = slice(self._starts[number], self._starts[number + 1])
            yield from zip(self._steps[span], self._targets[span], strict=True)

    def edges(self) -> tuple[array[int], array[int]]:
        """The numbers of the states that each step joins: sources, targets."""
        sources = array("q")
        for number in range(self.expanded):
            sources.extend([number] * (self._starts[number + 1] - self._starts[number]))
        return sources, self._targets

    def _expand(self, number: int) -> None:
        state = self._states[number]
        enabled = self.ground.enabled(state)
        for _, moves in enabled:
            for move in moves:
                target = self._target(number, move)
                if target is not None:
                    self._steps.append(move[1])
                    self._targets.append(target)
        if not enabled:
            self._end(number)
        self._starts.append(len(self._steps))

    def _target(self, number: int, move: Move[Due]) -> int | None:
        """The number of the state that a step leads to; None for a step that is left out."""
        successor, _, oops = self.ground.take(self._states[number], move)
        if oops:
            self.oopses.append(number)
            return None
        return self._met(successor)

    def _end(self, number: int) -> None:
        """No step is possible in the state of that number."""
        self.stuck.add(number)

    def _met(self, state: int) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

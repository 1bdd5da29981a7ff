"""What the loops of strategy "states" have in common: a loop holds the states found so far and expands them.

States have numbers, in the order in which they are found: breadth first, contexts in order, moves in order. Every loop
gives the same numbers, so whatever follows from them is the same: counts, findings, schedules.
"""

from __future__ import annotations

import abc
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

from aprt.explore.checking.checks import Checks, Due, after
from aprt.explore.checking.judges import Violation, violated
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Move, Tables
from aprt.explore.reachability import FollowedGraph, Following, StateGraph
from aprt.explore.result import Question
from aprt.explore.stateful.chunk import Chunk, mark
from aprt.explore.stateful.layout import Layout
from aprt.explore.watchdog import Look


class Outgrown(Exception):
    """A number was learned for which the layout has no room."""


class Host(Protocol):
    """The search that a loop works for. depth: the number of steps to the states that are being expanded."""

    question: Question
    checks: Checks
    tables: Tables[Due]
    depth: int

    def look(self, here: int, transitions: int) -> None:
        """Called often, when all states before that one are expanded, with the steps taken by then. Raises: `Stop`."""

    def record(self, violation: Violation, length: int, here: int, via: int | None = None) -> None:
        """A step, numbered `via`, out of the state numbered `here`, or that state itself, violates a property."""

    def terminal(self, here: int) -> None:
        """No step is possible in that state."""


class Loop(abc.ABC):
    """The states found so far.

    transitions: steps taken. oopses: the numbers of the states after an oops, in order. slots: those for which a state
    needs fields.
    """

    name: str
    layout: Layout

    def __init__(self, host: Host) -> None:
        self.host, self.tables, self.packing = host, host.tables, host.checks.packing
        self.transitions = 0
        self.oopses: list[int] = []
        most = host.question.bounds.max_states
        self.limit = sys.maxsize if most is None else most
        # what contexts hold follows from their control states: it needs fields of its own only where checks look at it
        left_out = () if host.checks.judging else self.packing.callers
        slots = range(len(self.packing.counts()))
        self.slots = tuple(slot for slot in slots if slot not in left_out)

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many states have been found."""

    @abc.abstractmethod
    def expand(self, first: int, last: int) -> None:
        """Take every step out of the states numbered `first` to `last - 1`. Raises: `Stop`."""

    @abc.abstractmethod
    def dense(self, number: int) -> int:
        """The state of that number, packed as `layout` says."""

    @abc.abstractmethod
    def parent(self, number: int) -> int:
        """The number of the state from which a state was first reached."""

    @abc.abstractmethod
    def chunk(self, first: int, last: int) -> Chunk:
        """The states numbered `first` to `last - 1`, and their parents, for another loop or a file to take over."""

    @abc.abstractmethod
    def insert(self, successor: int, here: int) -> bool:
        """Add a state, packed as `layout` says, reached from `here`; whether it is new. Raises: `Stop`."""

    @abc.abstractmethod
    def graph(self, look: Look) -> StateGraph:
        """Where the steps out of the states lead; all must be expanded. It takes long to make, so keep it."""

    @property
    @abc.abstractmethod
    def bytes_per_state(self) -> float:
        """Memory that the states take, beside the tables."""

    def close(self) -> None:
        """Let go of what refers back here; nothing more is asked of this loop."""
        del self.host

    def mark_oops(self, number: int) -> None:
        """Due that the state of that number, the latest one, is after an oops."""
        self.oopses.append(number)

    def state(self, number: int) -> int:
        """The state of that number, packed as `packing` says."""
        return self.wide(self.dense(number))

    def wide(self, dense: int) -> int:
        """A state packed as `packing` says, from one packed as `layout` says."""
        numbers = self.layout.numbers(dense)
        for place, (slot, held) in enumerate(zip(self.packing.callers, self.tables.held, strict=True)):
            numbers[slot] = held[numbers[place]]
        return self.packing.pack(numbers)

    def narrow(self, state: int) -> int:
        """A state packed as `layout` says, from one packed as `packing` says."""
        return self.layout.pack(self.packing.numbers(state))

    def way(self, number: int) -> list[int]:
        """The numbers of the states on the shortest way to a state, from the initial one."""
        way = [number]
        while way[-1] != 0:
            way.append(self.parent(way[-1]))
        return way[::-1]

    def steps(self, way: Sequence[int]) -> list[int]:
        """The numbers of the steps that lead from each of these states to the next."""
        states = map(self.state, way)
        return [step_between(self.tables, here, there) for here, there in pairwise(states)]

    def take(self, here: int, state: int, move: Move[Due]) -> int:
        """Take a step out of the state numbered `here` and check whatever there is to check.

        Gives the state it leads to; that and `state` are packed as `packing` says. Raises: `Outgrown`, `Stop`.
        """
        successor, violations = after(state, move)
        _, step, (watch, judges) = move
        length = self.host.depth + 1
        for violation in violations:
            self.host.record(violation, length, here, step)
        if not self.layout.fits():
            raise Outgrown
        number = len(self)
        if self.insert(self.narrow(successor), here):
            for violation in violated(judges, successor):
                self.host.record(violation, length, here, step)
            if watch is not None and watch.oops:
                self.mark_oops(number)
        return successor


class FreshLoop(Loop):
    """A loop that a search begins with: it keeps its states in a list, and the numbers of their parents."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._states = [INITIAL]
        self._parents = array("I", [0])

    def __len__(self) -> int:
        return len(self._states)

    def dense(self, number: int) -> int:
        return self._states[number]

    def parent(self, number: int) -> int:
        return self._parents[number]

    def chunk(self, first: int, last: int) -> Chunk:
        return Chunk.of(self.layout, self._states[first:last], mark(self._parents[first:last], self.oopses, first))

    def graph(self, look: Look) -> FollowedGraph:
        return FollowedGraph(len(self), self.following(look))

    @abc.abstractmethod
    def following(self, look: Look) -> Following:
        """Where steps lead; all states must be expanded. Not to be asked of a state after an oops."""

    @abc.abstractmethod
    def restore(self, chunks: Iterable[Chunk], transitions: int) -> None:
        """Take up states that a loop found before. What the numbers in them stand for must have been learned again."""


def step_between(tables: Tables[Due], here: int, there: int) -> int:
    """The number of a step that leads from one state to another, packed as `packing` says."""
    return next(move[1] for move in tables.moves(here) if after(here, move)[0] == there)

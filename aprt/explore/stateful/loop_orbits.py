"""The loop of strategy "states" with symmetry: it holds one representative of every orbit (`stateful.symmetry`)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from aprt.explore.checking.checks import after
from aprt.explore.learned.packing import INITIAL
from aprt.explore.reachability import Following
from aprt.explore.stateful.chunk import Chunk, joined
from aprt.explore.stateful.layout import WideLayout
from aprt.explore.stateful.loop import FreshLoop, Host
from aprt.explore.stateful.symmetry import Symmetry
from aprt.explore.watchdog import Look, Stop

_LOOK = 256  # states between two looks of the search


class OrbitLoop(FreshLoop):
    """States are packed as `packing` says, so that they are never outgrown.

    Before each look, at which the search may be saved, all that was learned is compared (`Symmetry.settle`). So a
    resumed search learns in the same order, and has the same representatives.
    """

    name = "orbits"

    def __init__(self, host: Host, symmetry: Symmetry) -> None:
        super().__init__(host)
        self.layout = WideLayout(self.packing)
        self._symmetry = symmetry
        self._numbers = {INITIAL: 0}

    def restore(self, chunks: Iterable[Chunk], transitions: int) -> None:
        self._states, self._parents, self.oopses = joined(chunks, self.layout)
        self._numbers = {state: number for number, state in enumerate(self._states)}
        self.transitions = transitions

    @property
    def bytes_per_state(self) -> float:
        containers = (self._states, self._numbers, self._parents)
        return sum(map(sys.getsizeof, containers)) / len(self) + sys.getsizeof(self._states[-1])

    def wide(self, dense: int) -> int:
        return dense

    def narrow(self, state: int) -> int:
        """The representative of the orbit of a state."""
        return state if state in self._numbers else self._symmetry.representative(state)

    def insert(self, successor: int, here: int) -> bool:
        number = len(self._states)
        if self._numbers.setdefault(successor, number) != number:
            return False
        if number == self.limit:
            del self._numbers[successor]
            raise Stop("max_states")
        self._states.append(successor)
        self._parents.append(here)
        return True

    def expand(self, first: int, last: int) -> None:
        over = set(self.oopses)
        for here in range(first, last):
            if here in over:
                continue
            if not here % _LOOK:
                self._symmetry.settle()
                self.host.look(here, self.transitions)
            state = self._states[here]
            moves = self.tables.moves(state)
            for move in moves:
                self.transitions += 1
                delta, _, (watch, _) = move
                if watch is not None or state + delta not in self._numbers:
                    self.take(here, state, move)
            if not moves:
                self.host.terminal(here)
        self._symmetry.settle()

    def following(self, look: Look) -> Following:
        def following(here: int) -> Iterator[int]:
            state = self._states[here]
            return (self._numbers[self.narrow(after(state, move)[0])] for move in self.tables.moves(state))

        return following

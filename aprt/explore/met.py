"""The states that a search has met, and the way to each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from aprt.explore.learned.packing import INITIAL
from aprt.explore.watchdog import Stop


class Met:
    """States, packed, by number: in the order in which they were met, the initial one first.

    parents, via: how each was met: out of the state of which number, and by the step of which number in the tables; 0
    and 0 for the initial one. most: so many may be met; None is no bound.
    """

    def __init__(self, most: int | None = None) -> None:
        self.states, self.parents, self.via = [INITIAL], array("Q", [0]), array("Q", [0])
        self._numbers, self._most = {INITIAL: 0}, most

    def __len__(self) -> int:
        return len(self.states)

    def meet(self, state: int, parent: int, via: int) -> int:
        """The number of the state to which the step `via` leads out of `parent`; the next one if it is new.

        Raises: `Stop` when it is one too many: then no more may be met.
        """
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            if number == self._most:
                raise Stop("max_states")
            self.states.append(state)
            self.parents.append(parent)
            self.via.append(via)
        return number

    def way_to(self, number: int) -> list[int]:
        """The numbers of the steps by which a state was met, first one first."""
        steps = []
        while number != 0:
            steps.append(self.via[number])
            number = self.parents[number]
        return steps[::-1]

    def restore(self, states: list[int], parents: Iterable[int], via: array[int]) -> None:
        """Have met these, and no others."""
        self.states, self.parents, self.via = states, array("Q", parents), via
        self._numbers = {state: number for number, state in enumerate(states)}

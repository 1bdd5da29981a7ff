"""How processes tell each other in which states executions end: each has numbers of its own for the values of a slot.

A state is told as its numbers, by slot. When one of them is told for the first time, so are steps that lead to the
state: whoever is told goes there, and knows its own numbers for them then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from aprt.core.execution import Ending
from aprt.explore.commuting.local_steps import LocalStep
from aprt.explore.traces.descent import Labels

Numbers: TypeAlias = tuple[int, ...]
Ended: TypeAlias = tuple[Ending, Numbers, Labels | None]
"""How executions ended, the state, and steps that lead there if it has a number that was not told before."""


class Teller:
    """Of one process: which of its numbers it has told of."""

    def __init__(self) -> None:
        self._told: set[tuple[int, int]] = set()

    def tell(self, ending: Ending, numbers: Numbers, steps: Iterable[LocalStep]) -> Ended:
        """A state, and steps that lead there."""
        if self._told.issuperset(enumerate(numbers)):
            return ending, numbers, None
        self._told.update(enumerate(numbers))
        return ending, numbers, tuple(step.label for step in steps)


class Reader:
    """Of one teller: what the numbers it has told of are here."""

    def __init__(self) -> None:
        self._here: dict[tuple[int, int], int] = {}

    def learn(self, numbers: Numbers, here: Numbers) -> None:
        """A state that is told as `numbers` has these."""
        self._here.update(zip(enumerate(numbers), here, strict=True))

    def read(self, numbers: Numbers) -> Numbers:
        """The state that is told like this."""
        return tuple(map(self._here.__getitem__, enumerate(numbers)))

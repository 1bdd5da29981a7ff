"""How processes tell each other in which states executions end: each has numbers of its own for the values of a slot.

A state is told as its numbers, by slot. When one of them is told for the first time, so are steps that lead to the
state: whoever is told goes there, and knows its own numbers for them then.
"""

from __future__ import annotations

from typing import TypeAlias

from aprt.core.execution import Ending
from aprt.explore.traces.descent import Labels

Numbers: TypeAlias = tuple[int, ...]
Ended: TypeAlias = tuple[Ending, Numbers, Labels | None]
"""How executions ended, the state, and steps that lead there if it has a number that was not told before."""


class Teller:
    """Of one process: which of its numbers it has told of."""

    def __init__(self) -> None:
        self._told: set[tuple[int, int]] = set()

    def tell(self, ending: Ending, numbers: Numbers, steps: Labels) -> Ended:
        """A state, and steps that lead there."""
        fields = set(enumerate(numbers))
        new = not fields <= self._told
        self._told |= fields
        return ending, numbers, steps if new else None


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

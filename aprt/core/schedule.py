"""Schedules: which context performs which operation, in order, by label.

A label names a step by what it does and not by its position, so a stored schedule survives changes of the model
that do not concern it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import attrs


@attrs.frozen
class Label:
    """A step: which context does which operation (`actor.message`, `choose about=option`) for the n-th time."""

    context: str
    op: str
    nth: int = 1  # counted from 1, per context and operation

    def __str__(self) -> str:
        return f"{self.context}: {self.step}"

    @property
    def step(self) -> str:
        """The operation, and for which time unless it is the first: `vm0.put #2`."""
        return self.op + (f" #{self.nth}" if self.nth > 1 else "")


@attrs.frozen
class Schedule:
    """The labels of an execution from its initial state, in order."""

    labels: tuple[Label, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[tuple[str, str]]) -> Schedule:
        """A schedule from (context, operation) pairs; the occurrence numbers are filled in."""
        seen: Counter[tuple[str, str]] = Counter()
        labels = []
        for step in steps:
            seen[step] += 1
            labels.append(Label(*step, seen[step]))
        return cls(tuple(labels))

    def __str__(self) -> str:
        """One step a line."""
        return "\n".join(map(str, self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    @property
    def switches(self) -> int:
        """How often the running context changes."""
        return sum(a.context != b.context for a, b in zip(self.labels, self.labels[1:], strict=False))

"""Findings: which property an execution violates, in what words, and the schedule that shows it.

A finding is a value, not an exception: a search collects them and goes on.
"""

from __future__ import annotations

import attrs

from aprt.core.amount import count
from aprt.core.lock_order import Demand, Edge
from aprt.core.properties import NoEdges, Property
from aprt.core.schedule import Schedule


@attrs.frozen
class Part:
    """One edge of a cycle in the lock order: what a context asks for, and a schedule after whose last step it does."""

    edge: Edge
    demand: Demand
    schedule: Schedule

    @property
    def text(self) -> str:
        """Who makes it, in words."""
        return self.demand.words(self.edge)


@attrs.frozen
class Finding:
    """A violated property: which, in what words, and the schedule that shows it (its last step breaks it).

    loop: how many steps at its end repeat for ever; 0 for what breaks in finite time.
    parts: of a cycle in the lock order, its edges. Where no execution shows them all, each has a schedule of its own,
    and `schedule` is the longest. Empty for other findings.
    """

    property: str
    text: str
    schedule: Schedule
    loop: int = 0
    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        """What is wrong, and below it the schedule, one step a line; one for each part, where no execution has all."""
        if not self.is_whole():
            return "\n".join((f"{self.property}: {self.text}", *map(str, self.each())))
        parts = [part.text for part in self.parts if part.text != self.text]
        again = [f"the last {count(self.loop, 'step')} again and again"] if self.loop else []
        below = (f"  {line}" for line in (*parts, *self.schedule, *again))
        return "\n".join((f"{self.property}: {self.text}", *below))

    def is_whole(self) -> bool:
        """Whether `schedule` shows all parts."""
        return all(self.schedule.labels[: len(part.schedule)] == part.schedule.labels for part in self.parts)

    def each(self) -> tuple[Finding, ...]:
        """The parts, as findings of their own."""
        return tuple(Finding(self.property, part.text, part.schedule, parts=(part,)) for part in self.parts)

    def exactly(self, property: Property) -> Property:
        """What the schedule breaks: `property`, or of a cycle in the lock order this cycle."""
        if not self.parts:
            return property
        return attrs.evolve(property, checks=(NoEdges(tuple(part.edge for part in self.parts)),))

"""What an interrupt would ask for, should it come while a lock is held: edges of the lock order that nobody has made.

The handler of an interrupt runs on top of whatever its CPU is doing. So whoever holds a spinlock with interrupts of a
kind on may have to wait, while holding it, for each lock that a handler of that kind asks for: also for that very lock.
It need not have happened. A trylock of a handler waits for nothing; what it takes is held.

A handler runs, and interrupts are off, while something says so that is held (`Hold.runs`, `Hold.masks`).

Mirrors: kernel/locking/lockdep.c: mark_usage(), mark_held_locks().
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import attrs

from aprt.core.events import Event
from aprt.core.lock_order import Demand, Edge
from aprt.core.notes import Gave, Hold, Irq, Took

IRQS: Final[tuple[Irq, ...]] = ("hardirq", "softirq")


@attrs.frozen
class Interruption(Demand):
    """What a handler asks for, and a lock that was held with its kind of interrupt on.

    asks: the step after which it asked. held: the step after which the lock was held so.
    """

    irq: Irq
    under: Hold
    asks: int
    held: Event

    @property
    def edges(self) -> dict[Edge, Hold]:
        return {Edge(self.under.family, self.lock.family, self.under.shared, self.lock.shared): self.under}

    @property
    def index(self) -> int:
        """The step with which both have been seen."""
        return max(self.asks, self.held.index)


class Interrupts:
    """What handlers ask for, and what is held with interrupts on. Each pair is answered once.

    Which pairs there are in the end does not depend on how late a request is heard of.
    """

    def __init__(self) -> None:
        self._asked: defaultdict[Irq, dict[Demand, int]] = defaultdict(dict)
        self._open: defaultdict[Irq, dict[tuple[str, Hold], Event]] = defaultdict(dict)

    def ask(self, demand: Demand, last: int) -> Iterator[Interruption]:
        """A context asks for a lock after its step `last`."""
        irq = demand.by.irq
        if irq is None or not demand.lock.spins or demand in self._asked[irq]:
            return
        self._asked[irq][demand] = last
        for (_, hold), event in self._open[irq].items():
            yield _interruption(irq, demand, last, hold, event)

    def feed(self, event: Event) -> Iterator[Interruption]:
        """A step, after which its context may hold more, or have interrupts on again."""
        if not any(isinstance(note, Took | Gave) for note in event.notes):
            return
        after = event.caller.after(event.notes)
        for irq in IRQS:
            if not after.interruptible(irq):
                continue
            for hold in after.held:
                key = event.context, hold
                if hold.spins and key not in self._open[irq]:
                    self._open[irq][key] = event
                    for demand, last in self._asked[irq].items():
                        yield _interruption(irq, demand, last, hold, event)

    def merge(self, other: Interrupts) -> None:
        """Add what was seen in other executions."""
        for irq in IRQS:
            self._asked[irq] = other._asked[irq] | self._asked[irq]
            self._open[irq] = other._open[irq] | self._open[irq]

    def pairs(self) -> Iterator[Interruption]:
        """All that were answered, and after a merge those of several executions."""
        for irq in IRQS:
            for demand, last in self._asked[irq].items():
                for (_, hold), event in self._open[irq].items():
                    yield _interruption(irq, demand, last, hold, event)


def _interruption(irq: Irq, demand: Demand, last: int, hold: Hold, event: Event) -> Interruption:
    return Interruption(demand.by, demand.lock, demand.chain, irq, hold, last, event)

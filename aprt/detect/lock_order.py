"""Lock order: circles in what is held while something else is asked for (`core.lock_order`).

No two of the contexts need ever meet: that each of them was seen once is enough, in this execution (`found`) or in all
that were heard (`across`). Nor need an interrupt come where it would close a circle (`detect.interrupts`): a lock that
a handler takes, and that is held elsewhere with such interrupts on, is one by itself.

Form of a report: kernel/locking/lockdep.c: print_circular_bug(), print_usage_bug(), print_bad_irq_dependency().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.lock_order import Cycle, Demand, Edge, LockGraph, title
from aprt.core.step import Ask
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History
from aprt.detect.interrupts import Interruption, Interrupts


@attrs.frozen
class Seen:
    """Who makes an edge, after which step; None: in another execution."""

    index: int | None
    demand: Demand


@attrs.frozen
class Circle(Detection):
    """cycle: by lock class. seen: for each of its edges, the first to make it in this execution, if any did; else one
    that did in another."""

    kind: ClassVar[str] = "lock-order"

    cycle: Cycle
    seen: tuple[Seen, ...]

    @property
    def interruption(self) -> Interruption | None:
        """The edge that an interrupt would make, if one is needed."""
        return next((one.demand for one in self.seen if isinstance(one.demand, Interruption)), None)

    @property
    def text(self) -> str:
        by = self.interruption
        if by is None:
            return title(self.cycle)
        if len(self.cycle) == 1:
            return f"inconsistent lock state: {by.lock.family} is taken in a {by.irq} and held with {by.irq}s on"
        (edge,) = by.edges
        first = self.cycle.index(edge) + 1
        way = [edge.held for edge in (*self.cycle[first:], *self.cycle[:first])]
        return f"{by.irq}-safe -> {by.irq}-unsafe lock order: {' -> '.join(way)}"

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(edge.held for edge in self.cycle)

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(site for edge, seen in zip(self.cycle, self.seen, strict=True) for site in _sites(edge, seen))


class LockOrderDetector(Detector):
    """Tells a circle at the request that closes it."""

    kind = Circle.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._graph = LockGraph()
        self._seen: dict[Edge, Seen] = {}
        self._interrupts = Interrupts()

    @property
    def across(self) -> tuple[Circle, ...]:
        parts, together, interrupts = self.history.parts, LockGraph(), Interrupts()
        for graph in (parts.lock_order, self._graph):
            together.merge(graph)
        for seen in (parts.interrupts, self._interrupts):
            interrupts.merge(seen)
        for one in interrupts.pairs():
            together.closes(one)
        own = set(self._graph.cycles())
        return tuple(self._circle(cycle, together) for cycle in together.cycles() if cycle not in own)

    def feed(self, event: Event) -> Sequence[Detection]:
        if not event.notes:
            return ()
        within = Demand.within(event)
        seen = [] if within is None else [Seen(event.index, within)]
        return self._noted([*seen, *(Seen(one.index, one) for one in self._interrupts.feed(event))])

    def ask(self, ask: Ask) -> Sequence[Detection]:
        demand, last = Demand.of(ask), self.history.last[ask.by.context]
        if demand is None:
            return ()
        return self._noted([Seen(last, demand), *(Seen(o.index, o) for o in self._interrupts.ask(demand, last))])

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        self.history.parts.lock_order.merge(self._graph)
        self.history.parts.interrupts.merge(self._interrupts)
        return self._update()

    def _noted(self, seen: Sequence[Seen]) -> Sequence[Detection]:
        for one in seen:
            for edge in one.demand.edges:
                self._seen[edge] = min(self._seen.get(edge, one), one, key=_when)
        closes = [self._graph.closes(one.demand) for one in seen]  # all of them: each is noted
        return self._update() if any(closes) else ()

    def _update(self) -> Sequence[Detection]:
        """All circles, anew: others may have made an edge earlier than who was heard first."""
        known = {circle.cycle for circle in self.found if isinstance(circle, Circle)}
        circles = tuple(self._circle(cycle, self._graph) for cycle in self._graph.cycles())
        self.found = circles
        return [circle for circle in circles if circle.cycle not in known]

    def _circle(self, cycle: Cycle, graph: LockGraph) -> Circle:
        seen = tuple(self._seen.get(edge) or Seen(None, graph.witnesses[edge]) for edge in cycle)
        return Circle(max(-1 if one.index is None else one.index for one in seen), cycle, seen)


def _when(seen: Seen) -> tuple[bool, int, str]:
    """What needs no interrupt comes first."""
    return isinstance(seen.demand, Interruption), (-1 if seen.index is None else seen.index), str(seen.demand)


def _sites(edge: Edge, seen: Seen) -> tuple[Site, ...]:
    demand, here = seen.demand, seen.index is not None
    if isinstance(demand, Interruption):
        under, asks = demand.held, demand.asks if here else None
        return (
            Site(
                "held",
                under.index if here else None,
                under.context,
                f"{demand.under.lock} with {demand.irq}s on",
                tuple(without_helpers(under.chain)),
            ),
            Site(
                "asks",
                asks,
                demand.by.context,
                f"{demand.lock.lock} in a {demand.irq}",
                tuple(without_helpers(demand.chain)),
            ),
        )
    op = f"{demand.lock.lock} while it holds {demand.edges[edge].lock}"
    role = "destroys" if demand.lock.mode == "destroy" else "asks"
    return (Site(role, seen.index, demand.by.context, op, tuple(without_helpers(demand.chain))),)

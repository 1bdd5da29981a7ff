"""Lock order: circles in what is held while something else is asked for (`core.lock_order`).

No two of the contexts need ever meet: that each of them was seen once is enough, in this execution (`found`) or in all
that were heard (`across`). Nor need an interrupt come where it would close a circle.

Form of a report: kernel/locking/lockdep.c: print_circular_bug(), print_usage_bug(), print_bad_irq_dependency().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.lock_order import INTERRUPTS, Cycle, Demand, Edge, LockGraph, title
from aprt.core.step import Ask
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History


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
    def text(self) -> str:
        return title(self.cycle)

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(edge.held for edge in self.cycle if edge.held not in INTERRUPTS)

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(_site(edge, seen) for edge, seen in zip(self.cycle, self.seen, strict=True))


class LockOrderDetector(Detector):
    """Tells a circle at the request that closes it."""

    kind = Circle.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._graph = LockGraph()
        self._seen: dict[Edge, Seen] = {}

    @property
    def across(self) -> tuple[Circle, ...]:
        together = LockGraph()
        for graph in (self.history.parts.lock_order, self._graph):
            together.merge(graph)
        own = set(self._graph.cycles())
        return tuple(self._circle(cycle, together) for cycle in together.cycles() if cycle not in own)

    def feed(self, event: Event) -> Sequence[Detection]:
        return self._noted([Seen(event.index, demand) for demand in Demand.by_step(event)] if event.notes else [])

    def ask(self, ask: Ask) -> Sequence[Detection]:
        demand = Demand.of(ask)
        return () if demand is None else self._noted([Seen(self.history.last[ask.by.context], demand)])

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        self.history.parts.lock_order.merge(self._graph)
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


def _when(seen: Seen) -> tuple[int, str]:
    return (-1 if seen.index is None else seen.index), str(seen.demand)


def _site(edge: Edge, seen: Seen) -> Site:
    demand, asked, held = seen.demand, seen.demand.lock.lock, seen.demand.edges[edge].lock
    if demand.irqs_on is not None:
        role, op = "held", f"{held} with {demand.irqs_on}s on"
    elif edge.held in INTERRUPTS:
        role, op = "asks", f"{asked} in a {INTERRUPTS[edge.held]}"
    else:
        role, op = "destroys" if demand.lock.mode == "destroy" else "asks", f"{asked} while it holds {held}"
    return Site(role, seen.index, demand.by.context, op, tuple(without_helpers(demand.chain)))

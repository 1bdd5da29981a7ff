"""The lock order of a case: as its kernel documents it, and as a search of the case saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from graphlib import CycleError, TopologicalSorter
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.chain import without_helpers
from aprt.core.documented_order import DocumentedOrder, Standing
from aprt.core.lock_order import INTERRUPTS, Cycle, Demand, Edge, LockGraph
from aprt.core.notes import Irq
from aprt.core.properties import LockOrder, Property, ordering
from aprt.core.system import System
from aprt.explore.result import UNBOUNDED, Bounds, Exploration, Progress, Question
from aprt.explore.stateful import states
from aprt.verdict.case import Case
from aprt.verdict.realised import STATES, Realised, realised

_ORDER = Property("order", "locks are taken in one order", (LockOrder(),))


@attrs.frozen
class Observed:
    """An edge of the lock order: one class is held while another is asked for."""

    held: str
    asked: str
    reading: bool  # it is asked for only for reading
    standing: Standing
    witness: Demand  # one request that makes the edge

    @property
    def pair(self) -> tuple[str, str]:
        return self.held, self.asked

    @property
    def functions(self) -> tuple[str, ...]:
        """What the witness runs, outermost first."""
        return tuple(without_helpers(self.witness.chain))


@attrs.frozen(eq=False)
class Locks:
    """What was seen of the locks of a case. Locks are named by class."""

    case: Case
    exploration: Exploration
    graph: LockGraph
    edges: tuple[Observed, ...]  # by name
    unused: tuple[str, ...]  # classes of the case that nobody took or asked for
    absent: tuple[str, ...]  # documented classes of which the case has no lock
    asserted: Mapping[str, tuple[str, ...]]  # what must be held (`a and b`) -> the handlers that say so
    cyclic: str | None  # the number of the property that a cycle violates, if the case has one
    realised: Realised | None  # whether one of the cycles is real; None when there is no cycle

    @property
    def complete(self) -> bool:
        """Whether all states were searched. What executions would have locked after an oops is not observed."""
        return self.exploration.stopped is None

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """The cycles in the order of `LockGraph.cycles`, except that a real one comes first."""
        found = None if self.realised is None else self.realised.found
        return tuple(self.graph.cycles()) if found is None else (found.cycle, *found.others)

    @property
    def documented(self) -> DocumentedOrder:
        return self.case.era.lock_order

    @property
    def uncontended(self) -> tuple[str, ...]:
        """The classes that are taken, and that nobody ever had to wait for."""
        return tuple(sorted(self.graph.used - self.graph.contended))

    def taken_in(self, irq: Irq) -> tuple[str, ...]:
        """The classes that handlers of such interrupts take, or ask for."""
        return tuple(sorted({edge.asked for edge in self.graph.edges if INTERRUPTS.get(edge.held) == irq}))

    def held_with_on(self, irq: Irq) -> tuple[str, ...]:
        """The classes of spinlocks that are held with such interrupts on."""
        return tuple(sorted({edge.held for edge in self.graph.edges if INTERRUPTS.get(edge.asked) == irq}))

    @property
    def direct(self) -> tuple[Observed, ...]:
        """The edges that do not follow from others or contradict the document; where there is a cycle, all edges."""
        after: defaultdict[str, set[str]] = defaultdict(set)
        for edge in self.edges:
            after[edge.held].add(edge.asked)
        try:
            inner_first = tuple(TopologicalSorter(after).static_order())
        except CycleError:
            return self.edges
        within: dict[str, frozenset[str]] = {}  # the classes below each
        for name in inner_first:
            within[name] = frozenset(after[name]).union(*(within[asked] for asked in after[name]))
        follow = {edge.pair for edge in self.edges if any(edge.asked in within[name] for name in after[edge.held])}
        return tuple(edge for edge in self.edges if edge.pair not in follow or edge.standing == "contradicts")

    def those(self, standing: Standing) -> tuple[Observed, ...]:
        return tuple(edge for edge in self.edges if edge.standing == standing)

    def against(self, edge: Observed) -> str:
        """What an edge contradicts in the document; empty for nothing."""
        return self.documented.against(*edge.pair)

    def closed_by(self, edge: Observed) -> Cycle | None:
        """A shortest cycle that has an edge in it."""
        found = [self.graph.through(one) for one in sorted(self.graph.edges) if (one.held, one.asked) == edge.pair]
        return min((cycle for cycle in found if cycle is not None), key=len, default=None)

    def beyond(self, other: Locks) -> tuple[Observed, ...]:
        """The edges that the other one has not."""
        known = {edge.pair for edge in other.edges}
        return tuple(edge for edge in self.edges if edge.pair not in known)


def locks(
    case: Case,
    bounds: Bounds = UNBOUNDED,
    report: Callable[[Progress], None] | None = None,
    interruptible: AbstractContextManager[object] | None = None,
) -> Locks:
    """Search all states of a case. A KeyboardInterrupt inside `interruptible` ends that: what was seen is returned."""
    model = case.model()
    system = model.system
    with interruptible or nullcontext():
        found = states.search(Question(system, (_ORDER,), bounds, "all", report=report))
        graph = found.lock_order or LockGraph()
        cycles, room = graph.cycles(), STATES if bounds.max_states is None else bounds.max_states
        real = realised(case, system, cycles, room) if cycles else None
    documented, known = case.era.lock_order, {actor.hold().family for actor in system.actors if actor.is_lock()}
    return Locks(
        case,
        found,
        graph,
        edges=tuple(_observed(graph, documented)),
        unused=tuple(sorted(known - graph.used)),
        absent=tuple(sorted(documented.classes - known)),
        asserted=_asserted(system),
        cyclic=next((property.id for property in model.properties if ordering(property)), None),
        realised=real,
    )


def _observed(graph: LockGraph, documented: DocumentedOrder) -> Iterator[Observed]:
    pairs: defaultdict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in sorted(graph.edges):
        if edge.held in INTERRUPTS or edge.asked in INTERRUPTS:
            continue
        pairs[edge.held, edge.asked].append(edge)
    for (held, asked), edges in pairs.items():
        reading = all(edge.asked_shared for edge in edges)
        yield Observed(held, asked, reading, documented.standing(held, asked), graph.witnesses[edges[0]])


def _asserted(system: System) -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for actor in system.actors:
        for op in actor.messages():
            ways = [_wanted(actor, way) for way in actor.handler(op).guards]
            if ways and all(ways):  # where there is nothing to hold, nothing is asserted
                found[" or ".join(dict.fromkeys(ways))].add(f"{type(actor).__name__}.{op}")
    return {wanted: tuple(sorted(found[wanted])) for wanted in sorted(found)}


def _wanted(actor: Actor[Any], way: tuple[str, ...]) -> str:
    """The classes that must be held together: one lock of each guard."""
    guards = [locks for name in way if (locks := actor.guarding(name)) is not None]
    return " and ".join(dict.fromkeys("/".join(dict.fromkeys(one.hold().family for one in locks)) for locks in guards))

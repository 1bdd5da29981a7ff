"""Lock order: which locks contexts ask for while they hold others, and whether that goes in a circle.

Over any number of executions: a circle is found although its parts never meet in one. An **edge** leads from a lock
that is held to one that is asked for, granted or not, by class: locks of one kind share a class, and so an order.
Whatever can be waited for counts, as its handler declares (`acquires`): also the end of a work item or a timer
callback, a flag, the readers of an attribute. Dropping the last reference asks for the destruction that follows, which
holds it; other steps may ask for a lock in some states only (`Took.asked`). A trylock never waits, so no edge leads to
it, but from it on.

Not every circle is one. Who asks for reading does not wait for another reader, unless a writer that waits comes
between: some context must be seen to take that class for writing, and then readers count as waiting whether or not
the lock is fair. So for the lock that a context reads already, and asks to read once more. Any other lock that is
asked for while the very same one is held is no edge: that is rule K1, or harmless.

The rules are those of the kernel's lockdep (Documentation/locking/lockdep-design.rst), but for two things: lockdep
takes for granted that there is a writer, and keeps of the locks held only the ones that it needs for some circle. All
readers are those of an rwsem: a lock that may be read recursively, writer or not (rwlock_t in interrupts, RCU), waits
for no reader, and there is none here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

from aprt.core.actor import Caller
from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.notes import Hold, Took
from aprt.core.step import Ask


@attrs.frozen(order=True)
class Edge:
    """A lock of class `held` is held while one of class `asked` is asked for; shared: for reading."""

    held: str
    asked: str
    held_shared: bool = False
    asked_shared: bool = False


Cycle: TypeAlias = tuple[Edge, ...]
"""Each edge begins where the one before ends, the first where the last ends."""


@attrs.frozen
class Demand:
    """A lock that a context asks for, and what it holds meanwhile. chain: what it is running."""

    by: Caller
    lock: Hold
    chain: tuple[str, ...]

    @classmethod
    def of(cls, ask: Ask) -> Demand | None:
        """What a call asks for; None when it waits for no lock."""
        lock = ask.call.actor.acquired(ask.call)
        return None if lock is None else cls(ask.by, lock, ask.chain)

    @classmethod
    def within(cls, event: Event) -> Demand | None:
        """The lock, or the destruction, that a step takes where the state would have it; None when it takes none."""
        for note in event.notes:
            if isinstance(note, Took) and note.asked:
                return cls(event.caller, note.hold, event.chain)
        return None

    @property
    def edges(self) -> dict[Edge, Hold]:
        """The edges of the lock order, each with the lock that it is from."""
        held = self.by.held
        if any(hold.lock == self.lock.lock and not (hold.shared and self.lock.shared) for hold in held):
            return {}
        return {Edge(hold.family, self.lock.family, hold.shared, self.lock.shared): hold for hold in held}

    def words(self, edge: Edge) -> str:
        """One of its edges as a reader is told of it."""
        functions = without_helpers(self.chain)
        where = f" in {functions[-1]}()" if functions else ""
        does = "begins" if self.lock.mode == "destroy" else "asks for"
        return f"{self.by.context} holds {_named(self.edges[edge])} and {does} {_named(self.lock)}{where}"


class LockGraph:
    """The lock order as far as it was seen. edges: all of it. written: the classes that are asked for exclusively.

    witnesses: of each edge who makes it; of several, the first by name. used: the classes that are taken or asked for.
    contended: those that somebody had to wait for.
    """

    def __init__(self) -> None:
        self.edges: set[Edge] = set()
        self.written: set[str] = set()
        self.witnesses: dict[Edge, Demand] = {}
        self.used: set[str] = set()
        self.contended: set[str] = set()
        self._from: defaultdict[str, list[Edge]] = defaultdict(list)

    def add(self, edges: Iterable[Edge], written: Iterable[str] = ()) -> bool:
        """Whether a cycle goes through what is new in these."""
        new = set(edges) - self.edges
        self.edges |= new
        for edge in new:
            self._from[edge.held].append(edge)
        opened = set(written) - self.written
        self.written |= opened
        touched = new | {edge for edge in self.edges if edge.asked in opened} if opened else new
        return any(self.through(edge) is not None for edge in touched)

    def closes(self, demand: Demand) -> bool:
        """A context asks for a lock. Whether that closes a cycle."""
        self.used.add(demand.lock.family)
        self._witness(dict.fromkeys(demand.edges, demand))
        return self.add(demand.edges, () if demand.lock.shared else (demand.lock.family,))

    def merge(self, other: LockGraph) -> None:
        """Add what was seen elsewhere."""
        self.add(other.edges, other.written)
        self._witness(other.witnesses)
        self.used |= other.used
        self.contended |= other.contended

    def took(self, event: Event) -> None:
        """A step, with the locks that it takes."""
        self.used.update(note.hold.family for note in event.notes if isinstance(note, Took))

    def waited(self, ask: Ask) -> None:
        """A context cannot have what it asks for."""
        demand = Demand.of(ask)
        if demand is not None:
            self.contended.add(demand.lock.family)

    def cycle(self) -> Cycle | None:
        """A shortest cycle, the first one by name; it begins with the first name in it. None when there is none."""
        return next(iter(self.cycles()), None)

    def cycles(self) -> list[Cycle]:
        """Of each edge a shortest cycle that it is on, short ones first, then by name."""
        found = {_turned(cycle) for edge in self.edges if (cycle := self.through(edge)) is not None}
        return sorted(found, key=lambda cycle: (len(cycle), cycle))

    def through(self, first: Edge) -> Cycle | None:
        """A shortest cycle that begins with that edge; None when there is none."""
        ways: deque[Cycle] = deque([(first,)])
        seen = {first}
        while ways:
            way = ways.popleft()
            for edge in self._next(way[-1]):
                if edge == first:
                    return way
                if edge not in seen:
                    seen.add(edge)
                    ways.append((*way, edge))
        return None

    def _witness(self, seen: Mapping[Edge, Demand]) -> None:
        # which is met first depends on the search
        for edge, demand in seen.items():
            self.witnesses[edge] = min(self.witnesses.get(edge, demand), demand, key=_by_name)

    def _next(self, edge: Edge) -> list[Edge]:
        """The edges of contexts for which that of `edge` has to wait, in order."""
        waits_for_readers = not edge.asked_shared or edge.asked in self.written
        return sorted(other for other in self._from[edge.asked] if waits_for_readers or not other.held_shared)


def is_closed(edges: Cycle) -> bool:
    """Whether they are a cycle, and not a part of one."""
    return edges[0].held == edges[-1].asked


def title(cycle: Cycle) -> str:
    """A cycle in one line."""
    if len(cycle) == 1:
        return f"possible recursive locking: {cycle[0].held} -> {cycle[0].asked}"
    return f"possible circular locking dependency: {around(cycle)}"


def around(cycle: Cycle) -> str:
    """The classes of a cycle, from the first one back to it."""
    return " -> ".join([*(edge.held for edge in cycle), cycle[0].held])


def _by_name(demand: Demand) -> tuple[str, tuple[str, ...], str]:
    return demand.by.context, demand.chain, str(demand.by.held)


def _turned(cycle: Cycle) -> Cycle:
    first = min(range(len(cycle)), key=lambda i: cycle[i:])
    return cycle[first:] + cycle[:first]


def _named(hold: Hold) -> str:
    family = "" if hold.family in hold.lock else f" ({hold.family})"
    return f"{hold.lock}{family}" + (" for reading" if hold.shared else "")

"""Lock order: which locks contexts ask for while they hold others, and whether that can go round in a circle.

All executions count together: a circle is found although its parts never meet in one. An **edge** leads from a lock
that is held to one that is asked for, granted or not. It is one of classes: locks of one kind share a class, and so an
order.

Whatever can be waited for counts as a lock, as its handler declares (`acquires`): also the end of a work item or a
timer callback, a flag, the readers of an attribute. Dropping the last reference asks for the destruction that follows,
and holds it until the object is freed. A step that asks for a lock in some states only says so when it does
(`Took.asked`). A trylock never waits: no edge leads to what it takes, but edges lead from it.

Not every circle of edges can deadlock, because readers do not wait for each other:

- A reader waits for another reader only if a writer waits in between. So readers count as waiting for readers once some
  context was seen to take that class for writing, whether or not the lock is fair.
- The same holds of a context that reads a lock already and asks to read it once more.
- Asking in any other way for the very lock that one holds makes no edge: that is rule K1, or harmless.

The rules are those of the kernel's lockdep (Documentation/locking/lockdep-design.rst), with two differences: lockdep
assumes that there is some writer, and does not record an edge from every lock held. Readers are those of an rwsem:
locks that may be read again although a writer waits (rwlock_t in interrupts, RCU) have other rules, and are not here.

The interrupts of a kind count as a lock, too. Their handlers hold it, and whoever holds a spinlock while they may come
asks for it: a handler runs on top of whatever its CPU is doing, and who was interrupted waits for its end. So a
spinlock that a handler asks for, and that somebody holds with such interrupts on, is a circle of two, an *inconsistent
lock state*. A longer one leads from a lock that is *safe* from interrupts to one that is not. The interrupt need not
have come. Whether a handler runs, and which interrupts are off, is told by what a context holds (`Hold.runs`,
`Hold.masks`). A handler does not wait for what it only tries to lock.

Mirrors: kernel/locking/lockdep.c: mark_usage(), mark_held_locks().
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, get_args

import attrs

from aprt.core.caller import Caller
from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.notes import Gave, Hold, Irq, Took
from aprt.core.step import Ask


def _interrupts(irq: Irq) -> Hold:
    return Hold(f"<{irq}>", "interrupt", runs=irq)


INTERRUPTS: Final[Mapping[str, Irq]] = MappingProxyType({_interrupts(irq).family: irq for irq in get_args(Irq)})
"""The kinds of interrupts by what they are called as a class."""


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
    def by_step(cls, event: Event) -> tuple[Demand, ...]:
        """What only the step itself shows to be asked for.

        That is a lock, or a destruction, which its handler takes in some states only (`Took.asked`). And if the step
        took or gave back a lock and its context now holds a spinlock, it is every kind of interrupt that may now come.
        """
        locks = [note for note in event.notes if isinstance(note, Took | Gave)]
        if not locks:
            return ()
        taken = [cls(event.caller, n.hold, event.chain) for n in locks if isinstance(n, Took) and n.asked]
        after = event.caller.after(event.notes)
        if not any(hold.spins for hold in after.held):
            return tuple(taken)
        kinds = filter(after.interruptible, INTERRUPTS.values())
        return (*taken, *(cls(after, _interrupts(irq), event.chain) for irq in kinds))

    @property
    def edges(self) -> dict[Edge, Hold]:
        """The edges of the lock order, each with the lock that it is from."""
        held = self.by.held
        if any(hold.lock == self.lock.lock and not (hold.shared and self.lock.shared) for hold in held):
            return {}
        if self.irqs_on is not None:
            held = tuple(hold for hold in held if hold.spins)
        elif self.by.irq is not None and self.lock.spins:
            held = (_interrupts(self.by.irq), *held)
        return {Edge(hold.family, self.lock.family, hold.shared, self.lock.shared): hold for hold in held}

    @property
    def irqs_on(self) -> Irq | None:
        """The kind of interrupts that may come to it, if that is what it asks for."""
        return INTERRUPTS.get(self.lock.family)

    def words(self, edge: Edge) -> str:
        """One of its edges as a reader is told of it."""
        functions = without_helpers(self.chain)
        where = f" in {functions[-1]}()" if functions else ""
        return f"{self.brief(edge)}{where}"

    def brief(self, edge: Edge) -> str:
        """As `words`, without the function."""
        return f"{self.by.context} {self._does(edge)}"

    def _does(self, edge: Edge) -> str:
        held, asked = _named(self.edges[edge]), _named(self.lock)
        if self.irqs_on is not None:
            return f"holds {held} with {self.irqs_on}s on"
        if edge.held in INTERRUPTS:
            return f"asks for {asked} in a {INTERRUPTS[edge.held]}"
        return f"holds {held} and {'begins' if self.lock.mode == 'destroy' else 'asks for'} {asked}"


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
        if demand.irqs_on is None:
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
        """The first of `cycles`; None when there is none."""
        return next(iter(self.cycles()), None)

    def cycles(self) -> list[Cycle]:
        """For each edge a shortest cycle through it, each cycle once. Each begins with its interrupts, or else with the
        first name in it.

        Those that need no interrupt come before those that do, and in either group short ones first, then by name.
        """
        found = {turned(cycle) for edge in self.edges if (cycle := self.through(edge)) is not None}
        return sorted(found, key=lambda cycle: (interrupting(cycle) is not None, len(cycle), cycle))

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


def interrupting(cycle: Cycle) -> Irq | None:
    """The kind of interrupt that a cycle needs, if it needs one."""
    return next((INTERRUPTS[edge.held] for edge in cycle if edge.held in INTERRUPTS), None)


def title(cycle: Cycle) -> str:
    """A cycle, as a `LockGraph` gives it, in one line."""
    irq = interrupting(cycle)
    if irq is not None:
        safe, *others = (edge.held for edge in cycle[1:])
        if not others:
            return f"inconsistent lock state: {safe} is taken in a {irq} and held with {irq}s on"
        return f"{irq}-safe -> {irq}-unsafe lock order: {' -> '.join((safe, *others))}"
    if len(cycle) == 1:
        return f"possible recursive locking: {cycle[0].held} -> {cycle[0].asked}"
    return f"possible circular locking dependency: {around(cycle)}"


def around(cycle: Cycle) -> str:
    """The classes of a cycle, from the first one back to it."""
    return " -> ".join([*(edge.held for edge in cycle), cycle[0].held])


def turned(cycle: Cycle) -> Cycle:
    """The same cycle as a `LockGraph` gives it: from its interrupts on, or else from the first name in it."""
    first = min(range(len(cycle)), key=lambda i: (cycle[i].held not in INTERRUPTS, cycle[i:]))
    return cycle[first:] + cycle[:first]


def _by_name(demand: Demand) -> tuple[str, tuple[str, ...], str]:
    return demand.by.context, demand.chain, str(demand.by.held)


def _named(hold: Hold) -> str:
    family = "" if hold.family in hold.lock else f" ({hold.family})"
    return f"{hold.lock}{family}" + (" for reading" if hold.shared else "")

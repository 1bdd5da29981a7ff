"""Whether cycles in the lock order come true: contexts that really wait for each other, which lockdep cannot tell.

All states are searched, breadth first, for one in which

- each of some contexts waits for a lock that the next one holds, and the last one for a lock of the first, along edges
  of the cycles (which may go round in more ways than a `LockGraph` lists); or
- one context asks in vain for a lock that it holds already: as a reader, or since before it began the destruction of
  something, which now needs that lock.

Since only its holder gives a lock back, none of these contexts ever goes on, whatever others do: so a deadlock is seen
as soon as it forms. A promise (`Hold.mode`), though, may be kept by somebody else; where one is waited for, all states
that can follow are looked at, too.

If there is no such state, a *gate* may be why: a lock that both contexts hold whenever they make two edges of the
cycle, one each, so that they never do so at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cache
from itertools import combinations, pairwise

import attrs

from aprt.core.lock_order import Cycle, Demand, Edge, turned
from aprt.core.notes import Hold, Oops
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.learned.packing import Packing
from aprt.explore.learned.tables import Tables
from aprt.explore.met import Met


@attrs.frozen
class Realisation:
    """What became of some cycles.

    schedule: the shortest after which some contexts wait for each other; None when there is none.
    cycle: the one that they make then: one that was asked about, or another of the same edges. Without a schedule, the
    first that was asked about. others: the rest of what was asked about; of these nothing is known, but that none is
    real if there is no schedule and the search is complete.
    waiting: what the contexts ask for; each waits for a lock that the next one holds, the last one for one of the
    first. gates: the classes of locks that prevent `cycle`. alone: the context that makes all of its edges, if one
    does. Both are known only when complete.
    states: how many were looked at. complete: whether these are all, with what follows where a promise is waited for.
    unasked: numbers of properties at whose violation executions ended; it is not complete then.
    """

    cycle: Cycle
    others: tuple[Cycle, ...]
    schedule: Schedule | None
    waiting: tuple[Demand, ...]
    gates: tuple[str, ...]
    alone: str | None
    states: int
    complete: bool
    unasked: tuple[str, ...] = ()


def realise(system: System, cycles: Sequence[Cycle], limit: int) -> Realisation:
    """Look for a state in which one of these is real. limit: how many states to look at; Ctrl-C ends it, too."""
    tables: Tables[None] = Tables(system, Packing(system, 0), lambda step, ask: None)
    with closing(tables):
        return _Search(system, tables, cycles, limit).run()


class _Search:
    """Meets states, breadth first."""

    def __init__(self, system: System, tables: Tables[None], cycles: Sequence[Cycle], limit: int) -> None:
        self._places, self._tables, self._cycles, self._limit = range(len(system.contexts)), tables, cycles, limit
        self._edges = {_pair(edge): edge for cycle in cycles for edge in cycle}
        self._met = Met()
        self._contexts = {context.name: place for place, context in enumerate(system.contexts)}
        self._unasked: set[str] = set()
        self._beyond = 0  # states looked at because a promise is waited for
        self._demand = cache(self._asked)

    def run(self) -> Realisation:
        here = 0
        try:
            while here < len(self._met) <= self._limit:
                waiting = self._expand(here)
                if waiting:
                    return self._found(here, waiting)
                here += 1
        except KeyboardInterrupt:
            return self._not_found(complete=False)
        return self._not_found(complete=here == len(self._met) and self._beyond <= self._limit)

    def _expand(self, here: int) -> tuple[Demand, ...]:
        """Those that wait for each other in a state; if none do, the states are met to which its steps lead."""
        state = self._met.states[here]
        offers, numbers = self._tables.offers(state), self._tables.packing.numbers(state)
        able = {place for place, _ in offers}
        fatal = {place for place, moves in offers if any(self._tables.steps[step].oops for _, step, _ in moves)}
        asked = [(place, d) for place in self._places if (d := self._demand(place, numbers[place])) is not None]
        alone = next((d for place, d in asked if place in fatal and self._own(d)), None)
        if alone is not None:
            return (alone,)
        waiting = self._for_good(state, [demand for place, demand in asked if place not in able])
        if waiting:
            return waiting
        for _, moves in offers:
            for delta, step, _ in moves:
                oopses = {note.property for note in self._tables.steps[step].event.notes if isinstance(note, Oops)}
                self._unasked |= oopses
                if not oopses:
                    self._met.meet(state + delta, here, step)
        return ()

    def _for_good(self, state: int, demands: Sequence[Demand]) -> tuple[Demand, ...]:
        """Some of these contexts that wait for each other and never go on, whatever follows; empty if there are none,
        or if too many states follow."""
        waiting = self._any_circle(demands)
        following, seen = [state], {state}
        for here in following:
            if not _promised(waiting):
                return waiting
            self._beyond += 1
            if self._beyond > self._limit:
                return ()
            offers = self._tables.offers(here)
            able = {place for place, _ in offers}
            demands = [demand for demand in demands if self._contexts[demand.by.context] not in able]
            if not all(demand in demands for demand in waiting):
                waiting = self._any_circle(demands)
            for delta, step, _ in (move for _, moves in offers for move in moves):
                if not self._tables.steps[step].oops and here + delta not in seen:
                    seen.add(here + delta)
                    following.append(here + delta)
        return waiting

    def _asked(self, place: int, control: int) -> Demand | None:
        """What a context asks for in a control state, if that makes an edge of the cycles."""
        ask = self._tables.ask(place, control)
        demand = None if ask is None else Demand.of(ask)
        return demand if demand is not None and self._matters(demand) else None

    def _matters(self, demand: Demand) -> bool:
        return any((hold.family, demand.lock.family) in self._edges for hold in demand.by.held)

    def _own(self, demand: Demand) -> set[tuple[str, str]]:
        """The edges, if any, from a lock that a context holds and asks for once more: to the same lock, which it reads,
        or to the destruction that it began under it and that needs it."""
        held = [hold.lock == demand.lock.lock for hold in demand.by.held]
        later = demand.by.held[held.index(True) :] if any(held) else ()
        again = (hold for hold in later if hold.mode == "destroy" or hold.lock == demand.lock.lock)
        return {(demand.lock.family, hold.family) for hold in again} & self._edges.keys()

    def _any_circle(self, demands: Sequence[Demand]) -> tuple[Demand, ...]:
        """Some of these that wait for each other in a row; empty if none do."""
        return next((found for demand in demands if (found := self._circle((demand,), demands))), ())

    def _circle(self, way: tuple[Demand, ...], demands: Sequence[Demand]) -> tuple[Demand, ...]:
        """Some of these that wait for each other in a row that begins like this; empty if none do."""
        for other in demands:
            if not self._leads_to(way[-1].lock, other):
                continue
            if other is way[0]:
                return way
            found = () if other in way else self._circle((*way, other), demands)
            if found:
                return found
        return ()

    def _leads_to(self, lock: Hold, other: Demand) -> bool:
        """Whether who waits for a lock waits for the other one, along the cycles."""
        return other.by.holds(lock.lock) and (lock.family, other.lock.family) in self._edges

    def _found(self, here: int, waiting: tuple[Demand, ...]) -> Realisation:
        schedule, cycle = self._tables.schedule(self._met.way_to(here)), self._made(waiting)
        others = tuple(other for other in self._cycles if other != cycle)
        return Realisation(cycle, others, schedule, waiting, (), None, len(self._met), complete=False)

    def _made(self, waiting: Sequence[Demand]) -> Cycle:
        """The cycle that those make who wait for each other."""
        if len(waiting) == 1:
            own = self._own(waiting[0])
            return next(cycle for cycle in self._cycles if not own.isdisjoint(map(_pair, cycle)))
        row = [(one.lock.family, other.lock.family) for one, other in pairwise((*waiting, waiting[0]))]
        asked = (cycle for cycle in self._cycles if {*row}.issuperset(map(_pair, cycle)))
        return next(asked, turned(tuple(self._edges[pair] for pair in row)))

    def _not_found(self, complete: bool) -> Realisation:
        first, *more = self._cycles
        others = tuple(more)
        if not complete or self._unasked:
            unasked = tuple(sorted(self._unasked))
            return Realisation(first, others, None, (), (), None, len(self._met), complete=False, unasked=unasked)
        made = [*filter(None, map(Demand.of, self._tables.asks()))]
        made += (demand for step in self._tables.steps for demand in Demand.by_step(step.event))
        makers = [[demand for demand in made if edge in demand.edges] for edge in first]
        contexts = {demand.by.context for demands in makers for demand in demands}
        alone = contexts.pop() if len(contexts) == 1 else None
        return Realisation(first, others, None, (), _gates(makers), alone, len(self._met), complete)


def _pair(edge: Edge) -> tuple[str, str]:
    return edge.held, edge.asked


def _promised(waiting: Sequence[Demand]) -> bool:
    """Of contexts that wait for each other in a row: whether one waits for what another has only promised."""
    locks = {demand.lock.lock for demand in waiting}
    return any(hold.mode == "promise" and hold.lock in locks for demand in waiting for hold in demand.by.held)


def _gates(makers: Sequence[Sequence[Demand]]) -> tuple[str, ...]:
    """The classes of locks that keep edges from being made at the same time. makers: who makes each of them."""
    gates: set[str] = set()
    for some, others in combinations(makers, 2) if len(makers) > 1 else [(makers[0], makers[0])]:
        common = [_common(a, b) for a in some for b in others if a.by.context != b.by.context]
        if common and all(common):
            gates.update(*common)
    return tuple(sorted(gates))


def _common(one: Demand, other: Demand) -> set[str]:
    """The classes of locks that both hold, and that two contexts cannot hold at the same time."""
    pairs = ((a, b) for a in one.by.held for b in other.by.held)
    return {a.family for a, b in pairs if a.lock == b.lock and not (a.shared and b.shared)}

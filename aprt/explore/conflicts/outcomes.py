"""How executions can go on from each state, and what comes of them: the state graph with its outcomes.

An outcome is a *verdict*, or an *end*. The verdicts are the numbers of the properties that are violated (an oops names
the one that it violates), `deadlock`, and `hang` where no outcome can come any more. An execution is followed up to
its first verdict, as a schedule shows the first thing that goes wrong. An execution without a verdict has an end: the
values of all actors when it is over.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import attrs

from aprt.core.notes import Oops
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.explore.checking.checks import Checks, Due, judged
from aprt.explore.learned.tables import Move, Tables
from aprt.explore.met import Met
from aprt.explore.reachability import reachable_sets

OVER = -1  # in the place of the state that a step leads to: the execution ends with it


@attrs.frozen
class Way:
    """A step out of a state. place: of its context. step: its number in the tables. target: number of a state, or OVER.

    here: the verdicts of the step itself, as bits; 0 unless it is OVER.
    """

    place: int
    step: int
    target: int
    here: int


class Outcomes:
    """The states met, breadth first, about `limit` at most; what can follow them is known once it is `complete`.

    met: the states. ways: by state. settled: by state, the outcomes of the state itself.
    A set of outcomes is an integer with a bit for each, numbered as they are met. verdicts: by name, the number of the
    bit. ends: likewise, by end state, packed, with the fields of actors only. judged: the set of all verdicts.
    """

    def __init__(self, system: System, properties: tuple[Property, ...], limit: int) -> None:
        self.checks = Checks(properties, system)
        self.packing = self.checks.packing
        self.tables: Tables[Due] = Tables(system, self.packing, self.checks.due, self.checks.blocked)
        self.met, self.ways, self.settled = Met(), list[tuple[Way, ...]](), list[int]()
        self.verdicts: dict[str, int] = {}
        self.ends: dict[int, int] = {}
        self.judged = 0
        self._values = self.packing.mask(self.packing.actors.values())
        self._limit = limit

    def close(self) -> None:
        """Drop the suspended coroutines."""
        self.tables.close()

    def explore(self) -> None:
        """Meet all states. What is wrong in the initial one is not looked at: it is wrong in every order."""
        for _ in self.expand():
            pass

    def expand(self) -> Iterator[int]:
        """The same, one after the other: gives the number of each when all ways out of it are known."""
        while len(self.ways) < len(self.met) <= self._limit:
            self._expand(self.met.states[len(self.ways)])
            yield len(self.ways) - 1

    @property
    def complete(self) -> bool:
        return len(self.ways) == len(self.met)

    def from_each(self) -> list[int]:
        """Per state, all outcomes of what can follow, as bits; one at least."""
        sources, targets, here = array("q"), array("q"), list(self.settled)
        for number, ways in enumerate(self.ways):
            for way in ways:
                here[number] |= way.here
                if way.target != OVER:
                    sources.append(number)
                    targets.append(way.target)
        found = reachable_sets(here, sources, targets)
        lost = [number for number, outcomes in enumerate(found) if not outcomes]
        if not lost:
            return found
        for number in lost:
            here[number] = self.settled[number] = self._verdict(["hang"])
        return reachable_sets(here, sources, targets)

    def onwards(self, number: int, outcome: int, outcomes: list[int]) -> list[int]:
        """The fewest steps from a state to that outcome, a bit. outcomes: of each state, as `from_each` gives them."""
        level: list[tuple[int, list[int]]] = [(number, [])]
        seen = {number}
        while True:
            after: list[tuple[int, list[int]]] = []
            for here, steps in level:
                if self.settled[here] & outcome:
                    return steps
                for way in self.ways[here]:
                    if way.here & outcome:
                        return [*steps, way.step]
                    if way.target != OVER and way.target not in seen and outcomes[way.target] & outcome:
                        seen.add(way.target)
                        after.append((way.target, [*steps, way.step]))
            level = after

    def _expand(self, state: int) -> None:
        offers = self.tables.offers(state)
        self.ways.append(tuple(self._way(state, place, move) for place, moves in offers for move in moves))
        self.settled.append(0 if offers else self._terminal(state))

    def _way(self, state: int, place: int, move: Move[Due]) -> Way:
        step = move[1]
        successor, wrong = judged(state, move)
        ids = [id for id, _ in wrong]
        ids += [note.property for note in self.tables.steps[step].event.notes if isinstance(note, Oops)]
        if ids:
            return Way(place, step, OVER, self._verdict(ids))
        return Way(place, step, self.met.meet(successor, len(self.ways), step), 0)

    def _terminal(self, state: int) -> int:
        """The outcome of a state in which nothing is possible."""
        waiting = self.tables.waiting(state)
        ids = [id for id, _ in (self.checks.deadlock(state, waiting) if waiting else self.checks.end(state))]
        if waiting or ids:
            return self._verdict([*ids, *(["deadlock"] if waiting else [])])
        return 1 << self.ends.setdefault(state & self._values, self._count)

    def _verdict(self, ids: Iterable[str]) -> int:
        bits = sum({1 << self.verdicts.setdefault(id, self._count) for id in ids})
        self.judged |= bits
        return bits

    @property
    def _count(self) -> int:
        """How many outcomes there are so far."""
        return len(self.verdicts) + len(self.ends)

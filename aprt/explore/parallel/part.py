"""One seat's part of a search over states: the states that fall to it, and what to do with them.

It is the plain loop on fewer states. What it finds for others is kept, too, so that nothing is sent twice.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import TypeAlias

import attrs

from aprt.core.errors import ModelError
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.explore.checks import Checks, Note, Violation
from aprt.explore.loop import after
from aprt.explore.loop_plain import PlainLoop
from aprt.explore.packing import INITIAL, Unknown
from aprt.explore.parallel.ownership import Owners, Places
from aprt.explore.result import Question
from aprt.explore.tables import Tables

Origin: TypeAlias = Callable[[], tuple[System, tuple[Property, ...]]]
"""Makes the system and the properties, the same in every process; picklable."""


class Arrivals:
    """States that a seat found for the part of another, packed as its layout number `layout` says.

    parents: the numbers, in the part of the sender, of the states they were reached from. oopses: which of them are
    after an oops, by their position here.
    """

    def __init__(self, sender: int, layout: int) -> None:
        self.sender, self.layout = sender, layout
        self.states: list[int] = []
        self.parents = array("I")
        self.oopses: set[int] = set()


@attrs.frozen
class Broken:
    """What was violated: by the step `via` out of state `number` of part `part`, or in that state, if None."""

    text: str
    part: int
    number: int
    via: int | None


@attrs.frozen
class Harvest:
    """What one round came to. states: new ones of the part; mine: those of them that are to be expanded next.

    aside: states, packed as `packing` says, that want a lesson.
    arrivals: by owner. broken: the first per property. cut: whether a step was possible where the depth ends.
    """

    states: int
    mine: int
    transitions: int
    ends: int
    deadlocks: int
    oopses: int
    aside: tuple[int, ...]
    arrivals: tuple[Arrivals, ...]
    broken: Mapping[str, Broken]
    cut: bool


class Pupil:
    """Local steps that are learned from lessons, states whose expansion taught something, and from nothing else."""

    def __init__(self, origin: Origin) -> None:
        system, properties = origin()
        self.question = Question(system, properties)
        self.checks = Checks(properties, system)
        self.packing = self.checks.packing
        self.tables: Tables[Note] = Tables(system, self.packing, self.checks.note, self.checks.blocked)
        self.packing.open = False

    def learn(self, lessons: Iterable[int]) -> None:
        """Go through further lessons."""
        self.packing.open = True
        for state in lessons:
            for move in self.tables.moves(state):
                after(state, move)
        self.packing.open = False


class Part(Pupil):
    """Part `number` of `of`. depth: the number of steps to the states that are being expanded."""

    def __init__(self, origin: Origin, number: int, of: int, places: Places) -> None:
        super().__init__(origin)
        self.number, self.of = number, of
        self.depth = -1
        self._loop = PlainLoop(self)
        self._layouts = [self._loop.layout]
        self._places, self._owners = places, Owners(self._loop.layout, places, of)
        self._came = [(0, number)]  # from which number on states were reached from which part
        self._next = [0] if self._owners[INITIAL] == number else []
        self._now: list[int] = []
        self._ends = self._deadlocks = 0
        self._broken: dict[str, Broken] = {}
        self._cut = False

    def attend(self, lessons: Sequence[int], digest: str) -> None:
        """Go through further lessons. Raises: `ModelError` when they taught something else than elsewhere."""
        self.learn(lessons)
        if lessons and self.tables.digest() != digest:
            raise ModelError("the model is not the same in every process (does it iterate over a set of strings?)")
        if not self._loop.layout.fits():
            self._loop.pack_anew()
            self._layouts.append(self._loop.layout)
            self._owners = Owners(self._loop.layout, self._places, self.of)

    def grow(self, arrivals: Sequence[Arrivals], last: bool) -> Harvest:
        """Go through the next level. last: take no steps, only see whether there are any."""
        self.depth += 1
        oopses, new = self._welcome(arrivals)
        self._now, self._next = sorted([*self._next, *new]), []
        return self._round(last, len(new), oopses)

    def again(self, last: bool) -> Harvest:
        """Go through the states of this level that were put aside."""
        return self._round(last, 0, 0)

    def way(self, number: int) -> tuple[list[int], tuple[int, int] | None]:
        """The states, packed as `packing` says, that lead to one, and the part and number of what led to the first."""
        way, sender = [number], self._sender(number)
        while way[-1] != 0 and sender == self.number:
            way.append(self._loop.parent(way[-1]))
            sender = self._sender(way[-1])
        came = None if way[-1] == 0 else (sender, self._loop.parent(way[-1]))
        return [self._loop.state(number) for number in way[::-1]], came

    def look(self, here: int, transitions: int) -> None:
        """The search looks, for all parts."""

    def record(self, violation: Violation, length: int, here: int, via: int | None = None) -> None:
        id, text = violation
        self._broken.setdefault(id, Broken(text, self.number, here, via))

    def terminal(self, here: int) -> None:
        state = self._loop.state(here)
        waiting = self.tables.waiting(state)
        if waiting:
            self._deadlocks += 1
            violations = self.checks.deadlock(state, waiting)
        else:
            self._ends += 1
            violations = self.checks.end(state)
        for violation in violations:
            self.record(violation, self.depth, here)

    def _welcome(self, arrivals: Sequence[Arrivals]) -> tuple[int, list[int]]:
        """How many of those that are new are after an oops, and the numbers of all that are new."""
        loop, first, oopses = self._loop, len(self._loop), 0
        for found in arrivals:
            layout, number = self._layouts[found.layout], len(loop)
            states = found.states if layout is loop.layout else list(map(layout.conversion(loop.layout), found.states))
            new = loop.insert_all(states, found.parents)
            self._came.append((number, found.sender))
            if found.oopses:
                after_oops = [number + i for i, position in enumerate(new) if position in found.oopses]
                loop.oopses += after_oops
                oopses += len(after_oops)
        self._came.append((len(loop), self.number))
        return oopses, list(range(first, len(loop)))

    def _sender(self, number: int) -> int:
        """The part in which the parent of a state is."""
        return self._came[bisect_right(self._came, (number, self.of)) - 1][1]

    def _round(self, last: bool, states: int, oopses: int) -> Harvest:
        loop = self._loop
        first, transitions = len(loop), loop.transitions
        self._ends = self._deadlocks = 0
        self._broken, self._cut = {}, False
        if last:
            self._look(self._now)
        else:
            loop.expand_each(self._now)
        self._now, loop.aside = loop.aside, []
        arrivals = tuple(Arrivals(self.number, len(self._layouts) - 1) for _ in range(self.of))
        mine = len(self._next)
        oopses += self._sort(first, arrivals)
        return Harvest(
            states=states + len(self._next) - mine,
            mine=len(self._next) - mine,
            transitions=loop.transitions - transitions,
            ends=self._ends,
            deadlocks=self._deadlocks,
            oopses=oopses,
            aside=tuple(map(loop.state, self._now)),
            arrivals=arrivals,
            broken=self._broken,
            cut=self._cut,
        )

    def _look(self, numbers: Sequence[int]) -> None:
        oopses = set(self._loop.oopses)
        for here in numbers:
            if here in oopses:
                continue
            try:
                if self.tables.moves(self._loop.state(here)):
                    self._cut = True
                else:
                    self.terminal(here)
            except Unknown:
                self._loop.aside.append(here)

    def _sort(self, first: int, arrivals: Sequence[Arrivals]) -> int:
        """Give the states numbered from `first` on to their owners. How many of this part's are after an oops."""
        loop, known, mask = self._loop, self._owners, self._owners.mask
        states, parents = loop.since(first)
        owners = [known[state & mask] for state in states]
        for owner, found in enumerate(arrivals):
            if owner == self.number:
                self._next += [first + i for i, of_state in enumerate(owners) if of_state == owner]
            else:
                theirs = [of_state == owner for of_state in owners]
                found.states += compress(states, theirs)
                found.parents.extend(compress(parents, theirs))
        count = 0
        for number in loop.oopses[bisect_left(loop.oopses, first) :]:
            owner = owners[number - first]
            if owner == self.number:
                count += 1
            else:
                arrivals[owner].oopses.add(owners[: number - first].count(owner))
        return count

"""One seat's part of a search over states: the states that fall to it, and what to do with them.

It is the plain loop on fewer states. What it finds for others is kept, too, so that nothing is sent twice.
"""

from __future__ import annotations

import pickle
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import compress, pairwise

import attrs

from aprt.core.exercise import Exercise
from aprt.core.lock_order import LockGraph
from aprt.core.schedule import Schedule
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation
from aprt.explore.learned.packing import INITIAL, Unknown
from aprt.explore.parallel.ownership import Owners, Shares
from aprt.explore.parallel.pupil import Pupil
from aprt.explore.result import UNBOUNDED
from aprt.explore.stateful.loop import step_between
from aprt.explore.stateful.loop_plain import PlainLoop


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
    parcels: by owner, the `Arrivals` for it, pickled, as who passes them on does not read them; empty where there are
    none. broken: the shortest per property. wrong: what was said to be wrong for the first time.
    cut: whether a step was possible where the depth ends. digest: of all that was learned.
    """

    states: int
    mine: int
    transitions: int
    ends: int
    deadlocks: int
    oopses: int
    aside: tuple[int, ...]
    parcels: tuple[bytes, ...]
    broken: Mapping[str, Broken]
    wrong: frozenset[Violation]
    cut: bool
    digest: str


@attrs.frozen
class Account:
    """What is told at the end of a search of what its local steps are: as in `Exploration`."""

    unasked: tuple[str, ...]
    unmerged: tuple[str, ...]
    lock_order: LockGraph | None
    exercise: Exercise | None

    @classmethod
    def of(cls, pupil: Pupil, *, complete: bool) -> Account:
        """By what this pupil has learned."""
        return cls(
            tuple(sorted(pupil.checks.unasked)),
            tuple(sorted(pupil.tables.unmerged)),
            pupil.checks.order,
            exercised(pupil.question, pupil.tables) if complete else None,
        )


class Part:
    """Part `number` of `of`, of a pupil's own. depth: the number of steps to the states that are being expanded."""

    def __init__(self, pupil: Pupil, number: int, of: int, shares: Shares) -> None:
        self.pupil, self.number, self.of = pupil, number, of
        self.question = attrs.evolve(pupil.question, bounds=UNBOUNDED)  # bounds are for all parts together
        self.checks, self.tables = pupil.checks, pupil.tables
        self.depth = -1
        self._loop = PlainLoop(self)
        self._layouts = [self._loop.layout]
        self._shares, self._owners = shares, Owners(self._loop.layout, shares, of)
        self._came = [(0, number)]  # from which number on states were reached from which part
        self._next = [0] if self._owners[INITIAL] == number else []
        self._now: list[int] = []
        self._ends = self._deadlocks = 0
        self._broken: dict[str, Broken] = {}
        self._told = frozenset[Violation]()
        self._cut = False

    def attend(self, lessons: Sequence[int]) -> None:
        """Go through further lessons."""
        self.pupil.learn(lessons)
        if not self._loop.layout.fits():
            self._loop.pack_anew()
            self._layouts.append(self._loop.layout)
            self._owners = Owners(self._loop.layout, self._shares, self.of)

    def grow(self, parcels: Sequence[bytes], last: bool) -> Harvest:
        """Go through the next level. last: take no steps, only see whether there are any."""
        self.depth += 1
        oopses, new = self._welcome([pickle.loads(parcel) for parcel in parcels if parcel])
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

    def schedule(self, path: Sequence[int], via: int | None) -> Schedule:
        """Of the steps from each of these states, packed as `packing` says, to the next, and then step `via`."""
        steps = [step_between(self.tables, here, there) for here, there in pairwise(path)]
        return self.tables.schedule(steps if via is None else [*steps, via])

    def look(self, here: int, transitions: int) -> None:
        """The search looks, for all parts."""

    def record(self, violation: Violation, length: int, here: int, via: int | None = None) -> None:
        id, text = violation
        known = self._broken.get(id)
        if known is None or (via is None and known.via is not None):  # a state is reached before the steps out of it
            self._broken[id] = Broken(text, self.number, here, via)

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
        wrong, self._told = self.checks.wrong - self._told, frozenset(self.checks.wrong)
        return Harvest(
            states=states + len(self._next) - mine,
            mine=len(self._next) - mine,
            transitions=loop.transitions - transitions,
            ends=self._ends,
            deadlocks=self._deadlocks,
            oopses=oopses,
            aside=tuple(map(loop.state, self._now)),
            parcels=tuple(pickle.dumps(found) if found.states else b"" for found in arrivals),
            broken=self._broken,
            wrong=frozenset(wrong),
            cut=self._cut,
            digest=self.tables.digest(),
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
            theirs = [of_state == owner for of_state in owners]
            if owner == self.number:
                self._next += compress(range(first, len(loop)), theirs)
            else:
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

"""Persistent sets: contexts that may go first, so that nothing is missed if the others wait.

A set of contexts is persistent in a state when nothing that the others can do, as long as those in the set do nothing,
depends on a step that those in the set can take now, nor lets one of them take a step that it cannot take now. Whatever
happens in the end then begins, in some order of its trace, with a step of the set.

The smallest set is wanted, best of all a single context. Three tests on what contexts may still do (`futures`), each
sharper and dearer than the one before: does another context ever, wherever it is, do something that depends on the
step? Can it get there while this context stands still? And where every single context has such conflicts, which set has
none?

Source: P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, LNCS 1032, 1996, chapter 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.persistent_sets.futures import Against, Bits, Futures, Standing, union

_SEEDS = 3  # how many contexts a set is built around, before the smallest one is taken
_PATIENCE = 200  # sets in a row that were built in vain, before no more are


class PersistentSets:
    """Finds persistent sets in the states of one search, as bits of places of contexts.

    luck: how often a context at a control state was enough by itself, less how often it was not; it is tried first
    where it is great. vain: sets in a row that were built in vain.
    """

    def __init__(self, futures: Futures, local: LocalSteps) -> None:
        self._futures, self._local = futures, local
        self.luck: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.vain = 0
        self._known: dict[int, tuple[Against, int, list[int]]] = {}  # by the number of the first of some steps
        self._size = 0  # of the futures then

    def choose(self, numbers: Sequence[int], enabled: Mapping[int, Sequence[LocalStep]]) -> Bits:
        """Some of the contexts in `enabled`, at least one; all of them where that is not known to be enough."""
        every = sum([1 << place for place in enabled])
        if len(enabled) == 1:
            return every
        against, rivals = {}, {}  # rivals: how many others may do something against a step, from here on
        sites = self._futures.sites
        for place, steps in enabled.items():
            against[place], count, others = self._against(place, steps)
            if others:
                kinds = against[place].kinds
                count += len([1 for other in others if sites[other][numbers[other]].footprint & kinds])
            if not count:
                return 1 << place
            rivals[place] = count
        here = self._futures.standing(numbers, blocked=~every)
        luck = self.luck
        order = sorted(against, key=lambda place: (rivals[place], -luck[place, numbers[place]], -place))
        conflicts = {}
        for place in order:
            conflicts[place] = self._futures.conflicts(here, 1 << place, against[place])
            if not conflicts[place]:
                luck[place, numbers[place]] += 1
                return 1 << place
            luck[place, numbers[place]] -= 1
        return self._smallest(here, conflicts, against, every)

    def enough(self, numbers: Sequence[int], enabled: Mapping[int, Sequence[LocalStep]], chosen: Bits) -> bool:
        """Whether some contexts are known to be a persistent set, or all that can take a step."""
        every = sum(1 << place for place in enabled)
        if not every & ~chosen:
            return True
        here = self._futures.standing(numbers, blocked=~every)
        against = Against()
        for place, steps in enabled.items():
            if chosen >> place & 1:
                against |= self._against(place, steps)[0]
        return not self._futures.conflicts(here, chosen, against)

    def _smallest(
        self, here: Standing, conflicts: Mapping[int, Bits], against: Mapping[int, Against], every: Bits
    ) -> Bits:
        """The smallest of the sets built around some contexts, when none is enough alone. conflicts: by context, in the
        order in which they are tried, others that must be in a set with it."""
        smallest = every
        if self.vain < _PATIENCE:
            for place in islice(conflicts, _SEEDS):
                found = self._closure(here, place, conflicts[place], against)
                smallest = min(smallest, found & every, key=int.bit_count)
                if smallest.bit_count() == 2:  # one alone was not enough
                    break
            self.vain = self.vain + 1 if smallest == every else 0
        return smallest

    def _closure(self, here: Standing, place: int, others: Bits, against: Mapping[int, Against]) -> Bits:
        """The contexts that must be in the set when that one is, and these others therefore."""
        chosen, theirs = 1 << place, against[place]
        while others:
            chosen |= others
            for member, ours in against.items():
                if others >> member & 1:
                    theirs |= ours
            others = self._futures.conflicts(here, chosen, theirs)
        return chosen

    def _against(self, place: int, steps: Sequence[LocalStep]) -> tuple[Against, int, list[int]]:
        """What depends on one of these steps, and what `Futures.users` says of it."""
        if self._futures.size != self._size:
            self._size = self._futures.size
            self._known.clear()
        number = steps[0].number
        if number not in self._known:
            kinds = union(self._local.kinds.meets[step.kind] for step in steps)
            loose = {step.slot for step in steps if step.slot in self._local.loose}
            against = Against(kinds, union(1 << slot for slot in loose))
            self._known[number] = against, *self._futures.users(kinds, but=place)
        return self._known[number]

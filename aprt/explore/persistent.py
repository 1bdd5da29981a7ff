"""Persistent sets: contexts that may go first, so that nothing is missed if the others wait.

A set of contexts is persistent in a state when nothing that the others can do, as long as those in the set do nothing,
depends on a step that those in the set can take now, nor lets one of them take a step that it cannot take now. Whatever
happens in the end then begins, in some order of its trace, with a step of the set.

Smallest sets are wanted, one context best of all. Three looks at the futures, each sharper and dearer than the one
before: does what another context does ever, anywhere, depend on the step; can it get there while this context waits;
and if each context has conflicts, which set has none?

Source: P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, LNCS 1032, 1996, chapter 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from aprt.explore.futures import Against, Bits, Futures, Standing, union
from aprt.explore.local_steps import LocalStep, LocalSteps

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
        self._known: dict[int, Against] = {}  # by the number of the first of some steps
        self._kinds = 0  # how many there were then

    def choose(self, numbers: Sequence[int], enabled: Mapping[int, Sequence[LocalStep]]) -> Bits:
        """Some of the contexts in `enabled`, at least one; all of them where that is not known to be enough."""
        every = sum([1 << place for place in enabled])
        here = self._futures.standing(numbers, blocked=~every)
        if here is None or len(enabled) == 1:
            return every
        footprints = [site.footprint for site in here.sites]
        against, rivals = {}, {}  # rivals: how many others depend on the step, some time
        for place, steps in enabled.items():
            ours = against[place] = self._against(steps)
            kinds = ours.kinds
            rivals[place] = len([1 for footprint in footprints if footprint & kinds]) - bool(footprints[place] & kinds)
            if not rivals[place]:
                return 1 << place
        luck = self.luck
        order = sorted(against, key=lambda place: (rivals[place], -luck[place, numbers[place]], -place))
        for place in order:
            if not self._futures.conflicts(here, 1 << place, against[place], first=True):
                luck[place, numbers[place]] += 1
                return 1 << place
            luck[place, numbers[place]] -= 1
        return self._smallest(here, order, against, every)

    def enough(self, numbers: Sequence[int], enabled: Mapping[int, Sequence[LocalStep]], chosen: Bits) -> bool:
        """Whether some contexts are known to be a persistent set, or all that can take a step."""
        every = sum(1 << place for place in enabled)
        here = self._futures.standing(numbers, blocked=~every)
        if here is None or not every & ~chosen:
            return not every & ~chosen
        against = Against()
        for place, steps in enabled.items():
            if chosen >> place & 1:
                against |= self._against(steps)
        return not self._futures.conflicts(here, chosen, against, first=True)

    def _smallest(self, here: Standing, order: Sequence[int], against: Mapping[int, Against], every: Bits) -> Bits:
        """The smallest of the sets built around some contexts, when none is enough alone."""
        smallest = every
        if self.vain < _PATIENCE:
            for place in order[:_SEEDS]:
                smallest = min(smallest, self._closure(here, place, against) & every, key=int.bit_count)
                if smallest.bit_count() == 2:  # one alone was not enough
                    break
            self.vain = self.vain + 1 if smallest == every else 0
        return smallest

    def _closure(self, here: Standing, place: int, against: Mapping[int, Against]) -> Bits:
        """The contexts that must be in the set when one is."""
        chosen, more = 0, 1 << place
        while more & ~chosen:
            chosen |= more
            theirs = Against()
            for member, ours in against.items():
                if chosen >> member & 1:
                    theirs |= ours
            more = self._futures.conflicts(here, chosen, theirs, first=False)
        return chosen

    def _against(self, steps: Sequence[LocalStep]) -> Against:
        """What depends on one of these steps."""
        kinds = self._local.kinds.meets
        if len(kinds) != self._kinds:
            self._kinds = len(kinds)
            self._known.clear()
        number = steps[0].number
        if number not in self._known:
            loose = {step.slot for step in steps if step.slot in self._local.loose}
            self._known[number] = Against(union(kinds[step.kind] for step in steps), union(1 << s for s in loose))
        return self._known[number]

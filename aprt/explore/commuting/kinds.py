"""Kinds of steps: what dependence looks at, as small numbers and bits.

Steps that use the same objects in the same ways are of one kind, and a search meets few kinds. Whether two of them
depend on each other is then a bit. The uses of an object in one way are a *lane*: happens-before joins lanes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TypeAlias

from aprt.explore.commuting.independence import StepInfo, Use

Uses: TypeAlias = tuple[Use, ...]


class Kinds:
    """The kinds and lanes met so far. Kinds are numbered 0, 1, 2 ..., lanes `first`, `first` + 2 ... up to `size`.

    meets: by kind, the kinds that depend on it, as bits; that steps of one context depend on each other is not in it.
    own: by kind, its lanes. others: by kind, the lanes whose steps it depends on. oopses: the kinds that depend on
    everything, as bits.
    """

    def __init__(self, first: int) -> None:
        self.size = first
        self.oopses = 0
        self.meets: list[int] = []
        self.own: list[tuple[int, ...]] = []
        self.others: list[list[int]] = []
        self._kinds: dict[tuple[Uses, bool], int] = {}
        self._users: defaultdict[Hashable, list[tuple[Uses, int]]] = defaultdict(list)  # kinds, by object
        self._lanes: defaultdict[Hashable, dict[Use, int]] = defaultdict(dict)  # by object

    def number(self, step: StepInfo) -> int:
        """The kind of a step."""
        key = step.uses, step.oops
        if key not in self._kinds:
            self._kinds[key] = self._add(*key)
        return self._kinds[key]

    def lanes(self, object: Hashable) -> Iterable[int]:
        """The lanes of all uses of an object."""
        return self._lanes[object].values()

    def _add(self, uses: Uses, oops: bool) -> int:
        number = len(self.meets)
        self.own.append(tuple(self._lane(use) for use in uses))
        near = [(use, lane) for object in _objects(uses) for use, lane in self._lanes[object].items()]
        self.others.append([lane for use, lane in near if _meet(uses, (use,))])
        meets = (1 << number) - 1 if oops else self.oopses
        for object in _objects(uses):
            self._users[object].append((uses, number))
            meets |= sum({1 << kind for other, kind in self._users[object] if _meet(uses, other)})
        self.oopses |= oops << number
        self.meets.append(meets | oops << number)
        for kind in range(number):
            self.meets[kind] |= (meets >> kind & 1) << number
        return number

    def _lane(self, use: Use) -> int:
        lanes = self._lanes[use.object]
        if use not in lanes:
            lanes[use] = self.size
            self.size += 2
            for uses, kind in self._users[use.object]:
                if _meet(uses, (use,)):
                    self.others[kind].append(lanes[use])
        return lanes[use]


def _objects(uses: Uses) -> Iterable[Hashable]:
    return dict.fromkeys(use.object for use in uses)


def _meet(uses: Uses, others: Uses) -> bool:
    return any(a.meets(b) for a in uses for b in others)

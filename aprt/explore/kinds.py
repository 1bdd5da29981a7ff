"""Kinds of steps: what dependence looks at, as small numbers and bits.

Steps that use the same objects in the same ways are of one kind, and a search meets few kinds. Whether two of them
depend on each other is then a bit. The uses of an object in one way are a *lane*: happens-before joins lanes.
"""

from __future__ import annotations

from typing import TypeAlias

from aprt.explore.independence import StepInfo, Use

Uses: TypeAlias = tuple[Use, ...]


class Kinds:
    """The kinds and lanes met so far. Kinds are numbered from 0, lanes by twos from `first`; size: where they end.

    meets: per kind, the kinds that depend on it, as bits; what contexts do alone is not looked at.
    own: per kind, its lanes. others: per kind, the lanes whose steps it depends on.
    """

    def __init__(self, first: int) -> None:
        self.size = first
        self.meets: list[int] = []
        self.own: list[tuple[int, ...]] = []
        self.others: list[list[int]] = []
        self._kinds: dict[tuple[Uses, bool], int] = {}
        self._lanes: dict[Use, int] = {}

    def number(self, step: StepInfo) -> int:
        """The kind of a step."""
        key = step.uses, step.oops
        if key not in self._kinds:
            self._kinds[key] = self._add(*key)
        return self._kinds[key]

    def _add(self, uses: Uses, oops: bool) -> int:
        number = len(self._kinds)
        for use in uses:
            self._lane(use)
        self.own.append(tuple(self._lanes[use] for use in uses))
        self.others.append([lane for use, lane in self._lanes.items() if _meet(uses, (use,))])
        self.meets.append(0)
        for (other, other_oops), kind in [*self._kinds.items(), ((uses, oops), number)]:
            if oops or other_oops or _meet(uses, other):
                self.meets[number] |= 1 << kind
                self.meets[kind] |= 1 << number
        return number

    def _lane(self, use: Use) -> None:
        if use in self._lanes:
            return
        lane = self._lanes[use] = self.size
        self.size += 2
        for (uses, _), kind in self._kinds.items():
            if _meet(uses, (use,)):
                self.others[kind].append(lane)


def _meet(uses: Uses, others: Uses) -> bool:
    return any(a.meets(b) for a in uses for b in others)

"""Who owns a state: told from the control states of a few contexts.

It has to be the same in every process, and is a matter of speed. Most of what a part leads to should be its own: so
contexts decide that seldom take a step, and a context is in the same *share* from one control state to the next as long
as can be. Parts should come out alike: shares are as common, each part has several, and contexts decide together, by
the sum of their shares, since each goes from the first share to the last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from aprt.explore.layout import Layout

Controls: TypeAlias = tuple[int, ...]
"""The control states of all contexts."""

Shares: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]
"""The contexts that decide, each with the control states at which its second share begins, and those after it."""

_DECIDE = 2  # contexts; with more, more is passed on
_TURNS = 4  # shares for each part; with more, parts are more alike, and more is passed on


class Owners(dict[int, int]):
    """The number of the part, of so many, that owns a state packed as `layout` says: `owners[state & owners.mask]`."""

    def __init__(self, layout: Layout, shares: Shares, of: int) -> None:
        self.mask = layout.mask(place for place, _ in shares)
        self._layout, self._shares, self._of = layout, shares, of

    def __missing__(self, key: int) -> int:
        shares = (bisect_right(begins, self._layout.field(key, place)) for place, begins in self._shares)
        self[key] = found = sum(shares) % self._of
        return found


def deal_out(walked: Sequence[Controls], of: int) -> Shares:
    """Shares for so many parts, going by what some random walks met."""
    moved = Counter(
        place for here, there in pairwise(walked) for place, control in enumerate(here) if there[place] != control
    )
    deciding = sorted(moved, key=moved.__getitem__)[:_DECIDE]
    return tuple((place, _evenly(Counter(controls[place] for controls in walked), _TURNS * of)) for place in deciding)


def _evenly(common: Counter[int], of: int) -> tuple[int, ...]:
    """Where so many shares begin, given how common each control state is.

    Control states are numbered as they are learned, which is about the order in which a context goes through them.
    """
    begins, before = list[int](), 0
    for control, times in sorted(common.items()):
        if (before + times / 2) * of >= common.total() * (len(begins) + 1):
            begins.append(control)
        before += times
    return tuple(begins)

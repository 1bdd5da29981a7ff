"""Who owns a state: told from the control states of a few contexts.

It has to be the same in every process, and is a matter of speed. Contexts that seldom take a step decide, so that most
of what a part leads to is its own. Parts should come out alike: each of these contexts has a *share* in the decision,
by its control state, and shares are dealt out so that all are as common. The sum of several is nearly uniform even
where one by itself is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from aprt.explore.layout import Layout

Controls: TypeAlias = tuple[int, ...]
"""The control states of all contexts."""

Shares: TypeAlias = tuple[tuple[int, Mapping[int, int]], ...]
"""The contexts that decide, each with its share by control state; one that is not there is its own number."""

_DECIDE = 2  # contexts; with more, more is passed on


class Owners(dict[int, int]):
    """The number of the part, of so many, that owns a state packed as `layout` says: `owners[state & owners.mask]`."""

    def __init__(self, layout: Layout, shares: Shares, of: int) -> None:
        self.mask = layout.mask(place for place, _ in shares)
        self._layout, self._shares, self._of = layout, shares, of

    def __missing__(self, key: int) -> int:
        controls = ((share, self._layout.field(key, place)) for place, share in self._shares)
        self[key] = found = sum(share.get(control, control) for share, control in controls) % self._of
        return found


def deal_out(walked: Sequence[Controls], of: int) -> Shares:
    """Shares for so many parts, going by what some random walks met."""
    moved = Counter(
        place for here, there in pairwise(walked) for place, control in enumerate(here) if there[place] != control
    )
    deciding = sorted(moved, key=moved.__getitem__)[:_DECIDE]
    return tuple((place, _evenly(Counter(controls[place] for controls in walked), of)) for place in deciding)


def _evenly(common: Counter[int], of: int) -> dict[int, int]:
    """Shares for control states, given how common each is: the next goes to the part that has least."""
    has, shares = [0] * of, dict[int, int]()
    for control, times in common.most_common():
        shares[control] = least = has.index(min(has))
        has[least] += times
    return shares

"""Who owns a state: told from a few of its fields.

It has to be the same in every process, and is a matter of speed. Most of what a part leads to should be its own: so
fields decide that seldom change, and a field is in the same *share* from one number to the next as long as can be.
Parts should come out alike: each part has several shares, as wide as the others, and fields decide together, by the sum
of their shares, since each goes from the first share to the last. Control states of contexts do that; values of actors
decide where contexts stay as they are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from aprt.explore.stateful.layout import Layout

Numbers: TypeAlias = tuple[int, ...]
"""All fields of a state, by slot."""

Shares: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]
"""The slots that decide, each with the numbers at which its second share begins, and those after it."""

_DECIDE = 2  # fields, or more where those have few numbers; with more, more is passed on
_TURNS = 4  # shares for each part; with more, parts are more alike, and more is passed on


class Owners(dict[int, int]):
    """The number of the part, of so many, that owns a state packed as `layout` says: `owners[state & owners.mask]`."""

    def __init__(self, layout: Layout, shares: Shares, of: int) -> None:
        self.mask = layout.mask(slot for slot, _ in shares)
        self._layout, self._shares, self._of = layout, shares, of

    def __missing__(self, key: int) -> int:
        shares = (bisect_right(begins, self._layout.field(key, slot)) for slot, begins in self._shares)
        self[key] = found = sum(shares) % self._of
        return found


def deal_out(sample: Sequence[tuple[Numbers, Numbers]], candidates: Iterable[Sequence[int]], of: int) -> Shares:
    """Shares for so many parts, going by some steps, of each the numbers before and after.

    candidates: slots that may decide; those that come later if none of the earlier ones ever changes.
    """
    changed = Counter(slot for here, there in sample for slot in range(len(here)) if there[slot] != here[slot])
    moving = next(filter(None, ([slot for slot in slots if changed[slot]] for slots in candidates)), [])
    dealt, combined = list[tuple[int, tuple[int, ...]]](), 1
    for slot in sorted(moving, key=changed.__getitem__):
        begins = _evenly({there[slot] for _, there in sample}, _TURNS * of)
        if begins and combined < (_TURNS * of) ** _DECIDE:
            dealt.append((slot, begins))
            combined *= len(begins) + 1
    return tuple(dealt)


def _evenly(numbers: Collection[int], of: int) -> tuple[int, ...]:
    """Where so many shares of these numbers begin; fewer, if there are fewer numbers.

    Control states are numbered as they are learned, which is about the order in which a context goes through them. How
    often a sample met one says little of how many states have it.
    """
    ordered = sorted(numbers)
    return tuple(sorted({ordered[turn * len(ordered) // of] for turn in range(1, of)} - {ordered[0]}))

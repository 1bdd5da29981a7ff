"""States one after the other, as bytes: how they go from one loop to another, and into a file."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import attrs

from aprt.explore.stateful.layout import Layout

AFTER_OOPS = 1 << 31  # marks, in the number of its parent, a state after an oops


@attrs.frozen(eq=False)
class Chunk:
    """Some states in the order of their numbers. packed: `layout.size` bytes for each.

    parents: 4 bytes for each: the number of the state from which it was first reached, with `AFTER_OOPS` set for one
    after an oops. Empty where nobody needs to know. Both are little-endian.
    """

    layout: Layout
    packed: bytes
    parents: bytes = b""

    @classmethod
    def of(cls, layout: Layout, states: Iterable[int], parents: array[int]) -> Chunk:
        """States that are packed as `layout` says."""
        size = layout.size
        return cls(layout, b"".join([state.to_bytes(size, "little") for state in states]), little(parents).tobytes())

    def __len__(self) -> int:
        return len(self.packed) // self.layout.size

    def pieces(self, most: int) -> Iterator[Chunk]:
        """The same in chunks of so many states at most."""
        size = self.layout.size
        for first in range(0, len(self), most):
            last = first + most
            yield Chunk(self.layout, self.packed[first * size : last * size], self.parents[4 * first : 4 * last])

    def states(self, layout: Layout) -> list[int]:
        """The states, packed as another layout says that has all the fields."""
        size, packed = self.layout.size, self.packed
        states = [int.from_bytes(packed[start : start + size], "little") for start in range(0, len(packed), size)]
        if (self.layout.shifts, self.layout.sum) == (layout.shifts, layout.sum):
            return states
        return list(map(self.layout.conversion(layout), states))


def mark(parents: array[int], oopses: Sequence[int], first: int) -> array[int]:
    """The parents of the states numbered from `first` on, with marks. oopses: states after an oops, in order."""
    marked = parents[:]
    for number in oopses[bisect_left(oopses, first) : bisect_left(oopses, first + len(parents))]:
        marked[number - first] |= AFTER_OOPS
    return marked


def joined(chunks: Iterable[Chunk], layout: Layout) -> tuple[list[int], array[int], list[int]]:
    """All states in these chunks, packed as that layout says, their parents, and the numbers of those after an oops."""
    states, packed = list[int](), bytearray()
    for chunk in chunks:
        states += chunk.states(layout)
        packed += chunk.parents
    parents = little(array("I", bytes(packed)))
    oopses = [marked.start() for marked in re.finditer(rb"[\x80-\xff]", packed[3::4])]  # by the highest bytes
    for number in oopses:
        parents[number] &= ~AFTER_OOPS
    return states, parents, oopses


def little(numbers: array[int]) -> array[int]:
    """Numbers with their bytes in little-endian order, or such numbers as they are."""
    if sys.byteorder == "little":
        return numbers
    swapped = numbers[:]
    swapped.byteswap()
    return swapped

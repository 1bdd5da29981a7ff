"""States one after the other, as bytes: how they go from one loop to another, and into a file."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable

import attrs

from aprt.explore.layout import Layout

AFTER_OOPS = 1 << 31  # marks, in the number of its parent, a state after an oops


@attrs.frozen(eq=False)
class Chunk:
    """packed: `layout.size` bytes for each state. parents: 4 bytes for each, the number of the state from which it was
    first reached, and `AFTER_OOPS`; none where nobody needs to know. Both are little-endian."""

    layout: Layout
    packed: bytes
    parents: bytes = b""

    @classmethod
    def of(cls, layout: Layout, states: Iterable[int], parents: array[int]) -> Chunk:
        """States that are packed as `layout` says."""
        size = layout.size
        return cls(layout, b"".join([state.to_bytes(size, "little") for state in states]), _little(parents).tobytes())

    def __len__(self) -> int:
        return len(self.packed) // self.layout.size

    def states(self, layout: Layout) -> list[int]:
        """The states, packed as another layout says that has all the fields."""
        size, packed = self.layout.size, self.packed
        states = [int.from_bytes(packed[start : start + size], "little") for start in range(0, len(packed), size)]
        if (self.layout.shifts, self.layout.sum) == (layout.shifts, layout.sum):
            return states
        return list(map(self.layout.conversion(layout), states))

    def marked(self) -> array[int]:
        """The parents, with their marks."""
        return _little(array("I", self.parents))


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return numbers
    swapped = numbers[:]
    swapped.byteswap()
    return swapped

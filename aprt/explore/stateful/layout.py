"""Where the fields of a state lie, for loops that hold many states.

`explore.learned.packing` gives every slot a field that never overflows. A loop over millions of states wants short
ones: as many bits as the numbers have needed so far, and none for what it can do without. The price is that a field
overflows when enough new values are learned; then the loop makes a new layout and packs its states again.

Above its fields a state carries a sum of its numbers, each times a multiplier of its slot's. That is for Python's sets
and dicts. They first look at a place given by the lowest bits of the hash, which for an integer is the remainder by
2**61 - 1; the lowest fields alone would put very many states at the same place. The sum sits where that remainder adds
it to the lowest bits. Like any field, it is changed by what a step adds to the state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from operator import le
from struct import Struct
from types import MappingProxyType

from aprt.explore.learned.packing import FIELD_BITS, Packing

_WORD_BITS = 64
_HASH_BITS = 61
_MULTIPLIER_BITS = 22
_SUM_BYTES = 8  # enough for all slots' numbers by their multipliers
_CODES: Mapping[int, str] = MappingProxyType({1: "B", 2: "H", 4: "I"})  # of `struct`, by bytes
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio; the high bits of its powers are as good as random


class Layout:
    """Fields of the given widths, by slot. A slot that is not mentioned has none, whatever its number; one of width 0
    has none either, but then its number must be 0.

    No field straddles a 64-bit word: word `i` of a state is `state >> 64 * i`, modulo 2**64.
    words: how many the fields take. size: bytes of a state in whole words, its sum included. shifts, ones: by slot,
    where its field begins and the largest number it holds. sum: where the sum begins; None for states that carry none.
    """

    def __init__(self, packing: Packing, widths: Mapping[int, int], *, summed: bool = True) -> None:
        self._packing, self._mentioned = packing, tuple(widths)
        words = _words(widths)
        self.words = len(words)
        self.shifts, self.ones = [0] * len(packing.counts()), [0] * len(packing.counts())
        for number, word in enumerate(words):
            shift = number * _WORD_BITS
            for slot, width in word.items():
                self.shifts[slot], self.ones[slot] = shift, (1 << width) - 1
                shift += width
        self.slots = [slot for word in words for slot in word]  # in the order of the fields
        end = max((shift + ones.bit_length() for shift, ones in zip(self.shifts, self.ones, strict=True)), default=0)
        self.sum = -(-end // _HASH_BITS) * _HASH_BITS if summed else None
        bits = end if self.sum is None else self.sum + 8 * _SUM_BYTES
        self.size = -(-bits // _WORD_BITS) * _WORD_BITS // 8
        self._room = [self.ones[slot] + 1 if slot in widths else sys.maxsize for slot in range(len(self.ones))]
        self._weights = [self._weight(slot) for slot in range(len(self.ones))]

    def _weight(self, slot: int) -> int:
        """What one more in a slot adds to a state."""
        if not self.ones[slot]:
            return 0
        return (1 << self.shifts[slot]) + (0 if self.sum is None else _multiplier(slot) << self.sum)

    @property
    def widths(self) -> dict[int, int]:
        """The widths that it was made with, by slot."""
        return {slot: self.ones[slot].bit_length() for slot in self._mentioned}

    def fits(self) -> bool:
        """Whether there is room for every number that the packing knows by now."""
        return all(map(le, self._packing.counts(), self._room))

    def field(self, state: int, slot: int) -> int:
        """The number in a slot."""
        return state >> self.shifts[slot] & self.ones[slot]

    def place(self, slot: int) -> tuple[int, int, int]:
        """The word of a slot's field, and its shift and mask in there."""
        return *divmod(self.shifts[slot], _WORD_BITS), self.ones[slot]

    def mask(self, slots: Iterable[int]) -> int:
        """What to `&` a state with to keep only these fields."""
        return sum(self.ones[slot] << self.shifts[slot] for slot in set(slots))

    def numbers(self, state: int) -> list[int]:
        """The numbers by slot."""
        return [state >> shift & ones for shift, ones in zip(self.shifts, self.ones, strict=True)]

    def pack(self, numbers: Iterable[int]) -> int:
        """The state with these numbers by slot."""
        return self.delta(enumerate(numbers))

    def delta(self, changes: Iterable[tuple[int, int]]) -> int:
        """What to add to a state to change the numbers in these slots by so much."""
        return sum(change * self._weights[slot] for slot, change in changes)

    def conversion(self, to: Layout) -> Callable[[int], int]:
        """Packs a state as `to` does, which has all fields that this layout has."""
        if self.sum is None and to.sum is not None:
            return lambda state: to.pack(self.numbers(state))
        masks: dict[int, int] = {}  # by how far their fields move
        for slot in self.slots:
            by = to.shifts[slot] - self.shifts[slot]
            masks[by] = masks.get(by, 0) | self.ones[slot] << self.shifts[slot]
        left = [(mask, by) for by, mask in masks.items() if by >= 0]
        right = [(mask, -by) for by, mask in masks.items() if by < 0]

        def convert(state: int) -> int:
            after = 0 if self.sum is None or to.sum is None else state >> self.sum << to.sum
            for mask, by in left:
                after |= (state & mask) << by
            for mask, by in right:
                after |= (state & mask) >> by
            return after

        return convert


class WideLayout(Layout):
    """As `packing` packs states: fields that are never outgrown, and no sum."""

    def __init__(self, packing: Packing) -> None:
        super().__init__(packing, dict.fromkeys(range(len(packing.counts())), FIELD_BITS), summed=False)

    def fits(self) -> bool:
        return True


class Fields:
    """Reads all fields of a state at once, of a layout whose fields are 8, 16 or 32 bits wide.

    `unpack(state.to_bytes(size, "little"))` gives the numbers; that of a slot is the one at `places[slot]`.
    """

    def __init__(self, layout: Layout) -> None:
        form, end = "<", 0
        for slot in layout.slots:
            start, width = layout.shifts[slot] // 8, layout.ones[slot].bit_length() // 8
            form += f"{start - end}x{_CODES[width]}"
            end = start + width
        self.size = end + 1 + _HASH_BITS // 8 + _SUM_BYTES
        self.unpack = Struct(f"{form}{self.size - end}x").unpack
        self.places = {slot: place for place, slot in enumerate(layout.slots)}


def byte_widths(packing: Packing, slots: Iterable[int], spare: int = 1) -> dict[int, int]:
    """Widths for `Fields`, with room for so many times as many numbers as there are."""
    rooms = {slot: spare * count for slot, count in enumerate(packing.counts())}
    return {slot: 8 if rooms[slot] <= 1 << 8 else 16 if rooms[slot] <= 1 << 16 else 32 for slot in slots}


def tight_widths(packing: Packing, slots: Iterable[int], least: int) -> dict[int, int]:
    """As many bits for each slot as its numbers need, but `least` at least. Where it takes no more words, each slot has
    up to twice as many, and one that needs no bit so far has one.
    """
    counts = packing.counts()
    tight = {slot: max(least, (counts[slot] - 1).bit_length()) for slot in slots}
    roomy = (
        {slot: -(-width * quarters // 4) if width else first for slot, width in tight.items()}
        for first in (1, 0)
        for quarters in (8, 7, 6, 5, 4)
    )
    return next(widths for widths in roomy if len(_words(widths)) == len(_words(tight)))


def _multiplier(slot: int) -> int:
    return pow(_GOLDEN, slot + 1, 1 << 64) >> (64 - _MULTIPLIER_BITS) | 1


def _words(widths: Mapping[int, int]) -> list[dict[int, int]]:
    """The fields of each word: each slot in the first word that has room for it."""
    words: list[dict[int, int]] = [{}]
    for slot, width in widths.items():
        if not width:
            continue
        for word in words:
            if sum(word.values()) + width <= _WORD_BITS:
                word[slot] = width
                break
        else:
            words.append({slot: width})
    return words

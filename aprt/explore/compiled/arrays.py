"""The tables of `explore.learned.tables` in arrays, for `kernels`: what was asked for, packed in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from aprt.explore.checking.checks import QUIET, Note
from aprt.explore.checking.judges import Judge, Recorder
from aprt.explore.compiled import kernels
from aprt.explore.compiled.kernels import U64, UNKNOWN, Guards, Steps
from aprt.explore.learned.packing import Packing
from aprt.explore.learned.tables import Move, Tables
from aprt.explore.stateful.layout import Layout
from aprt.explore.stateful.loop import Outgrown

_WORD = (1 << 64) - 1


class Growing:
    """An array with room at its end. shape: of what it is an array of. used: how much of it counts."""

    def __init__(self, kind: DTypeLike, *shape: int) -> None:
        self.array: np.ndarray[Any, Any] = np.zeros((64, *shape), kind)
        self.used = 0

    def append(self, item: object) -> int:
        """Add an item; gives its number."""
        first = self._more(1)
        self.array[first] = item
        return first

    def extend(self, count: int, item: object) -> int:
        """Add so many equal items; gives the number of the first."""
        first = self._more(count)
        self.array[first : self.used] = item
        return first

    def _more(self, count: int) -> int:
        first, self.used = self.used, self.used + count
        if self.used > len(self.array):
            room = np.zeros((max(self.used, 2 * len(self.array)), *self.array.shape[1:]), self.array.dtype)
            room[:first] = self.array[:first]
            self.array = room
        return first


class Arrays:
    """What is learned of `tables`, for states packed as `layout` says.

    moves: by number. widest: no state has more moves. unit: what kernels take as `words`.
    """

    def __init__(self, tables: Tables[Note], packing: Packing, layout: Layout) -> None:
        self._tables, self._packing, self._layout = tables, packing, layout
        words = layout.words
        self.unit = (0,) * words
        self._starts = list(accumulate((layout.ones[place] + 1 for place in packing.controls), initial=0))
        self._contexts = np.zeros((len(packing.controls), 4), np.int64)
        for place in packing.controls:
            self._contexts[place] = (*layout.place(place), self._starts[place])
        self._rows = np.full((self._starts[-1], 5), UNKNOWN, np.int64)
        self._entries = Growing(np.int32)
        self._deltas, self._marks, self._first = Growing(np.uint64, words), Growing(np.uint8), Growing(np.int32)
        self._quiet = Growing(np.int32)
        self._checks = Growing(np.int32, 2)
        self._keys, self._masks, self._extras = Growing(np.int64), Growing(np.uint64, words), Growing(np.uint64, words)
        self._known, self._adds = np.zeros((1 << 10, words + 1), np.uint64), np.zeros(1 << 10, np.int32)
        self._facts = 0  # known in all
        self._guards: dict[Judge | Recorder, int] = {}
        self._checked: list[Judge | Recorder | None] = []  # by guard
        self._reads: list[tuple[int, ...]] = []  # by guard, the slots that make up its mask
        self._latest = 0  # key of a guard
        self._extra_numbers: dict[tuple[int, ...], int] = {}
        self._most = [0] * len(packing.controls)
        self._entered: list[set[tuple[int, int]]] = [set() for _ in packing.controls]  # by context: control, number
        self.moves: dict[int, Move[Note]] = {}
        for array in (self._deltas, self._marks, self._first, self._quiet, self._extras, self._checks):
            array.append(0)
        for place, rows in enumerate(tables.rows):
            for control, (slot, row) in enumerate(rows):
                for number, moves in row.items():
                    self._enter(place, control, slot, number, moves)

    @property
    def widest(self) -> int:
        return sum(self._most)

    @property
    def steps(self) -> Steps:
        """For the kernels. Valid until more is learned."""
        moves = self._deltas.array, self._marks.array, self._first.array, self._quiet.array
        return Steps(self._contexts, self._rows, self._entries.array, *moves)

    @property
    def guards(self) -> Guards:
        """For the kernels. Valid until more is learned."""
        arrays = self._checks.array, self._keys.array, self._masks.array
        return Guards(*arrays, self._known, self._adds, self._extras.array)

    def learn(self, asked: Iterable[tuple[int, int]]) -> None:
        """What contexts can do in states: pairs of a packed state and the place of a context. Raises: `Outgrown`."""
        learned = []
        for state, place in asked:
            control = self._layout.field(state, place)
            slot, row = self._tables.rows[place][control]
            number = self._layout.field(state, slot)
            if (control, number) not in self._entered[place]:
                learned.append((place, control, slot, number, row[number]))
                self._entered[place].add((control, number))
        if not self._layout.fits():
            raise Outgrown
        for entry in learned:
            self._enter(*entry)

    def _enter(self, place: int, control: int, slot: int, number: int, moves: tuple[Move[Note], ...]) -> None:
        row = self._rows[self._starts[place] + control]
        if row[kernels.START] == UNKNOWN:
            # a choice, or nothing to do, is decided by the control state itself, and has one entry
            where, size = ((0, 0, 0), 1) if slot == place else (self._layout.place(slot), self._layout.ones[slot] + 1)
            row[:] = *where, self._entries.extend(size, UNKNOWN), slot
        entry = self._moves(place, slot, moves)
        self._entries.array[row[kernels.START] + (0 if slot == place else number)] = entry

    def words(self, changes: Iterable[tuple[int, int]]) -> list[int]:
        """What to add to the words of a state to change the numbers in these slots by so much."""
        found = [0] * self._layout.words
        for slot, change in changes:
            if self._layout.ones[slot]:
                word, shift, _ = self._layout.place(slot)
                found[word] += change << shift
        return [word & _WORD for word in found]

    def _moves(self, place: int, slot: int, moves: tuple[Move[Note], ...]) -> int:
        """The number of the first of the moves of a context that a slot decides on."""
        if not moves:
            return kernels.BLOCKED
        self._most[place] = max(self._most[place], len(moves))
        first = self._marks.used
        for move in moves:
            _, step, note = move
            noted, oops = note != QUIET, note[0] is not None and note[0].oops
            self._deltas.append(self.words(self._tables.changes[step]))
            self._first.append(self._note(note) if noted else 0)
            changes = any(changed == slot for changed, _ in self._tables.changes[step])
            number = self._marks.append(kernels.NOTED * noted | kernels.OOPS * oops | kernels.CHANGES * changes)
            self._quiet.append(0)
            self.moves[number] = move
        self._marks.array[number] |= kernels.LAST
        self._quiet.array[first] = 0 if any(note != QUIET for _, _, note in moves) else len(moves)
        return first

    def _note(self, note: Note) -> int:
        """The number of the first check."""
        watch, judges = note
        before: list[Judge | Recorder | None] = []
        after: tuple[Judge, ...] = ()
        if watch is not None:
            # what a handler noted is in order once it is on record
            before = [*([None] if watch.noted else ()), *watch.before, *watch.histories]
            after = watch.after
        first = self._checks.used
        for when, checks in ((kernels.BEFORE, before), (kernels.AFTER, after), (kernels.ALWAYS, judges)):
            for check in checks:
                self._checks.append((when, self._guard(check)))
        self._checks.append((kernels.END, 0))
        return first

    def _guard(self, check: Judge | Recorder | None) -> int:
        if check in self._guards:
            return self._guards[check]
        number = len(self._checked)
        if check is not None:
            self._guards[check] = number
        self._checked.append(check)
        self._reads.append(())
        self._keys.append(self._new_key())
        self._masks.append(0)
        return number

    def _new_key(self) -> int:
        self._latest += 1
        return self._latest

    def remember(self, move: int, state: int, successor: int, new: bool) -> None:
        """All checks of a move are in order, or on record: from `state` to `successor`, packed as the packing does."""
        both = np.array([self.words(enumerate(self._packing.numbers(one))) for one in (state, successor)], np.uint64)
        check = self._first.array[move]
        while (when := self._checks.array[check, 0]) != kernels.END:
            guard = self._checks.array[check, 1]
            if when == kernels.BEFORE:
                self._know(guard, both, 0, self._adds_to(guard, state))
            elif when == kernels.AFTER or new:
                self._know(guard, both, 1, 0)
            check += 1

    def _know(self, guard: int, rows: U64, row: int, adds: int) -> None:
        check = self._checked[guard]
        slots = () if check is None else check.slots
        if slots != self._reads[guard]:  # it has looked at more than before
            self._reads[guard] = slots
            self._masks.array[guard] = self.words((slot, self._layout.ones[slot]) for slot in slots)
            self._keys.array[guard] = self._new_key()
        if self._facts * 2 >= len(self._known):
            self._make_room()
        self._facts += kernels.remember(self.unit, self.guards, guard, rows, row, adds)

    def _adds_to(self, guard: int, state: int) -> int:
        """The number of what a guard adds to the successor of a state."""
        check = self._checked[guard]
        if not isinstance(check, Recorder):
            return 0
        (slot,) = check.slots
        extra = tuple(self.words([(slot, self._packing.change(slot, check(state)[0]))]))
        return self._extra(extra) if any(extra) else 0

    def _extra(self, words: tuple[int, ...]) -> int:
        if words not in self._extra_numbers:
            self._extra_numbers[words] = self._extras.append(words)
        return self._extra_numbers[words]

    def _make_room(self) -> None:
        before, adds_before = self._known, self._adds
        self._known = np.zeros((2 * len(before), before.shape[1]), np.uint64)
        self._adds = np.zeros(2 * len(before), np.int32)
        everything = np.full((1, len(self.unit)), _WORD, np.uint64)
        kernels.spread(self.unit, before, adds_before, self._known, self._adds, everything)

"""What was learned (`explore.learned.tables`), in arrays for `kernels`: as much as was asked for, packed in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from aprt.explore.checking.checks import QUIET, Due
from aprt.explore.checking.judges import Judge, Recorder
from aprt.explore.compiled import kernels
from aprt.explore.compiled.kernels import I64, U64, UNKNOWN, Guards, Steps
from aprt.explore.learned.packing import FIELD_BITS, Packing
from aprt.explore.learned.tables import Move, Tables
from aprt.explore.stateful.layout import Layout
from aprt.explore.stateful.loop import Outgrown

_WORD = (1 << 64) - 1
_ENTRIES = 1 << 12  # room in the smallest table of entries
_SPARSE = 4  # a table has room for so many times its entries, so that most are found at the first place looked at


class Growing:
    """An array with room at its end. shape: of one item. used: how many items it has."""

    def __init__(self, kind: DTypeLike, *shape: int) -> None:
        self.array: np.ndarray[Any, Any] = np.zeros((64, *shape), kind)
        self.used = 0

    def append(self, item: object) -> int:
        """Add an item; gives its number."""
        number, self.used = self.used, self.used + 1
        if self.used > len(self.array):
            self.array = np.concatenate([self.array, np.zeros_like(self.array)])
        self.array[number] = item
        return number


class Entries:
    """What contexts can do, by control state and number. table: `Steps.entries`, another one once that is too small."""

    def __init__(self) -> None:
        self.table = self._empty(_ENTRIES)
        self._learned = 0

    def make_room(self, count: int) -> None:
        """Have room for so many more entries."""
        need = _SPARSE * (self._learned + count)
        if need > len(self.table):
            before, self.table = self.table, self._empty(1 << need.bit_length())
            kernels.learn_again(before, self.table)

    def learn(self, key: int, entry: int) -> None:
        """Add an entry, for which there is room."""
        self._learned += kernels.learn(self.table, key, entry)

    @staticmethod
    def _empty(room: int) -> I64:
        table: I64 = np.zeros((room, 2), np.int64)
        table[:, 1] = UNKNOWN
        return table


class Arrays:
    """What is learned of `tables`, for states packed as `layout` says.

    moves: by number. widest: no state has more moves. unit: what kernels take as `words`. entries: before kernels ask
    for more to be learned, there must be room for what they ask for.
    """

    def __init__(self, tables: Tables[Due], packing: Packing, layout: Layout) -> None:
        self._tables, self._packing, self._layout = tables, packing, layout
        words = layout.words
        self.unit = (0,) * words
        self._contexts = np.array([(*layout.place(place), 0) for place in packing.controls], np.int64)
        self._rooms = [0] * len(packing.controls)  # by context, for so many control states
        self._rows = np.zeros((0, 5), np.int64)
        self._rows_known = 0
        self.entries = Entries()
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
        self.moves: dict[int, Move[Due]] = {}
        for array in (self._deltas, self._marks, self._first, self._quiet, self._extras, self._checks):
            array.append(0)
        self._make_rows()
        for place, rows in enumerate(tables.rows):
            for control, (slot, row) in enumerate(rows):
                self.entries.make_room(len(row))
                for number, moves in row.items():
                    self._enter(place, control, slot, number, moves)

    @property
    def widest(self) -> int:
        return sum(self._most)

    @property
    def steps(self) -> Steps:
        """For the kernels. Valid until more is learned."""
        moves = self._deltas.array, self._marks.array, self._first.array, self._quiet.array
        return Steps(self._contexts, self._rows, self.entries.table, *moves)

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
            learned.append((place, control, slot, number, row[number]))
        if not self._layout.fits():
            raise Outgrown
        self._make_rows()
        self.entries.make_room(len(learned))
        for entry in learned:
            self._enter(*entry)

    def _enter(self, place: int, control: int, slot: int, number: int, moves: tuple[Move[Due], ...]) -> None:
        row = self._rows[self._contexts[place, kernels.START] + control]
        if row[kernels.KEY] == UNKNOWN:
            # a choice, or nothing to do, is decided by the control state itself, and has one entry
            where = (0, 0, 0) if slot == place else self._layout.place(slot)
            self._rows_known += 1
            row[:] = *where, self._rows_known << FIELD_BITS, slot
        key = row[kernels.KEY] + (0 if slot == place else number)
        self.entries.learn(key, self._moves(place, slot, moves))

    def _make_rows(self) -> None:
        """For every control state that there is by now."""
        counts = self._packing.counts()
        rooms = [room if counts[place] <= room else 2 * counts[place] for place, room in enumerate(self._rooms)]
        if rooms == self._rooms:
            return
        rows = np.full((sum(rooms), 5), UNKNOWN, np.int64)
        starts = accumulate(rooms, initial=0)
        for context, before, start in zip(self._contexts, self._rooms, starts, strict=False):
            first = context[kernels.START]
            rows[start : start + before] = self._rows[first : first + before]
            context[kernels.START] = start
        self._rooms, self._rows = rooms, rows

    def words(self, changes: Iterable[tuple[int, int]]) -> list[int]:
        """What to add to the words of a state to change the numbers in these slots by so much."""
        found = [0] * self._layout.words
        for slot, change in changes:
            if self._layout.ones[slot]:
                word, shift, _ = self._layout.place(slot)
                found[word] += change << shift
        return [word & _WORD for word in found]

    def _moves(self, place: int, slot: int, moves: tuple[Move[Due], ...]) -> int:
        """The number of the first of the moves of a context that a slot decides on."""
        if not moves:
            return kernels.BLOCKED
        self._most[place] = max(self._most[place], len(moves))
        first = self._marks.used
        for move in moves:
            _, step, due = move
            noted, oops = due != QUIET, due[0] is not None and due[0].oops
            self._deltas.append(self.words(self._tables.changes[step]))
            self._first.append(self._due(due) if noted else 0)
            changes = any(changed == slot for changed, _ in self._tables.changes[step])
            number = self._marks.append(kernels.NOTED * noted | kernels.OOPS * oops | kernels.CHANGES * changes)
            self._quiet.append(0)
            self.moves[number] = move
        self._marks.array[number] |= kernels.LAST
        self._quiet.array[first] = 0 if any(note != QUIET for _, _, note in moves) else len(moves)
        return first

    def _due(self, due: Due) -> int:
        """The number of the first check."""
        watch, judges = due
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
        """All checks of a move from `state` to `successor` were made. new: also those made only if that is new.

        state, successor: packed as the packing packs them.
        """
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

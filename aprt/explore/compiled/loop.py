"""The compiled loop of strategy "states": `kernels` does on arrays what the plain loop does on dicts.

It takes over from the plain loop between two levels. It goes by the same tables (`arrays`), and states get the same
numbers, since `kernels.expand` comes back for whatever it cannot do alone (an entry that is not learned, a check that
is not known to be in order, a state without steps) in the order in which the plain loop meets that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from aprt.explore.checking.checks import after
from aprt.explore.compiled import kernels
from aprt.explore.compiled.arrays import Arrays
from aprt.explore.compiled.graph import JoinedGraph
from aprt.explore.compiled.kernels import (
    COUNT,
    EARLIER,
    FILLED,
    HERE,
    NEXT,
    STEPS,
    STUCK,
    TRANSITIONS,
    U32,
    U64,
    Block,
    Int,
    Store,
)
from aprt.explore.stateful import loop
from aprt.explore.stateful.chunk import AFTER_OOPS, Chunk
from aprt.explore.stateful.layout import Layout, tight_widths
from aprt.explore.stateful.loop import Loop, Outgrown
from aprt.explore.watchdog import Look, Stop

_BLOCK = 2_048  # successors in a block
_BLOCKS = 64  # so many blocks before the watchdog looks
_ASKED = 1_024  # so many entries are learned at once
_AHEAD = 4_096  # so many states are searched for entries to learn
_STUCK = 4_096  # so many states without steps are noted down before the search is told of them
_MOST = AFTER_OOPS - 1  # so many states can have numbers
_KNOWN = 2_000  # with so many states, most of what there is to learn is known
_GENEROUS = 6  # bits that every field has at least before that, so that states are not packed anew all the time


class Host(loop.Host, Protocol):
    """The search that a compiled loop works for."""

    def unchecked(self, ends: Sequence[int], deadlocks: Sequence[int]) -> None:
        """These end states and deadlocks are reached, where neither is checked (`Checks.terminal`)."""


class CompiledLoop(Loop):
    """Goes on where another loop stopped after so many `transitions`, with the states in `before`."""

    name = "compiled"
    host: Host

    def __init__(self, host: Host, before: Sequence[Chunk], transitions: int) -> None:
        super().__init__(host)
        self.limit, self.transitions = min(self.limit, _MOST), transitions
        self._cursor = np.zeros(kernels.CURSOR, np.int64)
        self._cursor[COUNT], self._cursor[TRANSITIONS] = sum(map(len, before)), transitions
        layout = self._new_layout()
        self._states: U64 = np.concatenate([_packed(_words(chunk), chunk.layout, layout) for chunk in before])
        self._parents: U32 = np.concatenate([np.frombuffer(chunk.parents, "<u4") for chunk in before]).astype(np.uint32)
        self.oopses = np.flatnonzero(self._parents & AFTER_OOPS).tolist()
        self._table: U64 = np.zeros(0, np.uint64)
        self._pack_as(layout)
        self._run(0)  # expands nothing, but compiles what is not compiled yet

    def __len__(self) -> int:
        return int(self._cursor[COUNT])

    @property
    def bytes_per_state(self) -> float:
        return (self._states.nbytes + self._parents.nbytes + self._table.nbytes) / len(self)

    def mark_oops(self, number: int) -> None:
        self._parents[number] |= AFTER_OOPS

    def dense(self, number: int) -> int:
        return int.from_bytes(self._states[number].tobytes(), "little")

    def parent(self, number: int) -> int:
        return int(self._parents[number]) & ~AFTER_OOPS

    def chunk(self, first: int, last: int) -> Chunk:
        states, parents = self._states[first:last].astype("<u8"), self._parents[first:last].astype("<u4")
        return Chunk(self.layout, states.tobytes(), parents.tobytes())

    def insert(self, successor: int, here: int) -> bool:
        words = self._arrays.unit
        row = np.frombuffer(successor.to_bytes(8 * len(words), "little"), np.uint64).reshape(1, -1)
        number = kernels.admit(words, self._store, self._cursor, row, 0, self.limit, here)
        if number == kernels.TOO_MANY:
            raise Stop("max_states")
        return bool(number == kernels.ADDED)

    def expand(self, first: int, last: int) -> None:
        if self._generous and len(self) >= _KNOWN:
            self._pack_anew()
        self._cursor[HERE], count = first, len(self)
        self._drop()
        try:
            while not self._expand(last):
                pass
        finally:
            self._tell_stuck(last)
            self.transitions = int(self._cursor[TRANSITIONS])
            self.oopses += (count + np.flatnonzero(self._parents[count : len(self)] & AFTER_OOPS)).tolist()

    def _expand(self, last: int) -> bool:
        """Go on until `kernels.expand` comes back, and do what it asks for; whether everything is expanded."""
        cursor = self._cursor
        here, transitions = self._place()
        self._tell_stuck(here)
        self.host.look(here, transitions)
        match self._run(last):
            case kernels.DONE:
                return True
            case kernels.PAUSE:
                pass
            case kernels.LIMIT:
                cursor[TRANSITIONS] += 1
                self._forget_after(int(self._block.sources[cursor[NEXT]]))
                raise Stop("max_states")
            case kernels.FULL:
                self._make_room()
            case kernels.LEARN:
                self._learn(int(cursor[HERE]), last)
            case kernels.TERMINAL if self.host.checks.terminal:
                self.host.terminal(int(cursor[HERE]))
                cursor[HERE] += 1
            case kernels.TERMINAL:
                self._tell_stuck(last)
            case kernels.CHECK:
                self._check()
            case reason:
                raise AssertionError(reason)
        return False

    def _place(self) -> tuple[int, int]:
        """The first state of which not every step was taken, and the steps taken before those of it."""
        cursor = self._cursor
        done = cursor[NEXT]
        if done == cursor[FILLED]:
            return int(cursor[HERE]), int(cursor[TRANSITIONS])
        return int(self._block.sources[done]), int(cursor[EARLIER] + self._block.ahead[done])

    def _run(self, last: int) -> Int:
        arrays = self._arrays
        learned = arrays.unit, self._store, arrays.steps, arrays.guards
        return kernels.expand(*learned, self._block, self._cursor, last, self.limit, _BLOCK, _BLOCKS)

    def _learn(self, here: int, last: int) -> None:
        """What is possible in that state and those behind it, in the order in which the plain loop learns it."""
        asked: U32 = np.zeros((_ASKED + len(self.packing.controls), 2), np.uint32)
        self._arrays.entries.make_room(len(asked))
        count = kernels.ask(self._store, self._arrays.steps, here, min(last, here + _AHEAD), asked)
        try:
            self._arrays.learn((self.dense(number), place) for number, place in asked[:count].tolist())
            self._widen()
        except Outgrown:
            self._pack_anew()

    def _forget_after(self, here: int) -> None:
        """Forget the states without steps that the block has noted down behind that one: it stops here."""
        self._cursor[STUCK] = np.searchsorted(self._block.stuck[: self._cursor[STUCK]], here)

    def _tell_stuck(self, last: int) -> None:
        """Tell the search of the states without steps, before that one, that were only noted down so far."""
        if not self._cursor[STUCK]:
            return
        noted = self._block.stuck[: self._cursor[STUCK]].copy()
        stuck, later = np.split(noted, [np.searchsorted(noted, last)])
        self._block.stuck[: len(later)] = later
        self._cursor[STUCK] = len(later)
        end = np.ones(len(stuck), np.bool_)
        for place, idle in enumerate(self.tables.idle):
            word, shift, mask = self.layout.place(place)
            end &= np.array(idle)[self._states[stuck, word] >> np.uint64(shift) & np.uint64(mask)]
        self.host.unchecked(stuck[end].tolist(), stuck[~end].tolist())

    def _check(self) -> None:
        """Take the step NEXT in Python, and check whatever there is to check."""
        i = self._cursor[NEXT]
        here, number = int(self._block.sources[i]), int(self._block.moves[i])
        move, count = self._arrays.moves[number], len(self)
        self._cursor[NEXT] += 1
        self._cursor[TRANSITIONS] += 1
        state = self.state(here)
        try:
            successor = self.take(here, state, move)
        except BaseException as error:
            self._forget_after(here)
            if not isinstance(error, Outgrown):
                raise
            # all steps out of that state again
            self._cursor[TRANSITIONS] = self._cursor[EARLIER] + self._block.ahead[i]
            self._cursor[HERE] = here
            self._drop()
            self._pack_anew()
        else:
            self._arrays.remember(number, state, successor, new=len(self) > count)
            if self._cursor[NEXT] == self._cursor[FILLED]:
                # steps that were left out behind the last one of the block count, too
                self._cursor[TRANSITIONS] = self._cursor[EARLIER] + self._cursor[STEPS]

    def _drop(self) -> None:
        """Forget the rest of the block."""
        self._cursor[NEXT] = self._cursor[FILLED] = 0

    @property
    def _store(self) -> Store:
        return Store(self._states, self._parents, self._table, 65 - len(self._table).bit_length())

    def _make_room(self) -> None:
        """Have room for one more block at least."""
        need = len(self) + len(self._block.sources)
        if need > len(self._states):
            room = max(need, len(self._states) * 9 // 8)
            self._states.resize((room, self.layout.words), refcheck=False)
            self._parents.resize(room, refcheck=False)
        if need * 4 > len(self._table) * 3:
            before, self._table = self._table, np.zeros(1 << (need * 4 // 3).bit_length(), np.uint64)
            if len(before):
                kernels.take_over(self._store, before)
            else:
                kernels.fill(self._arrays.unit, self._store, len(self))

    def _new_layout(self) -> Layout:
        self._generous = len(self) < _KNOWN
        widths = tight_widths(self.packing, self.slots, _GENEROUS if self._generous else 0)
        return Layout(self.packing, widths, summed=False)

    def _pack_anew(self) -> None:
        """Pack all states again, in fields with room for more numbers."""
        layout = self._new_layout()
        self._states = _packed(self._states, self.layout, layout)
        self._table = np.zeros(0, np.uint64)
        self._pack_as(layout)

    def _pack_as(self, layout: Layout) -> None:
        """Use this layout from now on. What was learned in terms of another one is looked up again."""
        self.layout = layout
        self._arrays = Arrays(self.tables, self.packing, layout)
        self._block = self._new_block(2 * _BLOCK)
        self._make_room()

    def _widen(self) -> None:
        """Let the block, which is empty, have room: until it has `_BLOCK` successors, `make` takes one more state."""
        room = _BLOCK + self._arrays.widest
        if room > len(self._block.sources):
            self._block = self._new_block(room + _BLOCK)

    def _new_block(self, room: int) -> Block:
        return Block(
            np.zeros((room, self.layout.words), np.uint64),
            np.zeros(room, np.uint32),
            np.zeros(room, np.int32),
            np.zeros(room, np.uint64),
            np.zeros(room, np.uint64),
            np.zeros(room, np.uint32),
            np.zeros(room, np.uint32),
            np.zeros(0 if self.host.checks.terminal else _STUCK, np.uint32),
        )

    def graph(self, look: Look) -> JoinedGraph:
        return JoinedGraph(len(self), self._edges(look))

    def _edges(self, look: Look) -> U32:
        """The numbers of the two states that each transition joins, in the order of the first."""
        edges: U32 = np.zeros((2, self.transitions), np.uint32)
        cursor = np.zeros(kernels.CURSOR, np.int64)
        while True:
            look()
            arrays, store, block = self._arrays, self._store, self._block
            reason = kernels.make(arrays.unit, store, arrays.steps, block, cursor, len(self), _BLOCK, True)
            if cursor[FILLED] == 0 and reason == kernels.DONE:
                return edges
            if cursor[FILLED] == 0 and reason == kernels.LEARN:
                self._learn(int(cursor[HERE]), len(self))
            elif cursor[FILLED] == 0:
                cursor[HERE] += 1
            while kernels.join(arrays.unit, store, arrays.steps, arrays.guards, block, cursor, edges) == kernels.CHECK:
                i = cursor[NEXT]
                here, number = int(block.sources[i]), int(block.moves[i])
                state = self.state(here)
                arrays.remember(number, state, after(state, arrays.moves[number])[0], new=False)
                # checks before the one that was not known have added to it
                block.successors[i] = self._states[here] + arrays.steps.deltas[number]
                block.hashes[i] = kernels.hashed(arrays.unit, block.successors, i)


def _words(chunk: Chunk) -> U64:
    """The states of a chunk as rows."""
    return np.frombuffer(chunk.packed, "<u8").reshape(len(chunk), -1).astype(np.uint64)


def _packed(states: U64, before: Layout, layout: Layout) -> U64:
    """Rows, packed as another layout says."""
    packed = np.zeros((len(states), layout.words), np.uint64)
    for slot in before.slots:
        word, shift, mask = before.place(slot)
        to, by, _ = layout.place(slot)
        packed[:, to] |= (states[:, word] >> np.uint64(shift) & np.uint64(mask)) << np.uint64(by)
    return packed

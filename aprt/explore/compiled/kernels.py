"""The compiled part of strategy "states": what `loop` calls for many states at once. Needs numba.

States are rows of 64-bit words, packed as `explore.stateful.layout` says. A *block* of successors goes through three
passes: all are made (`make`); what the hash table has in their places is read, so that the waits for memory overlap
(`read_ahead`); each is looked for and, if it is new, added (`insert`). The passes take states, contexts and moves in
the order in which the plain loop takes them.

Whatever cannot be done on numbers alone is left to Python: an entry that is not learned yet, a check of fields for
which it is not known to be in order, a state without steps. `expand` then returns the reason, and can be called again.

Most functions take a tuple `words` first, for its length only: the number of words of a state. So the number is known
when a function is compiled, once for each length.

All of this stands in one file, records and constants too. For numba keeps compiled code until the file of its function
changes; it does not see that a constant, a record or an inlined part has changed in another file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aprt.explore import reachability
from aprt.explore.stateful.chunk import AFTER_OOPS

U8: TypeAlias = NDArray[np.uint8]
U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]
I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
Words: TypeAlias = tuple[int, ...]
Int: TypeAlias = Any  # an integer of Python's, or one of numpy's


class Store(NamedTuple):
    """The states found, by number. parents: by number, that of the state before, with `AFTER_OOPS` after an oops.

    table: a hash table, a power of two long. An entry is the high half of a state's hash, and below it the state's
    number plus 1; 0 where there is none. shift: `hash >> shift` is the place in the table. These are the highest bits,
    so that entries come in the same order in a larger table, which makes it quick to fill from a smaller one.
    """

    states: U64
    parents: U32
    table: U64
    shift: int


class Steps(NamedTuple):
    """What is learned.

    contexts: by context, where the field of its control state is, and in which row of `rows` control state 0 is.
    rows: by control state, where the field is that decides what the context can do; the key in `entries` of number 0 in
    that field, or `UNKNOWN`; and the field's slot. The columns of both are named `WORD` to `SLOT` below.
    entries: a hash table, a power of two long, of (key, what the context can do): `BLOCKED`, or the number of its
    first move; its other moves come behind that one, up to the one marked `LAST`. What is not learned is `UNKNOWN`, or
    `ASKED` once `ask` has told of it. An array would be sparse: with each control state few numbers are met.
    deltas, marks, checks: by move: what to add to the state, some of the marks below, its first check in
    `Guards.checks`. quiet: by first move: how many moves there are, or 0 if something is to be checked at one of them.
    """

    contexts: I64
    rows: I64
    entries: I64
    deltas: U64
    marks: U8
    checks: I32
    quiet: I32


class Guards(NamedTuple):
    """Where checks are known to be in order: see `explore.stateful.guards`.

    checks: (when, number of the guard); those of a move stand one behind the other, up to an `END`.
    keys, masks: by guard: a number of its own that is not 0, and the fields that its check depends on.
    known: a hash table, of the masked words of a state and, behind them, the key of the guard; 0 where there is none.
    adds: by the place in `known`: what the guard adds to the successor, as a number in `extras`.
    """

    checks: I32
    keys: I64
    masks: U64
    known: U64
    adds: I32
    extras: U64


class Block(NamedTuple):
    """Some successors; for each the number of the state it comes from, the move, and its hash.

    found: what the table of states had in the place of the hash.
    before, ahead: how many steps of the block, with those left out, come before the one to this successor; and before
    the first one out of the same state.
    stuck: the numbers of states without steps, as long as there is room. With no room, each is a reason to return.
    """

    successors: U64
    sources: U32
    moves: I32
    hashes: U64
    found: U64
    before: U32
    ahead: U32
    stuck: U32


# columns of `Steps.contexts` and `Steps.rows`
WORD, SHIFT, MASK = 0, 1, 2  # of a state: where a field is
START = 3  # in contexts: the row of number 0 in that field
KEY = 3  # in rows: the key of number 0 in that field; that of number n is higher by n
SLOT = 4  # of that field, as Python numbers them

# entries that are no first move
ASKED = -2
UNKNOWN = -1
BLOCKED = 0

# marks of moves, as bits
LAST = 1  # the last one that its context can take there
NOTED = 2  # something is checked
OOPS = 4
CHANGES = 8  # it changes the field that decides on it

# when a check is made
END = 0  # never: there are no more
BEFORE = 1
AFTER = 2
ALWAYS = 3  # after, if the state is new

# what is in a cursor
HERE = 0  # the next state to expand
COUNT = 1  # states
TRANSITIONS = 2  # steps taken
NEXT = 3  # in the block, the next successor
FILLED = 4  # successors in the block
EARLIER = 5  # steps taken before the block
STEPS = 6  # steps that the block stands for, with those left out
STUCK = 7  # states in `Block.stuck`
CURSOR = 8  # how long a cursor is

# why `expand` returns
DONE = 0  # all is expanded
PAUSE = 1  # it is time to report
FULL = 2  # there is too little room
LIMIT = 3  # there would be one state too many
LEARN = 4  # the state HERE has an entry that is unknown
TERMINAL = 5  # the state HERE has no step
CHECK = 6  # a check of the step NEXT is not known to be in order

# what `admit` gives when it is no number of a state
ADDED = -1
TOO_MANY = -2

_BATCH = 256  # so many states are hashed, and their places in the table read, before they are entered

# the golden ratio, and the multipliers of the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014; mix 13 of
# D. Stafford)
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_ONE, _NONE = np.uint64(1), np.uint64(0)


def compiled(function: Callable[..., Any]) -> Any:
    """The function, compiled when it is first called; kept for the next process where there is a place for that."""
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # neither the source's directory nor the user's cache can be written
        return njit(function)


def inlined(function: Callable[..., Any]) -> Any:
    """The function, to become a part of the compiled ones that use it: a call would pass all of its arrays, which takes
    longer than what it does."""
    return njit(inline="always")(function)


tally, arrange, reach_back = (
    compiled(reachability.tally),
    compiled(reachability.arrange),
    compiled(reachability.reach_back),
)


@inlined
def hashed(words: Words, rows: U64, row: int) -> Any:
    """The hash of a row."""
    value = _NONE
    for word in range(len(words)):
        value = (value ^ rows[row, word]) * _A
        value ^= value >> _HALF
    value *= _B
    value ^= value >> np.uint64(29)
    value *= _C
    return value ^ (value >> _HALF)


@inlined
def equal(words: Words, ours: U64, our: int, theirs: U64, their: int) -> bool:
    """Whether two rows are the same."""
    same = True
    for word in range(len(words)):
        same &= ours[our, word] == theirs[their, word]
    return same


@inlined
def field(states: U64, number: int, places: I64, row: int) -> Int:
    """The number in a field of a state, whose place is in a row of `places`."""
    word = states[number, places[row, WORD]]
    return np.int64(word >> np.uint64(places[row, SHIFT]) & np.uint64(places[row, MASK]))


@inlined
def entry_of(entries: I64, key: int) -> Any:
    """The place of a key in a table of entries, or the place where it would be."""
    ones = np.uint64(len(entries) - 1)
    place = np.uint64(key) * _A >> _HALF & ones
    while entries[place, 0] != key and entries[place, 0] != 0:
        place = (place + _ONE) & ones
    return place


@compiled
def learn(entries: I64, key: int, entry: int) -> Int:
    """Put an entry into a table that has room for it. Gives 1 if it is new, else 0."""
    place = entry_of(entries, key)
    more = 1 if entries[place, 1] < BLOCKED else 0
    entries[place, 0], entries[place, 1] = key, entry
    return more


@compiled
def learn_again(before: I64, entries: I64) -> None:
    """Put all entries of a table into a larger one."""
    for i in range(len(before)):
        if before[i, 0] != 0:
            place = entry_of(entries, before[i, 0])
            entries[place, 0], entries[place, 1] = before[i, 0], before[i, 1]


@inlined
def find(words: Words, store: Store, rows: U64, row: int, value: int) -> Int:
    """The number of the state in a row, given its hash; -1 - its place in the table when it is new."""
    table = store.table
    ones = np.uint64(len(table) - 1)
    place = value >> np.uint64(store.shift)
    while True:
        entry = table[place]
        if entry == _NONE:
            return -1 - np.int64(place)
        if entry >> _HALF == value >> _HALF:
            number = np.int64(entry & _LOW) - 1
            if equal(words, store.states, number, rows, row):
                return number
        place = (place + _ONE) & ones


@inlined
def enter(store: Store, entry: int) -> None:
    """Put an entry into the table, which does not have it."""
    ones, place = np.uint64(len(store.table) - 1), entry >> np.uint64(store.shift)
    while store.table[place] != _NONE:
        place = (place + _ONE) & ones
    store.table[place] = entry


@inlined
def add(words: Words, store: Store, cursor: I64, rows: U64, row: int, value: int, missing: int, parent: int) -> None:
    """Add the state in a row, for which `find` gave `missing`."""
    number = cursor[COUNT]
    for word in range(len(words)):
        store.states[number, word] = rows[row, word]
    store.parents[number] = parent
    cursor[COUNT] = number + 1
    store.table[-1 - missing] = (value >> _HALF) << _HALF | np.uint64(number + 1)


@compiled
def admit(words: Words, store: Store, cursor: I64, rows: U64, row: int, limit: int, parent: int) -> Int:
    """Add the state in a row if it is new. Gives its number when it is not, `ADDED`, or `TOO_MANY`."""
    value = hashed(words, rows, row)
    number = find(words, store, rows, row, value)
    if number >= 0:
        return number
    if cursor[COUNT] == limit:
        return TOO_MANY
    add(words, store, cursor, rows, row, value, number, parent)
    return ADDED


@compiled
def fill(words: Words, store: Store, count: int) -> Int:
    """Enter the first `count` states into an empty table."""
    shift, values, met = np.uint64(store.shift), np.empty(_BATCH, np.uint64), _NONE
    for first in range(0, count, _BATCH):
        batch = min(_BATCH, count - first)
        for i in range(batch):
            values[i] = hashed(words, store.states, first + i)
            met |= store.table[values[i] >> shift]  # so that it is in the cache when it is needed
        for i in range(batch):
            enter(store, (values[i] >> _HALF) << _HALF | np.uint64(first + i + 1))
    return np.int64(met)  # if nobody could use it, the compiler would leave out the reads


@compiled
def take_over(store: Store, table: U64) -> None:
    """Enter all entries of a smaller table into an empty one."""
    for entry in table:
        if entry != _NONE:
            enter(store, entry)


@compiled
def seek(words: Words, known: U64, key: int, masks: U64, mask: int, rows: U64, row: int) -> Int:
    """The place of a masked row, with that key, in `Guards.known`; -1 - the place where it would be when it is new."""
    value = np.uint64(key)
    for word in range(len(words)):
        value = (value ^ (rows[row, word] & masks[mask, word])) * _A
        value ^= value >> _HALF
    ones = np.uint64(len(known) - 1)
    place = value * _B >> _HALF & ones
    while known[place, len(words)] != _NONE:
        same = known[place, len(words)] == np.uint64(key)
        for word in range(len(words)):
            same &= known[place, word] == rows[row, word] & masks[mask, word]
        if same:
            return np.int64(place)
        place = (place + _ONE) & ones
    return -1 - np.int64(place)


@compiled
def recall(words: Words, guards: Guards, guard: int, rows: U64, row: int) -> Int:
    """What a guard adds for the state in a row, as a number in `extras`; -1 when that is not known."""
    place = seek(words, guards.known, guards.keys[guard], guards.masks, guard, rows, row)
    return np.int64(guards.adds[place]) if place >= 0 else -1


@compiled
def remember(words: Words, guards: Guards, guard: int, rows: U64, row: int, adds: int) -> bool:
    """Let a guard know the state in a row; whether that is new to it."""
    place = seek(words, guards.known, guards.keys[guard], guards.masks, guard, rows, row)
    if place >= 0:
        return False
    for word in range(len(words)):
        guards.known[-1 - place, word] = rows[row, word] & guards.masks[guard, word]
    guards.known[-1 - place, len(words)] = guards.keys[guard]
    guards.adds[-1 - place] = adds
    return True


@compiled
def spread(words: Words, before: U64, adds_before: I32, known: U64, adds: I32, masks: U64) -> None:
    """Enter all that is known into a larger table. masks: a single one, which keeps everything."""
    for row in range(len(before)):
        if before[row, len(words)] != _NONE:
            place = -1 - seek(words, known, before[row, len(words)], masks, 0, before, row)
            known[place] = before[row]
            adds[place] = adds_before[row]


@inlined
def arrival(store: Store, steps: Steps, here: int) -> Any:
    """How a state was first reached: which context took the step, which slot decided on it, and whether the step
    changed that slot. Where the context cannot be told, since its control state did not change, it is number 0."""
    states, contexts, parent = store.states, steps.contexts, np.int64(store.parents[here])
    for place in range(len(contexts)):
        control = field(states, parent, contexts, place)
        if field(states, here, contexts, place) != control:
            row = contexts[place, START] + control
            changed = field(states, here, steps.rows, row) != field(states, parent, steps.rows, row)
            return place, steps.rows[row, SLOT], changed
    return 0, np.int64(UNKNOWN), True


@compiled
def make(
    words: Words, store: Store, steps: Steps, block: Block, cursor: I64, last: int, most: int, everything: bool
) -> Int:
    """Fill the block with the successors of the states from HERE to `last - 1`, until it has `most`.

    Unless `everything` is asked for, steps are left out that are known to lead to states found before: those of
    contexts earlier than the one by whose step the state was first reached, if they are independent of that step. Why
    is told in `explore.stateful.clusters`.

    Gives why it stopped at HERE: `PAUSE` when the block is full enough, or `DONE`, `LEARN`, `TERMINAL`.
    """
    states, rows = store.states, steps.rows
    here, filled, done, reason = cursor[HERE], 0, 0, DONE
    while here < last:
        if filled >= most:
            reason = PAUSE
            break
        filled_before, ahead = filled, done
        if store.parents[here] < AFTER_OOPS:
            came, slot, changed = arrival(store, steps, here)
            if everything:
                came = 0
            for place in range(len(steps.contexts)):
                row = steps.contexts[place, START] + field(states, here, steps.contexts, place)
                move = UNKNOWN
                if rows[row, KEY] != UNKNOWN:
                    move = steps.entries[entry_of(steps.entries, rows[row, KEY] + field(states, here, rows, row)), 1]
                if move < BLOCKED:
                    reason = LEARN
                    break
                if place < came and (rows[row, SLOT] != slot or not (changed or steps.marks[move] & CHANGES)):
                    quiet = steps.quiet[move]
                    if quiet:
                        done += quiet
                        continue
                while move != BLOCKED:
                    for word in range(len(words)):
                        block.successors[filled, word] = states[here, word] + steps.deltas[move, word]
                    block.hashes[filled] = hashed(words, block.successors, filled)
                    block.sources[filled] = here
                    block.moves[filled] = move
                    block.before[filled] = done
                    block.ahead[filled] = ahead
                    filled += 1
                    done += 1
                    move = BLOCKED if steps.marks[move] & LAST else move + 1
            if reason == DONE and done == ahead:
                if cursor[STUCK] < len(block.stuck):
                    block.stuck[cursor[STUCK]] = here
                    cursor[STUCK] += 1
                else:
                    reason = TERMINAL
            if reason != DONE:
                filled, done = filled_before, ahead
                break
        here += 1
    cursor[HERE], cursor[NEXT], cursor[FILLED] = here, 0, filled
    cursor[EARLIER], cursor[STEPS] = cursor[TRANSITIONS], done
    return reason


@compiled
def ask(store: Store, steps: Steps, first: int, last: int, asked: U32) -> Int:
    """What is to be learned for the states from `first` to `last - 1`: each (state, context) with an entry that is
    unknown and that no state before has is written to `asked`.

    Gives how many. It stops early where there is no more room, and at a state with a row that is unknown.
    """
    states, rows, count = store.states, steps.rows, 0
    for here in range(first, last):
        if store.parents[here] >= AFTER_OOPS:
            continue
        row_unknown = False
        for place in range(len(steps.contexts)):
            row = steps.contexts[place, START] + field(states, here, steps.contexts, place)
            unknown = rows[row, KEY] == UNKNOWN
            row_unknown |= unknown
            if not unknown:
                key = rows[row, KEY] + field(states, here, rows, row)
                entry = entry_of(steps.entries, key)
                if steps.entries[entry, 1] == UNKNOWN:
                    steps.entries[entry, 0], steps.entries[entry, 1] = key, ASKED
                    unknown = True
            if unknown:
                asked[count, 0] = here
                asked[count, 1] = place
                count += 1
        if row_unknown or count + len(steps.contexts) > len(asked):
            break
    return count


@compiled
def read_ahead(store: Store, block: Block, filled: int) -> Int:
    """Read what `insert` will need, so that the processor waits for many places of memory at once.

    In `insert` it would wait for each in turn, as what is done next depends on what was read.
    """
    shift = np.uint64(store.shift)
    for i in range(filled):
        block.found[i] = store.table[block.hashes[i] >> shift]
    met = _NONE
    for i in range(filled):
        entry = block.found[i]
        if entry != _NONE and entry >> _HALF == block.hashes[i] >> _HALF:
            met ^= store.states[np.int64(entry & _LOW) - 1, 0]
    return np.int64(met)


@compiled
def move_on(words: Words, store: Store, guards: Guards, block: Block, i: int, check: int) -> Int:
    """Let the checks before a step add to its successor. Gives the check behind them; -1: one is not known."""
    while guards.checks[check, 0] == BEFORE:
        extra = recall(words, guards, guards.checks[check, 1], store.states, np.int64(block.sources[i]))
        if extra < 0:
            return -1
        if extra > 0:
            for word in range(len(words)):
                block.successors[i, word] += guards.extras[extra, word]
            block.hashes[i] = hashed(words, block.successors, i)
        check += 1
    return check


@compiled
def in_order(words: Words, guards: Guards, block: Block, i: int, check: int, when: int) -> Int:
    """Look at the checks of a successor. Gives the check behind them; -1 if one is not known to be in order."""
    while guards.checks[check, 0] == when:
        if recall(words, guards, guards.checks[check, 1], block.successors, i) < 0:
            return -1
        check += 1
    return check


@compiled
def insert(words: Words, store: Store, steps: Steps, guards: Guards, block: Block, cursor: I64, limit: int) -> Int:
    """Take the steps of the block. Gives why it stopped at NEXT: `DONE`, `LIMIT` or `CHECK`."""
    i, reason = cursor[NEXT], DONE
    while i < cursor[FILLED]:
        move = block.moves[i]
        marks, check = steps.marks[move], np.int64(0)
        if marks & NOTED:
            check = move_on(words, store, guards, block, i, np.int64(steps.checks[move]))
            if check >= 0:
                check = in_order(words, guards, block, i, check, AFTER)
        number = find(words, store, block.successors, i, block.hashes[i])
        if number < 0:
            if marks & NOTED and check >= 0:
                check = in_order(words, guards, block, i, check, ALWAYS)
            if cursor[COUNT] == limit and check >= 0:
                reason = LIMIT
                break
        if check < 0:
            reason = CHECK
            break
        if number < 0:
            parent = np.int64(block.sources[i]) | (AFTER_OOPS if marks & OOPS else 0)
            add(words, store, cursor, block.successors, i, block.hashes[i], number, parent)
        i += 1
    cursor[NEXT] = i
    cursor[TRANSITIONS] = cursor[EARLIER] + (np.int64(block.before[i]) if i < cursor[FILLED] else cursor[STEPS])
    return reason


@compiled
def join(words: Words, store: Store, steps: Steps, guards: Guards, block: Block, cursor: I64, edges: U32) -> Int:
    """Write down which states the steps of the block join, from edge TRANSITIONS on. Gives why it stopped at NEXT."""
    for i in range(cursor[NEXT], cursor[FILLED]):
        cursor[NEXT] = i
        move = block.moves[i]
        if steps.marks[move] & NOTED and move_on(words, store, guards, block, i, np.int64(steps.checks[move])) < 0:
            return CHECK
        edges[0, cursor[TRANSITIONS]] = block.sources[i]
        edges[1, cursor[TRANSITIONS]] = find(words, store, block.successors, i, block.hashes[i])
        cursor[TRANSITIONS] += 1
    cursor[NEXT] = cursor[FILLED]
    return DONE


@compiled
def expand(
    words: Words,
    store: Store,
    steps: Steps,
    guards: Guards,
    block: Block,
    cursor: I64,
    last: int,
    limit: int,
    most: int,
    blocks: int,
) -> Int:
    """Take every step out of the states from HERE to `last - 1`. Gives `DONE`, or why it stopped before that.

    most: successors in a block. blocks: after so many it stops, with `PAUSE`. limit: states there may be.
    """
    reason = DONE
    while True:
        if cursor[NEXT] == cursor[FILLED]:
            if blocks == 0:
                return PAUSE
            blocks -= 1
            reason = make(words, store, steps, block, cursor, last, most, False)
            if cursor[FILLED] == 0:
                cursor[TRANSITIONS] += cursor[STEPS]
                return reason
        room = cursor[COUNT] + cursor[FILLED] - cursor[NEXT]
        if room > len(store.states) or room * 4 > len(store.table) * 3:
            return FULL
        if cursor[NEXT] == 0:
            read_ahead(store, block, cursor[FILLED])
        stopped = insert(words, store, steps, guards, block, cursor, limit)
        if stopped != DONE:
            return stopped

"""The loop of strategy "states" in plain Python that asks the contexts one by one what they can do.

States are integers packed by `explore.stateful.layout`. All fields are read at once; they tell what each context can
do. Where the steps need no checks they are plain numbers to add. Steps are left out of which it is known that they lead
to states found before (why: see `explore.stateful.clusters`).

The other steps are *noted*: something is checked when they are taken. Where it is not known to be in order
(`explore.stateful.guards`), `Loop.take` takes the step.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from aprt.explore.checking.checks import QUIET, after
from aprt.explore.learned.packing import INITIAL
from aprt.explore.reachability import Following
from aprt.explore.stateful.chunk import Chunk, joined
from aprt.explore.stateful.guards import Guards, NotedStep
from aprt.explore.stateful.layout import Fields, Layout, byte_widths
from aprt.explore.stateful.loop import FreshLoop, Host, Outgrown
from aprt.explore.watchdog import Look, Stop, looking

_Asked: TypeAlias = "list[tuple[int, int, _Rows, int]]"
"""Whom to ask in a state, which depends on how it was first reached. For each context: its place; the field of its
control state; what is known of it; and which of its steps must be taken: all (`_ALL`), or, if this is a field, only
those on which the same field decides as on the step that led to the state."""

_Steps: TypeAlias = tuple[tuple[int, ...], tuple[NotedStep, ...], _Asked]
"""The steps of a context: what each adds to the state or, if one of them is noted, all as noted steps; then whom to
ask in the states that they lead to."""

_Rows: TypeAlias = dict[int, tuple[int, dict[int, _Steps]]]
"""What is known of a context: by control state, the field that decides, and the steps by the number in that field."""

SPARE = 8  # when states are packed anew, there is room for so many times as many numbers
_ALL = -1


class ContextLoop(FreshLoop):
    """Its states can be packed anew, when they have outgrown their layout."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._seen = {INITIAL}
        self._rows: list[_Rows] = []
        self._reached = 0, 0  # the state that was being expanded, and the steps taken before
        self._pack_as(Layout(self.packing, byte_widths(self.packing, self.slots)))

    def close(self) -> None:
        super().close()
        self._forget()

    def _forget(self) -> None:
        for rows in self._rows:
            rows.clear()  # they refer to themselves: they tell whom to ask, and that names them

    def restore(self, chunks: Iterable[Chunk], transitions: int) -> None:
        self._pack_as(self._roomy())
        self._states, self._parents, self.oopses = joined(chunks, self.layout)
        self._seen = set(self._states)
        self.transitions = transitions

    @property
    def bytes_per_state(self) -> float:
        containers = (self._states, self._seen, self._parents, self._asked)
        return sum(map(sys.getsizeof, containers)) / len(self) + sys.getsizeof(self._states[-1])

    def insert(self, successor: int, here: int) -> bool:
        if successor in self._seen:
            return False
        if len(self._states) == self.limit:
            raise Stop("max_states")
        self._seen.add(successor)
        self._parents.append(here)
        self._states.append(successor)
        return True

    def insert_all(self, states: Sequence[int], parents: Sequence[int]) -> list[int]:
        """Add those of some states, all different, that are new. Gives their positions among them."""
        seen = self._seen
        new = [i for i, state in enumerate(states) if state not in seen]
        fresh = [states[i] for i in new]
        self._states += fresh
        seen.update(fresh)
        self._parents.extend([parents[i] for i in new])
        return new

    def since(self, first: int) -> tuple[list[int], array[int]]:
        """The states numbered from `first` on, and their parents."""
        return self._states[first:], self._parents[first:]

    def following(self, look: Look) -> Following:
        numbers = {state: number for number, state in enumerate(looking(self._states, look))}

        def following(here: int) -> Iterator[int]:
            state = self._states[here]
            for deltas, noted, _ in self._offers(state):
                for delta in deltas:
                    yield numbers[state + delta]
                for step in noted:
                    yield numbers[self._target(state, step)]

        return following

    def _offers(self, state: int) -> Iterator[_Steps]:
        """What each context can do in a state."""
        fields = self._fields.unpack(state.to_bytes(self._fields.size, "little"))
        for place, control, rows, _ in self._everybody:
            try:
                decides, row = rows[fields[control]]
                yield row[fields[decides]]
            except KeyError:
                yield self._learn(place, state)

    def _expand_by_context(self, numbers: Sequence[int]) -> None:
        states, seen, limit = self._states, self._seen, self.limit
        see, append, comes_from = seen.add, states.append, self._parents.append
        asked, asks = self._asked, self._asked.append
        asked += [self._everybody] * (len(states) - len(asked))
        oopses = set(self.oopses[bisect_left(self.oopses, numbers[0]) :])
        unpack, size = self._fields.unpack, self._fields.size
        count, transitions = len(states), self.transitions
        here, before = numbers[0], transitions
        try:
            for here in numbers:
                if here in oopses:
                    continue
                if not here & 255:
                    self.host.look(here, transitions)
                state = states[here]
                fields = unpack(state.to_bytes(size, "little"))
                before = transitions
                for place, control, rows, only in asked[here]:
                    try:
                        decides, row = rows[fields[control]]
                        deltas, noted, then = row[fields[decides]]
                    except KeyError:
                        deltas, noted, then = self._learn(place, state)
                    else:
                        if decides != only >= 0 and not noted:
                            transitions += len(deltas)
                            continue
                    for delta in deltas:
                        transitions += 1
                        successor = state + delta
                        if successor not in seen:
                            if count == limit:
                                raise Stop("max_states")
                            see(successor)
                            comes_from(here)
                            asks(then)
                            append(successor)
                            count += 1
                    if noted:
                        self.transitions = transitions
                        self._take(here, state, noted)
                        asked += [then] * (len(states) - len(asked))
                        count, transitions = len(states), self.transitions
                if transitions == before:
                    self.host.terminal(here)
        finally:
            self._reached = here, before
            self.transitions = max(self.transitions, transitions)  # `_take` counts its own, the one that stops it too

    def _take(self, here: int, state: int, noted: tuple[NotedStep, ...]) -> None:
        for step in noted:
            self.transitions += 1
            try:
                successor = state + step.delta
                for guard in step.before:
                    successor += guard.known[state & guard.mask]
                for guard in step.after:
                    guard.known[successor & guard.mask]
                if successor in self._seen:
                    continue
                for guard in step.always:
                    guard.known[successor & guard.mask]
            except KeyError:
                self._take_checked(here, state, step)
                continue
            self.insert(successor, here)
            if step.oops:
                self.oopses.append(len(self._states) - 1)

    def _take_checked(self, here: int, state: int, step: NotedStep) -> None:
        """Take a step whose guards do not know that it is in order: check it, and let them know."""
        wide, count = self.wide(state), len(self)
        wide_successor = self.take(here, wide, step.move)
        successor = self.narrow(wide_successor)
        for guard in step.before:
            self._guards.remember(guard, wide, state)
        for guard in step.after if len(self) == count else (*step.after, *step.always):
            self._guards.remember(guard, wide_successor, successor)

    def _target(self, state: int, step: NotedStep) -> int:
        """Where a step leads that was taken before."""
        try:
            return state + step.delta + sum([guard.known[state & guard.mask] for guard in step.before])
        except KeyError:  # a guard has forgotten
            return self.narrow(after(self.wide(state), step.move)[0])

    def _learn(self, place: int, state: int) -> _Steps:
        """What a context can do in a state. Raises: `Outgrown`."""
        layout, rows = self.layout, self._rows[place]
        control = layout.field(state, place)
        slot, moves_by = self.tables.rows[place][control]
        number = layout.field(state, slot)
        moves = moves_by[number]
        if not layout.fits():
            raise Outgrown
        decides, row = rows.setdefault(control, (self._fields.places[slot], {}))
        if number not in row:
            then = self._whom(place, decides)
            deltas = [self.layout.delta(self.tables.changes[change]) for _, change, _ in moves]
            if all(note == QUIET for _, _, note in moves):
                row[number] = tuple(deltas), (), then
            else:
                row[number] = (), tuple(map(self._guards.noted, moves, deltas)), then
        return row[number]

    def _whom(self, came: int, decided: int) -> _Asked:
        """Whom to ask in a state that was reached by a step of the context in that place, on which that field decided.

        Why some steps may be left out: see `explore.stateful.clusters`.
        """
        if (came, decided) not in self._whom_known:
            places = self._fields.places
            self._whom_known[came, decided] = [
                (place, places[place], rows, decided if place < came else _ALL) for place, rows in enumerate(self._rows)
            ]
        return self._whom_known[came, decided]

    def pack_anew(self) -> None:
        """Pack all states again, in fields with room for more numbers."""
        before, layout = self.layout, self._roomy()
        self._states = list(map(before.conversion(layout), self._states))
        self._seen = set(self._states)
        self._pack_as(layout)

    def _roomy(self) -> Layout:
        return Layout(self.packing, byte_widths(self.packing, self.slots, SPARE))

    def _pack_as(self, layout: Layout) -> None:
        """Use this layout from now on. What was learned in terms of another one is looked up again."""
        self._forget()
        self.layout, self._fields = layout, Fields(layout)
        self._asked: list[_Asked] = []  # by state
        self._rows = [{} for _ in self.packing.controls]
        self._whom_known: dict[tuple[int, int], _Asked] = {}
        self._everybody = self._whom(0, _ALL)  # no context is earlier
        self._guards = Guards(self.packing, layout)

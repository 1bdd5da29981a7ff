"""The loop of strategy "states" in plain Python: the reference, and the fastest for small searches.

States are integers packed by `explore.stateful.layout`. All fields are read at once; they tell what each context can
do. Where the steps need no checks they are plain numbers to add, and where states are many, contexts may be asked
together (`explore.stateful.clusters`). Either way steps are left out of which it is known that they lead to states
found before.

The other steps are *noted*: something is checked when they are taken. Where it is not known to be in order
(`explore.stateful.guards`), `Loop.take` takes the step.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TypeAlias

from aprt.explore.checking.checks import QUIET
from aprt.explore.learned.packing import INITIAL, Unknown
from aprt.explore.stateful.chunk import Chunk, unmark
from aprt.explore.stateful.clusters import ALL_STEPS, Apart, Arrival, Clusters, Steps
from aprt.explore.stateful.guards import Guards, NotedStep
from aprt.explore.stateful.layout import Fields, Layout, byte_widths
from aprt.explore.stateful.loop import FreshLoop, Host, Outgrown, after
from aprt.explore.watchdog import Stop

_SAMPLE = 2_048  # states that tell whether clusters pay
_AGAIN = 4  # times as many states tell anew
_SPARE = 8  # times as many numbers have room when states are packed anew


_Asked: TypeAlias = "list[tuple[int, int, _Rows, int]]"
"""The contexts to ask in a state, by how it was first reached. Of each its place, the field of its control state, what
is known by that, and the field that decided on the step that led there, if only steps that it decides on, too, must be
taken; `_ALL` where all must."""

_Steps: TypeAlias = tuple[tuple[int, ...], tuple[NotedStep, ...], _Asked]
"""What to add, or, if one of them is noted, the second; and whom to ask in the state that they lead to."""

_Rows: TypeAlias = dict[int, tuple[int, dict[int, _Steps]]]
"""By control state, the field that decides, and the steps by it."""

_ALL = -1


class PlainLoop(FreshLoop):
    """aside: numbers of states not expanded for want of what may not be learned."""

    name = "plain"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.aside: list[int] = []
        self._seen = {INITIAL}
        self._reached = 0, 0  # the state that was being expanded, and the steps taken before
        self._regroup = _SAMPLE  # so many states make clusters worth a thought
        self._pack_as(Layout(self.packing, byte_widths(self.packing, self.slots)))

    def restore(self, chunks: Sequence[Chunk], transitions: int) -> None:
        self._pack_as(Layout(self.packing, byte_widths(self.packing, self.slots)))
        self._states = [state for chunk in chunks for state in chunk.states(self.layout)]
        self._seen = set(self._states)
        self.transitions = transitions
        self._parents, self.oopses = unmark(chunks)

    @property
    def bytes_per_state(self) -> float:
        containers = (self._states, self._seen, self._parents, self._asked, self._arrivals, self._could)
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

    def expand(self, first: int, last: int) -> None:
        if len(self) >= self._regroup and byte_widths(self.packing, self.slots, _SPARE) != self.layout.widths:
            self.pack_anew()  # sooner rather than later, when there are many states
        self.expand_each(range(first, last))

    def expand_each(self, numbers: Sequence[int]) -> None:
        """Take every step out of the states with these numbers, in ascending order, but for those left `aside`."""
        done = 0
        while done < len(numbers):
            if len(self) >= self._regroup:
                self._regroup = _AGAIN * len(self)
                self._group()
            done += self._expand(numbers[done:])

    def edges(self) -> tuple[array[int], array[int]]:
        numbers = {state: number for number, state in enumerate(self._states)}
        oopses = set(self.oopses)
        sources, targets = array("I"), array("I")
        for here, state in enumerate(self._states):
            if here in oopses:
                continue
            before = len(targets)
            for deltas, noted, _ in self._offers(state):
                targets.extend([numbers[state + delta] for delta in deltas])
                if noted:
                    targets.extend([numbers[self._target(state, step)] for step in noted])
            sources.extend(repeat(here, len(targets) - before))
        return sources, targets

    def _offers(self, state: int) -> Iterator[_Steps]:
        """What each context can do in a state."""
        fields = self._fields.unpack(state.to_bytes(self._fields.size, "little"))
        for place, control, rows, _ in self._everybody:
            try:
                decides, row = rows[fields[control]]
                yield row[fields[decides]]
            except KeyError:
                yield self._learn(place, state)

    def _expand(self, numbers: Sequence[int]) -> int:
        """Expand these states; gives how many are done, when states were packed anew or one is left aside."""
        try:
            if self._clusters is None or self.oopses:
                self._expand_by_context(numbers)
            else:
                self._expand_by_cluster(numbers, self._clusters)
        except (Apart, Outgrown, Unknown) as error:
            here, self.transitions = self._reached
            if isinstance(error, Unknown):
                self.aside.append(here)
                return bisect_left(numbers, here) + 1
            if isinstance(error, Outgrown):
                self.pack_anew()
            else:
                self._ask_apart()
            return bisect_left(numbers, here)
        return len(numbers)

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

    def _expand_by_cluster(self, numbers: Sequence[int], asked: Clusters) -> None:
        """Likewise. What it cannot do, stop at a bound in the middle of a state, it leaves to the other."""
        states, seen, limit = self._states, self._seen, self.limit
        arrivals, could = self._arrivals, self._could
        see, append, comes_from = seen.add, states.append, self._parents.append
        arrives, inherits = arrivals.append, could.append
        arrivals += [asked.somehow] * (len(states) - len(arrivals))
        could += repeat(0, len(states) - len(could))
        count, transitions = len(states), self.transitions
        here = numbers[0]
        try:
            for here in numbers:
                if not here & 255:
                    self.host.look(here, transitions)
                state, arrival = states[here], arrivals[here]
                can = could[here] & arrival.kept
                steps: Steps = ()
                for mask, known in arrival.looks:
                    more, further = known[state & mask]
                    can += more
                    steps += further
                for delta, arrival in steps:
                    successor = state + delta
                    if successor not in seen:
                        if count == limit:
                            raise Apart
                        see(successor)
                        comes_from(here)
                        arrives(arrival)
                        inherits(can)
                        append(successor)
                        count += 1
                if not can:
                    self.host.terminal(here)
                transitions += can % ALL_STEPS
                could[here] = 0  # not asked for again, and too large a number to keep
        finally:
            self._reached = here, transitions
            self.transitions = transitions

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
                self._look(here, state, step)
                continue
            self.insert(successor, here)
            if step.oops:
                self.oopses.append(len(self._states) - 1)

    def _look(self, here: int, state: int, step: NotedStep) -> None:
        """Take a step and check whatever there is to check; its guards know it from now on."""
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
        """Whom to ask behind a step of the context in that place, on which that field decided.

        Why steps may be left out: see `explore.stateful.clusters`.
        """
        if (came, decided) not in self._whom_known:
            places = self._fields.places
            self._whom_known[came, decided] = [
                (place, places[place], rows, decided if place < came else _ALL) for place, rows in enumerate(self._rows)
            ]
        return self._whom_known[came, decided]

    def pack_anew(self) -> None:
        """In fields that have room."""
        if self._clusters is not None:
            self._regroup = len(self)
        before, layout = self.layout, Layout(self.packing, byte_widths(self.packing, self.slots, _SPARE))
        self._states = list(map(before.conversion(layout), self._states))
        self._seen = set(self._states)
        self._pack_as(layout)

    def _pack_as(self, layout: Layout) -> None:
        """From now on; what was learned in terms of another layout is looked up again."""
        self._ask_apart()
        self.layout, self._fields = layout, Fields(layout)
        self._rows: list[_Rows] = [{} for _ in self.packing.controls]
        self._whom_known: dict[tuple[int, int], _Asked] = {}
        self._everybody = self._whom(0, _ALL)  # no context is earlier
        self._guards = Guards(self.packing, layout)

    def _ask_apart(self) -> None:
        """From now on ask contexts one by one."""
        self._clusters: Clusters | None = None
        self._arrivals: list[Arrival] = []  # by state
        self._could: list[int] = []  # likewise, how many steps each context could take in the state that led to it
        self._asked: list[_Asked] = []  # likewise

    def _group(self) -> None:
        """From now on ask contexts together, where that pays."""
        asked = self._clusters or Clusters(self.tables, self.layout)
        if asked.group(self._states[-_SAMPLE:]):
            self._clusters = asked
        elif self._clusters is not None:
            self._ask_apart()

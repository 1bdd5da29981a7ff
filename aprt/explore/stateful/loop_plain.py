"""The loop of strategy "states" in plain Python: the reference, and the fastest for small searches.

It asks the contexts of a state one by one what they can do (`explore.stateful.loop_contexts`) or, where states are many
and nothing has to be checked, together (`explore.stateful.clusters`).
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from itertools import repeat

from aprt.explore.learned.packing import Unknown
from aprt.explore.stateful.clusters import Arrival, Clusters, Cramped, OneByOne
from aprt.explore.stateful.layout import Layout, byte_widths
from aprt.explore.stateful.loop import Host, Outgrown
from aprt.explore.stateful.loop_contexts import SPARE, ContextLoop

_SAMPLE = 2_048  # states that tell whether clusters pay
_AGAIN = 4  # after so many times as many states, the question is asked again
_LOOK = 256  # states between two looks of the search


class PlainLoop(ContextLoop):
    """aside: numbers of states that could not be expanded, since something new would have had to be learned for them
    when only others may number it (`Packing.open`)."""

    name = "plain"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.aside: list[int] = []
        self._regroup = _SAMPLE  # so many states before it is asked whether clusters pay

    @property
    def bytes_per_state(self) -> float:
        return super().bytes_per_state + sum(map(sys.getsizeof, (self._arrivals, self._could))) / len(self)

    def expand(self, first: int, last: int) -> None:
        if len(self) >= self._regroup and byte_widths(self.packing, self.slots, SPARE) != self.layout.widths:
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

    def _expand(self, numbers: Sequence[int]) -> int:
        """Expand these states. Gives how many are done: not all if states were packed anew or one is left aside."""
        try:
            if self._clusters is None or self.oopses:
                self._expand_by_context(numbers)
            else:
                self._expand_by_cluster(numbers, self._clusters)
        except (OneByOne, Outgrown, Unknown) as error:
            here, self.transitions = self._reached
            if isinstance(error, Unknown):
                self.aside.append(here)
                return bisect_left(numbers, here) + 1
            if isinstance(error, Outgrown):
                self.pack_anew()
            else:
                self._ask_one_by_one()
                if isinstance(error, Cramped):
                    self._regroup = len(self)  # at once
            return bisect_left(numbers, here)
        return len(numbers)

    def _expand_by_cluster(self, numbers: Sequence[int], asked: Clusters) -> None:
        """Expand them all. Where a bound is met within a state, `OneByOne` leaves that state to the other loop."""
        self._arrivals += [asked.unknown_arrival] * (len(self) - len(self._arrivals))
        self._could += repeat(0, len(self) - len(self._could))
        done = 0
        while done < len(numbers):
            beyond = numbers[done] % _LOOK
            if not beyond:
                self.host.look(numbers[done], self.transitions)
            block = numbers[done : done + _LOOK - beyond]
            self._expand_block(block)
            done += len(block)

    def _expand_block(self, numbers: Sequence[int]) -> None:
        states, seen, arrivals, could, limit = self._states, self._seen, self._arrivals, self._could, self.limit
        parents, possible = list[int](), list[int]()  # of the states that are new; in those that are expanded
        count, here = len(states), numbers[0]
        try:
            for here in numbers:
                state, arrival = states[here], arrivals[here]
                mask, known, learn = arrival.first
                try:
                    can, steps = known[state & mask]
                except KeyError:
                    can, steps = learn(state & mask)
                can += could[here] & arrival.kept
                for mask, known, learn in arrival.others:
                    try:
                        more, further = known[state & mask]
                    except KeyError:
                        more, further = learn(state & mask)
                    can += more
                    steps += further
                if steps:
                    for delta, arrival in steps:
                        successor = state + delta
                        if successor not in seen:
                            if count == limit:
                                raise OneByOne
                            seen.add(successor)
                            parents.append(here)
                            arrivals.append(arrival)
                            could.append(can)
                            states.append(successor)
                            count += 1
                elif not can:
                    self.host.terminal(here)
                possible.append(can)
        finally:
            self._parents.extend(parents)
            self.transitions += sum(map(int.bit_count, possible))
            self._reached = here, self.transitions
            could[numbers[0] : here] = repeat(
                0, here - numbers[0]
            )  # nobody asks again, and they are many large numbers

    def close(self) -> None:
        super().close()
        if self._clusters is not None:
            self._clusters.close()

    def pack_anew(self) -> None:
        if self._clusters is not None:
            self._regroup = len(self)
        super().pack_anew()

    def _pack_as(self, layout: Layout) -> None:
        self._ask_one_by_one()
        super()._pack_as(layout)

    def _ask_one_by_one(self) -> None:
        """From now on ask contexts one by one."""
        self._clusters: Clusters | None = None
        self._arrivals: list[Arrival] = []  # by state
        self._could: list[int] = []  # likewise, which steps were possible in the state that led to it

    def _group(self) -> None:
        """From now on ask contexts together, where that pays."""
        asked = self._clusters or Clusters(self.tables, self.layout)
        if asked.group(self._states[-_SAMPLE:]):
            self._clusters = asked
        elif self._clusters is not None:
            self._ask_one_by_one()

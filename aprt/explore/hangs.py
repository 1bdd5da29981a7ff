"""Hangs: states from which no end state can be reached, told from the whole state graph."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, MutableSequence, Sequence
from typing import Protocol, TypeAlias

import attrs

from aprt.explore.watchdog import Look, looking

Following: TypeAlias = Callable[[int], Iterable[int]]
"""Gives for a state, by its number, those to which its steps lead."""


class StateGraph(Protocol):
    """All states, and where their steps lead."""

    @property
    def following(self) -> Following:
        """Of all states but those after an oops."""

    def lost(self, ends: Sequence[int], look: Look) -> list[int]:
        """The numbers of the states that reach none of `ends`, in order."""


@attrs.frozen
class FollowedGraph:
    """A state graph of which each state is asked what follows it. count: of the states."""

    count: int
    following: Following

    def lost(self, ends: Sequence[int], look: Look) -> list[int]:
        return lost(self.count, ends, self.following, look)


def lost(count: int, ends: Iterable[int], following: Following, look: Look) -> list[int]:
    """The numbers of those of `count` states that reach none of `ends`, in order.

    Most steps of a search breadth first lead to states with higher numbers. So nearly all is settled by one look at
    each state, from the last to the first: at its steps, up to one that leads where an end is known to be reached.
    """
    good, unsettled = bytearray(count), list[int]()
    for end in ends:
        good[end] = 1
    for here in looking(range(count - 1, -1, -1), look):
        if not good[here]:
            for there in following(here):
                if good[there]:
                    good[here] = 1
                    break
            else:
                unsettled.append(here)
    settled, sources, targets = array("Q"), array("Q"), array("Q")
    for here in looking(unsettled, look):
        for there in following(here):
            if good[there]:
                settled.append(here)
                break
            sources.append(here)
            targets.append(there)
    reaches = reaching(count, settled, sources, targets)
    return [here for here in reversed(unsettled) if not reaches[here]]


def reaching(count: int, ends: Sequence[int], sources: array[int], targets: array[int]) -> bytearray:
    """Per state, of `count`, 1 when it reaches one of `ends`, itself included, else 0.

    sources, targets: the numbers of the states that each transition joins.
    """
    offsets, incoming = _incoming(count, sources, targets)
    good = bytearray(count)
    reach_back(ends, offsets, incoming, good, array("Q", bytes(8 * count)))
    return good


def reached(here: Sequence[int], sources: array[int], targets: array[int]) -> list[int]:
    """Per state, the union of the sets in `here` over all states that it reaches, itself included; sets are bits.

    sources, targets: as for `reaching`.
    """
    offsets, incoming = _incoming(len(here), sources, targets)
    found, todo = list(here), list(range(len(here)))
    while todo:
        state = todo.pop()
        more = found[state]
        for source in incoming[offsets[state] : offsets[state + 1]]:
            if more & ~found[source]:
                found[source] |= more
                todo.append(source)
    return found


def _incoming(count: int, sources: array[int], targets: array[int]) -> tuple[array[int], array[int]]:
    offsets, incoming = array("Q", bytes(8 * (count + 1))), array("Q", bytes(8 * len(sources)))
    arrange(sources, targets, offsets, incoming)
    return offsets, incoming


# The two functions below work on arrays of any kind: `explore.compiled` compiles them as they are.


def arrange(
    sources: Sequence[int], targets: Sequence[int], offsets: MutableSequence[int], incoming: MutableSequence[int]
) -> None:
    """The transitions by target: the states they come from, and in `offsets` where those of each target begin.

    offsets: one more than there are states, all 0. incoming: as many as there are transitions.
    """
    for target in targets:
        offsets[target] += 1
    total = 0
    for state in range(len(offsets)):
        total += offsets[state]
        offsets[state] = total
    for i in range(len(sources)):
        offsets[targets[i]] -= 1
        incoming[offsets[targets[i]]] = sources[i]


def reach_back(
    ends: Sequence[int],
    offsets: Sequence[int],
    incoming: Sequence[int],
    good: MutableSequence[int],
    todo: MutableSequence[int],
) -> None:
    """Set in `good`, which is all 0, what reaches one of `ends`. todo: room for all states."""
    waiting = 0
    for state in ends:
        good[state] = 1
        todo[waiting] = state
        waiting += 1
    while waiting:
        waiting -= 1
        state = todo[waiting]
        for i in range(offsets[state], offsets[state + 1]):
            source = incoming[i]
            if not good[source]:
                good[source] = 1
                todo[waiting] = source
                waiting += 1

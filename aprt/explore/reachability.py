"""Which states of a graph reach which: backward passes over all of its transitions.

Above all they tell hangs: states from which no end state can be reached.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from itertools import accumulate
from typing import Final, Protocol, TypeAlias

import attrs

from aprt.explore.watchdog import Look, looking, unwatched

_PIECE: Final = 1 << 16  # states, or transitions, between two looks: some 20 ms, where they are not compiled

Following: TypeAlias = Callable[[int], Iterable[int]]
"""Gives the states to which the steps of a state lead. States are numbers."""


class StateGraph(Protocol):
    """All states, and where their steps lead."""

    @property
    def following(self) -> Following:
        """Where steps lead. Not to be asked of a state after an oops."""

    def lost(self, ends: Sequence[int], look: Look) -> list[int]:
        """The numbers of the states that reach none of `ends`, in order."""


@attrs.frozen
class FollowedGraph:
    """A state graph that is given by a function, which is asked for what follows each state. count: of the states."""

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
    reaches = reaching(count, settled, sources, targets, look)
    return [here for here in reversed(unsettled) if not reaches[here]]


def reaching(
    count: int, ends: Sequence[int], sources: array[int], targets: array[int], look: Look = unwatched
) -> bytearray:
    """For each of `count` states, 1 when it reaches one of `ends`, or is one, else 0.

    sources, targets: the numbers of the states that each transition joins.
    """
    offsets, incoming = _incoming(count, sources, targets, look)
    good, todo, waiting = bytearray(count), array("Q", bytes(8 * count)), len(ends)
    for place, end in enumerate(ends):
        good[end] = 1
        todo[place] = end
    while waiting:
        look()
        waiting = reach_back(waiting, _PIECE, offsets, incoming, good, todo)
    return good


def reachable_sets(here: Sequence[int], sources: array[int], targets: array[int], look: Look = unwatched) -> list[int]:
    """For each state, the union of the sets in `here` of all states that it reaches, its own included. Sets are bits.

    sources, targets: as for `reaching`.
    """
    offsets, incoming = _incoming(len(here), sources, targets, look)
    found, todo = list(here), list(range(len(here)))
    for state in looking(_popped(todo), look):
        more = found[state]
        for source in incoming[offsets[state] : offsets[state + 1]]:
            if more & ~found[source]:
                found[source] |= more
                todo.append(source)
    return found


def _popped(todo: list[int]) -> Iterator[int]:
    """What is to do, also what is added meanwhile, the last first."""
    while todo:
        yield todo.pop()


def _incoming(count: int, sources: array[int], targets: array[int], look: Look) -> tuple[array[int], array[int]]:
    """Where in the second array the transitions to each state begin; and in that array, the states they come from."""
    often, pieces = array("Q", bytes(8 * (count + 1))), range(0, len(sources), _PIECE)
    for begin in pieces:
        look()
        tally(targets[begin : begin + _PIECE], often)
    offsets, incoming = array("Q", accumulate(often)), array("Q", bytes(8 * len(sources)))
    for begin in pieces:
        look()
        arrange(sources[begin : begin + _PIECE], targets[begin : begin + _PIECE], offsets, incoming)
    return offsets, incoming


# The functions below work on arrays of any kind: `explore.compiled` compiles them as they are.


def tally(targets: Sequence[int], often: MutableSequence[int]) -> None:
    """Count in `often`, per state, how many transitions lead there."""
    for target in targets:
        often[target] += 1


def arrange(
    sources: Sequence[int], targets: Sequence[int], offsets: MutableSequence[int], incoming: MutableSequence[int]
) -> None:
    """Write to `incoming` where transitions come from, those to each state together.

    offsets: at first, for each state, where its part of `incoming` ends. The parts are filled backwards, so in the end
    it says where they begin.
    """
    for i in range(len(sources)):
        offsets[targets[i]] -= 1
        incoming[offsets[targets[i]]] = sources[i]


def reach_back(
    waiting: int,
    most: int,
    offsets: Sequence[int],
    incoming: Sequence[int],
    good: MutableSequence[int],
    todo: MutableSequence[int],
) -> int:
    """Go on from the first `waiting` states in `todo`, which are set in `good`, and set what leads there.

    It ends when nothing waits any more, or after `most` states. Returns how many wait then. todo: room for all states.
    """
    for _ in range(most):
        if not waiting:
            break
        waiting -= 1
        state = todo[waiting]
        for i in range(offsets[state], offsets[state + 1]):
            source = incoming[i]
            if not good[source]:
                good[source] = 1
                todo[waiting] = source
                waiting += 1
    return waiting

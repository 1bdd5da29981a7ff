"""From which states an end can be reached: told of a graph of any kind, and ended from outside at any time."""

from __future__ import annotations

from array import array

import pytest

from aprt.explore.reachability import FollowedGraph, StateGraph, reachable_sets
from aprt.explore.watchdog import Stop, unwatched

COUNT = 200_000


def backwards(kind: str) -> StateGraph:
    """A chain of states from the last to the first, in which looking at each state once settles next to nothing."""
    if kind == "followed":
        return FollowedGraph(COUNT, lambda here: [here - 1] if here else [])
    pytest.importorskip("numba")
    import numpy as np

    from aprt.explore.compiled.graph import JoinedGraph

    states = np.arange(1, COUNT, dtype=np.uint32)
    return JoinedGraph(COUNT, np.array([states, states - 1]))


@pytest.mark.parametrize("kind", ["followed", "joined"])
def test_the_states_before_an_end_are_lost_and_no_others(kind: str) -> None:
    assert backwards(kind).lost([0], unwatched) == []
    assert backwards(kind).lost([5], unwatched) == [0, 1, 2, 3, 4]
    assert backwards(kind).lost([], unwatched) == list(range(COUNT))


# Of the followed graph: for every 256 states, twice; then for 65,536 transitions, twice, and for as many states on the
# way back from the end.
@pytest.mark.parametrize(("kind", "looks"), [("followed", 782 + 782 + 4 + 4 + 4), ("joined", 3)])
def test_no_pass_over_the_graph_goes_on_for_long_without_a_look(kind: str, looks: int) -> None:
    seen, most = 0, looks

    def look() -> None:
        nonlocal seen
        seen += 1
        if seen > most:
            raise Stop("budget")

    assert backwards(kind).lost([0], look) == []
    assert seen == looks
    seen, most = 0, looks - 1
    with pytest.raises(Stop):
        backwards(kind).lost([0], look)


def test_nor_does_the_union_of_sets() -> None:
    chain, seen = array("Q", range(1_000)), list[None]()
    unions = reachable_sets([1 << (number & 1) for number in chain], chain[1:], chain[:-1], lambda: seen.append(None))
    assert unions == [1, *[3] * 999]
    assert len(seen) == 1 + 1 + 8  # two for so few transitions; each state is visited twice, but for the ends

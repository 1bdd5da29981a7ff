"""Python looks for garbage seldom while aprt searches, and as before afterwards; a search leaves none."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from aprt import System, UserError
from aprt.explore.explore import explore
from aprt.explore.garbage import NEW_OBJECTS
from tests.explore.tiny import dining


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def during(system: System) -> set[tuple[int, int, int]]:
    """The thresholds that the search has."""
    seen = set[tuple[int, int, int]]()

    def look() -> bool:
        seen.add(gc.get_threshold())
        return False

    explore(system, (), halt=look)
    return seen


@pytest.mark.parametrize(("before", "then"), [(700, NEW_OBJECTS), (NEW_OBJECTS + 1, NEW_OBJECTS + 1), (0, 0)])
def test_a_search_looks_seldom(before: int, then: int) -> None:
    gc.set_threshold(before, 20, 30)
    assert during(dining(3, looping=True)) == {(then, 20, 30)}
    assert gc.get_threshold() == (before, 20, 30)


def test_thresholds_come_back_after_an_error() -> None:
    gc.set_threshold(700, 20, 30)
    with pytest.raises(UserError):
        explore(dining(3, looping=True), (), strategy="no-such")
    assert gc.get_threshold() == (700, 20, 30)


@pytest.mark.parametrize("philosophers", [3, 6, 7])  # of 7 so many states that they are packed anew, and asked together
def test_a_search_over_states_leaves_no_garbage(philosophers: int) -> None:
    system = dining(philosophers, looping=True)
    explore(system)  # what is made once is made now
    gc.disable()
    try:
        gc.collect()
        explore(system)
        assert gc.collect() == 0
    finally:
        gc.enable()

"""Who owns a state: parts alike, and neighbouring control states in one share."""

from __future__ import annotations

from itertools import pairwise

from aprt.explore.parallel.ownership import Shares, deal_out

SLOTS = ((0, 1), (2, 3))  # two contexts, two actors


def dealt(*walk: tuple[int, int, int, int], of: int) -> Shares:
    return deal_out(list(pairwise(walk)), SLOTS, of)


def test_shares_are_as_wide() -> None:
    assert dealt(*((step, 0, 0, 0) for step in range(25)), of=2) == ((0, (4, 7, 10, 13, 16, 19, 22)),)


def test_how_often_a_number_is_met_does_not_matter() -> None:
    assert dealt(*((control, 0, 0, 0) for control in (0, 1, 2, 3, *[4] * 9)), of=1) == ((0, (2, 3, 4)),)


def test_few_numbers_are_few_shares() -> None:
    assert dealt((0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), of=2) == ((0, (2,)),)


def test_contexts_decide_those_first_that_seldom_take_a_step() -> None:
    assert [slot for slot, _ in dealt(*((step, step // 4, step // 4, 7) for step in range(8)), of=1)] == [1, 0]


def test_actors_decide_where_no_context_takes_a_step() -> None:
    assert [slot for slot, _ in dealt(*((5, 6, step, 7) for step in range(8)), of=1)] == [2]


def test_more_decide_where_they_have_few_numbers() -> None:
    walk = [(step % 2, step // 4 % 2, 0, 0) for step in range(32)]
    assert deal_out(list(pairwise(walk)), SLOTS, of=2) == ((1, (1,)), (0, (1,)))

"""Who owns a state: parts alike, and neighbouring control states in one share."""

from __future__ import annotations

from aprt.explore.parallel.ownership import deal_out


def test_a_context_that_goes_through_its_control_states_is_in_each_share_once() -> None:
    assert deal_out([(control,) for control in range(24)], of=2) == ((0, (3, 6, 9, 12, 15, 18, 21)),)


def test_shares_are_as_common() -> None:
    assert deal_out([(control,) for control in (0, 1, 2, *[3] * 9)], of=1) == ((0, (3,)),)


def test_contexts_decide_that_seldom_take_a_step_and_do_take_one() -> None:
    walked = [(step // 4, step, step // 2, 7) for step in range(8)]
    assert [place for place, _ in deal_out(walked, of=1)] == [0, 2]

"""flag: a variable that stands for a lock, from the context that sets it until it clears it."""

from __future__ import annotations

import pytest

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Gave, Hold, Took
from aprt.kernel.flag import Flag, FlagState
from aprt.kernel.mutex import Mutex
from aprt.kernel.wait_queue import WaitQueue
from tests.kernel.callers import answer

BUSY = Flag("busy")
CLEAR, SET = FlagState(), FlagState(True)
FREE, HOLDER = Caller("a"), Caller("a", (Hold("busy", "promise"),))


@pytest.mark.parametrize(
    ("call", "before", "by", "expected"),
    [
        (BUSY.is_clear(), CLEAR, FREE, (CLEAR, True, ())),
        (BUSY.is_clear(), SET, FREE, (SET, False, ())),
        (BUSY.set(), CLEAR, FREE, (SET, None, (Took(Hold("busy", "promise")),))),
        (BUSY.set(), SET, HOLDER, (SET, None, ())),
        (BUSY.clear(), SET, HOLDER, (CLEAR, None, (Gave("busy"),))),
        (BUSY.clear(), SET, FREE, (CLEAR, None, ())),
    ],
    ids=str,
)
def test_who_sets_it_holds_it_until_it_clears_it(
    call: Call[object], before: FlagState, by: Caller, expected: object
) -> None:
    assert answer(call, before, by) == expected


def test_a_flag_with_a_guard_is_touched_under_it_only() -> None:
    guarded = Flag("busy", Mutex("lock"))
    found = Broken("P22", "a does busy.set without holding lock")
    assert answer(guarded.set(), CLEAR, FREE) == (SET, None, (Took(Hold("busy", "promise")), found))


def test_sleeping_on_a_queue_asks_for_what_its_waiters_wait_for_and_nothing_else_does() -> None:
    queue, plain = WaitQueue("queue", BUSY.hold()), WaitQueue("plain")
    assert queue.acquired(queue.schedule()) == Hold("busy")
    assert [queue.acquired(call) for call in (queue.prepare(), queue.finish(), queue.wake_all())] == [None] * 3
    assert plain.acquired(plain.schedule()) is None

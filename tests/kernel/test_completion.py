"""completion: a `complete` is remembered, lets one waiter go, and `complete_all` lets everybody."""

from __future__ import annotations

import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.completion import ALL, Completion, CompletionState
from tests.kernel.callers import answer

DONE = Completion("done")


@pytest.mark.parametrize(
    ("call", "before", "after", "reply"),
    [
        (DONE.wait(), 2, 1, None),
        (DONE.wait(), ALL, ALL, None),
        (DONE.try_wait(), 1, 0, True),
        (DONE.try_wait(), ALL, ALL, True),
        (DONE.try_wait(), 0, 0, False),
        (DONE.complete(), 0, 1, None),
        (DONE.complete(), 1, 2, None),
        (DONE.complete(), ALL, ALL, None),
        (DONE.complete_all(), 1, ALL, None),
        (DONE.complete_all(), ALL, ALL, None),
        (DONE.reinit(), ALL, 0, None),
        (DONE.reinit(), 0, 0, None),
    ],
    ids=str,
)
def test_what_each_message_does(call: Call[object], before: int, after: int, reply: object) -> None:
    start = CompletionState(before)
    answered = answer(call, start)
    assert answered == (CompletionState(after), reply, ())
    assert (answered[0] is start) == (before == after)


def test_waiting_blocks_until_it_is_done() -> None:
    assert answer(DONE.wait(), DONE.initial()) is BLOCK


def test_who_promised_it_holds_it_until_it_is_complete_and_must_not_wait_for_it() -> None:
    start, one, promised = DONE.initial(), CompletionState(1), Caller("a", (Hold("done", "promise"),))
    assert answer(DONE.promise(), start, Caller("a")) == (start, None, (Took(Hold("done", "promise")),))
    assert answer(DONE.promise(), start, promised) == (start, None, ())
    assert answer(DONE.complete(), start, promised) == (one, None, (Gave("done"),))
    assert answer(DONE.complete_all(), start, promised) == (CompletionState(ALL), None, (Gave("done"),))
    assert answer(DONE.wait(), one, promised) == (start, None, ())
    found = Oops("K1", "a locks done, which it already holds")
    assert answer(DONE.wait(), start, promised) == (start, None, (found,))


async def waits() -> None:
    await DONE.wait()


@pytest.mark.parametrize(("completions", "all_of_them", "left"), [(1, False, 1), (2, False, 0), (1, True, 0)])
def test_as_many_waiters_go_as_there_were_completions(completions: int, all_of_them: bool, left: int) -> None:
    async def completes() -> None:
        for _ in range(completions):
            await (DONE.complete_all() if all_of_them else DONE.complete())

    contexts = (Context("a", waits), Context("b", waits), Context("c", completes))
    found = explore(System((DONE,), contexts), (DEADLOCK,))
    assert len(found.findings) == left
    assert found.complete == (left == 0)

"""Wait queue: no wake-up is lost by `wait_event`, and one is when the order of its steps is another."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from aprt.core.actor import BLOCK
from aprt.core.effects import Call
from aprt.core.properties import DEADLOCK, HANG, at_end
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.cell import Cell
from aprt.kernel.wait_queue import WaitQueue, WaitQueueState, wait_event
from tests.kernel.callers import A, B, answer

QUEUE, FLAG = WaitQueue("queue"), Cell("flag", False)
EMPTY, BOTH = WaitQueueState(), WaitQueueState(("b", "a"))


@pytest.mark.parametrize(
    ("call", "before", "after"),
    [
        (QUEUE.prepare(), EMPTY, WaitQueueState(("a",))),
        (QUEUE.prepare(), WaitQueueState(("b",)), BOTH),
        (QUEUE.finish(), BOTH, WaitQueueState(("b",))),
        (QUEUE.wake_all(), BOTH, EMPTY),
        (QUEUE.wake_one(), BOTH, WaitQueueState(("a",))),
    ],
    ids=str,
)
def test_what_each_message_does_to_the_queue(call: Call[None], before: object, after: object) -> None:
    assert answer(call, before, A) == (after, None, ())


@pytest.mark.parametrize(
    ("call", "state"),
    [(QUEUE.prepare(), BOTH), (QUEUE.finish(), EMPTY), (QUEUE.wake_all(), EMPTY), (QUEUE.wake_one(), EMPTY)],
    ids=str,
)
def test_a_message_without_effect_leaves_the_very_same_state(call: Call[None], state: WaitQueueState) -> None:
    assert answer(call, state, A)[0] is state


def test_who_is_on_the_queue_sleeps_and_who_is_not_does_not() -> None:
    assert answer(QUEUE.schedule(), WaitQueueState(("a",)), A) is BLOCK
    assert answer(QUEUE.schedule(), WaitQueueState(("a",)), B) == (WaitQueueState(("a",)), None, ())


async def is_set(flag: Cell[bool]) -> bool:
    return await flag.read()


async def patient() -> None:
    await wait_event(QUEUE, is_set, FLAG)


async def hasty() -> None:
    while not await FLAG.read():
        await QUEUE.prepare()
        await QUEUE.schedule()
    await QUEUE.finish()


async def waker() -> None:
    await FLAG.write(True)
    await QUEUE.wake_all()


async def early_waker() -> None:
    await QUEUE.wake_all()
    await FLAG.write(True)


def waiting(waiter: Callable[[], Coroutine[Any, Any, None]], by: Callable[[], Coroutine[Any, Any, None]]) -> System:
    return System((QUEUE, FLAG), (Context("waiter", waiter), Context("waker", by)))


def test_wait_event_loses_no_wake_up() -> None:
    found = explore(waiting(patient, waker), (DEADLOCK, HANG), stop_on="all")
    assert (found.findings, found.complete, found.unmerged) == ((), True, ())


def test_wait_event_leaves_nobody_on_the_queue() -> None:
    left = at_end("left", (QUEUE,), lambda view: ", ".join(view(QUEUE).waiting) or None)
    found = explore(waiting(patient, waker), (left,))
    assert (found.findings, found.complete) == ((), True)


def test_looking_before_preparing_loses_the_wake_up_in_between() -> None:
    (finding,) = explore(waiting(hasty, waker), (DEADLOCK,)).findings
    assert finding.text == "waiter waits for queue.schedule"
    assert [str(label) for label in finding.schedule] == [
        "waiter: flag.read",
        "waker: flag.write",
        "waker: queue.wake_all",
        "waiter: queue.prepare",
    ]


def test_waking_before_the_condition_holds_is_lost_too() -> None:
    (finding,) = explore(waiting(patient, early_waker), (DEADLOCK,)).findings
    assert finding.text == "waiter waits for queue.schedule"
    assert [str(label) for label in finding.schedule if label.context == "waker"] == [
        "waker: queue.wake_all",
        "waker: flag.write",
    ]


@pytest.mark.parametrize(("wake", "deadlocks"), [("wake_all", 0), ("wake_one", 1)])
def test_wake_one_leaves_the_other_waiter_asleep(wake: str, deadlocks: int) -> None:
    async def wakes() -> None:
        await FLAG.write(True)
        await (QUEUE.wake_all() if wake == "wake_all" else QUEUE.wake_one())

    contexts = (Context("a", patient), Context("b", patient), Context("waker", wakes))
    found = explore(System((QUEUE, FLAG), contexts), (DEADLOCK,))
    assert len(found.findings) == deadlocks

"""Lost wake-ups: told of who sleeps without having seen what it was woken for, and of nobody else."""

from __future__ import annotations

import pytest

from aprt.kernel.cell import Cell
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.kernel.wait_queue import WaitQueue, wait_event

from .hearing import detected, system

M = Mutex("m")


def sites(detection: object) -> list[tuple[str, int | None, str]]:
    return [(site.role, site.index, site.context) for site in detection.sites]  # type: ignore[attr-defined]


READY, QUEUE = Cell("ready", False), WaitQueue("queue")


async def waker() -> None:
    await READY.write(True)
    await QUEUE.wake_all()


async def looks_first() -> None:
    if not await READY.read():
        await QUEUE.prepare()
        await QUEUE.schedule()


async def prepares_first() -> None:
    await wait_event(QUEUE, READY.read)


def test_a_wake_up_between_the_look_and_the_sleep_is_lost() -> None:
    (lost,) = detected(system((READY, QUEUE), a=waker, b=looks_first), "b a* b*", "lost-wakeup")
    assert lost.text == "b sleeps on queue for good: a woke it before it was there"
    assert lost.objects == ("queue", "b")
    assert sites(lost) == [("woke", 2, "a"), ("came", 3, "b"), ("sleeps", 3, "b")]


def test_who_prepares_before_it_looks_loses_none() -> None:
    for text in ("b a* b*", "b b a* b*"):
        assert detected(system((READY, QUEUE), a=waker, b=prepares_first), text, "lost-wakeup") == ()


@pytest.mark.parametrize("text", ["a* b*", "b a* b*"])
def test_who_looks_again_after_the_wake_up_sleeps_for_another_reason(text: str) -> None:
    async def wakes_for_nothing() -> None:
        await QUEUE.wake_all()

    async def looks_twice() -> None:
        if not await READY.read():
            await wait_event(QUEUE, READY.read)

    looking = system((READY, QUEUE), a=wakes_for_nothing, b=looks_twice)
    assert detected(looking, text, "lost-wakeup") == ()


def test_a_step_that_is_answered_nothing_is_no_look() -> None:
    async def unlocks_before_it_sleeps() -> None:
        async with held(M):
            await READY.read()
            await QUEUE.prepare()
        await QUEUE.schedule()

    (lost,) = detected(system((READY, QUEUE, M), a=waker, b=unlocks_before_it_sleeps), "b*2 a* b*", "lost-wakeup")
    assert sites(lost) == [("woke", 3, "a"), ("came", 4, "b"), ("sleeps", 5, "b")]


def test_a_sleeper_whom_nobody_ever_wakes_has_lost_nothing() -> None:
    assert detected(system((READY, QUEUE), b=looks_first), "b*", "lost-wakeup") == ()


OTHER = Cell("other", 0)


def test_a_look_at_something_else_behind_the_wake_up_does_not_tell_what_it_was_about() -> None:
    async def looks_elsewhere_before_it_sleeps() -> None:
        if not await READY.read():
            await OTHER.read()
            await QUEUE.prepare()
            await QUEUE.schedule()

    sleeping = system((READY, OTHER, QUEUE), a=waker, b=looks_elsewhere_before_it_sleeps)
    (lost,) = detected(sleeping, "b a* b*", "lost-wakeup")
    assert sites(lost) == [("woke", 2, "a"), ("came", 4, "b"), ("sleeps", 4, "b")]


def test_who_looked_behind_the_change_but_before_the_wake_up_knows_and_has_lost_none() -> None:
    async def takes_two() -> None:
        await READY.read()
        if await READY.read():  # and that is not enough for it
            await OTHER.read()
            await QUEUE.prepare()
            await QUEUE.schedule()

    sleeping = system((READY, OTHER, QUEUE), a=waker, b=takes_two)
    assert detected(sleeping, "b a b a b*", "lost-wakeup") == ()


def test_what_the_waker_did_before_it_woke_the_queue_the_time_before_is_not_what_this_wake_up_is_about() -> None:
    async def wakes_twice() -> None:
        await READY.write(True)
        await QUEUE.wake_all()
        await OTHER.write(1)
        await QUEUE.wake_all()

    async def wants_other() -> None:
        await READY.read()
        await OTHER.read()
        await READY.read()
        await QUEUE.prepare()
        await QUEUE.schedule()

    (lost,) = detected(system((READY, OTHER, QUEUE), a=wakes_twice, b=wants_other), "b*2 a* b*", "lost-wakeup")
    assert sites(lost)[0] == ("woke", 5, "a")


def test_the_lock_that_the_waker_holds_is_not_what_it_wakes_for() -> None:
    async def wakes_under_a_lock() -> None:
        async with held(M):
            await READY.write(True)
            await QUEUE.wake_all()

    async def locks_and_sleeps() -> None:
        await READY.read()
        await M.trylock()
        await QUEUE.prepare()
        await QUEUE.schedule()

    sleeping = system((READY, M, QUEUE), a=wakes_under_a_lock, b=locks_and_sleeps)
    assert len(detected(sleeping, "b a* b*", "lost-wakeup")) == 1

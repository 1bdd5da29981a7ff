"""Locks and interrupts: a lock that a handler takes must not be held with such interrupts on, though none may come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from aprt.core.notes import Irq
from aprt.core.system import System
from aprt.detect.detectors import Detectors
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.kernel.held import held, masked
from aprt.kernel.rules import RULES
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, timer_daemon
from aprt.kernel.workqueue import Work, worker
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free
from aprt.runtime.stage import Stage

from .hearing import Heard, detected, system, turns

A, B = Spinlock("a"), Spinlock("b")


async def plain() -> None:
    async with held(A):
        pass


async def hard_off() -> None:
    async with masked(A, "hardirq"):
        pass


async def soft_off() -> None:
    async with masked(A, "softirq"):
        pass


async def tried() -> None:
    if await A.trylock():
        await A.unlock()


async def too_early() -> None:
    await B.lock("hardirq")
    await A.lock()
    await B.unlock()
    await A.unlock()


def interrupted(task: Callable[[], Awaitable[object]], irq: Irq = "hardirq", takes: Spinlock = A) -> System:
    """A task, and a timer, which it arms before; the callback takes a lock. The daemon is `timer`."""
    timer = Timer("timer", irq=irq)

    async def arm_and_go() -> None:
        await timer.arm()
        await task()

    async def callback() -> bool:
        async with held(takes):
            return False

    locks = dict.fromkeys((A, B, takes))
    return system((*locks, timer), daemons="timer", task=arm_and_go, timer=lambda: timer_daemon(timer, callback))


def found(system: System, text: str) -> list[tuple[str, list[tuple[str, int | None, str, str]]]]:
    detections = detected(system, text, "lock-order")
    return [(one.text, [(s.role, s.index, s.where, s.op) for s in one.sites]) for one in detections]


BOTH_WAYS = ("task* timer*", "task timer* task*")


def test_a_lock_of_a_hard_handler_that_is_held_with_hard_interrupts_on_is_inconsistent_whichever_came_first() -> None:
    text = "inconsistent lock state: a is taken in a hardirq and held with hardirqs on"
    assert found(interrupted(plain), "task* timer*") == [
        (
            text,
            [
                ("asks", 3, "timer in callback()", "a in a hardirq"),
                ("held", 1, "task in plain()", "a with hardirqs on"),
            ],
        )
    ]
    assert found(interrupted(plain), "task timer* task*") == [
        (
            text,
            [
                ("asks", 1, "timer in callback()", "a in a hardirq"),
                ("held", 5, "task in plain()", "a with hardirqs on"),
            ],
        )
    ]


@pytest.mark.parametrize("text", BOTH_WAYS)
def test_with_hard_interrupts_off_it_is_consistent(text: str) -> None:
    assert found(interrupted(hard_off), text) == []


@pytest.mark.parametrize("text", BOTH_WAYS)
def test_soft_interrupts_off_are_enough_for_a_soft_handler_and_not_for_a_hard_one(text: str) -> None:
    assert found(interrupted(soft_off, "softirq"), text) == []
    assert found(interrupted(hard_off, "softirq"), text) == []  # soft ones are worked off behind hard ones
    ((told, _),) = found(interrupted(soft_off, "hardirq"), text)
    assert told == "inconsistent lock state: a is taken in a hardirq and held with hardirqs on"
    ((told, _),) = found(interrupted(plain, "softirq"), text)
    assert told == "inconsistent lock state: a is taken in a softirq and held with softirqs on"


def test_the_function_of_a_tasklet_is_a_soft_handler_and_that_of_a_work_item_none() -> None:
    def queued(work: Work, task: Callable[[], Awaitable[object]]) -> System:
        async def queue() -> None:
            await work.queue()
            await task()

        return system((A, work), daemons="w", task=queue, w=lambda: worker(work, plain))

    ((told, _),) = found(queued(Work("w", irq="softirq"), plain), "task* w*")
    assert told == "inconsistent lock state: a is taken in a softirq and held with softirqs on"
    assert found(queued(Work("w", irq="softirq"), soft_off), "task* w*") == []
    assert found(queued(Work("w"), plain), "task* w*") == []


@pytest.mark.parametrize("text", BOTH_WAYS)
def test_what_a_trylock_took_is_held_all_the_same_and_a_handler_that_tries_waits_for_nothing(text: str) -> None:
    ((told, _),) = found(interrupted(tried), text)
    assert told == "inconsistent lock state: a is taken in a hardirq and held with hardirqs on"
    timer = Timer("timer")

    async def arm_and_go() -> None:
        await timer.arm()
        await plain()

    async def callback() -> bool:
        await tried()
        return False

    trying = system((A, timer), daemons="timer", task=arm_and_go, timer=lambda: timer_daemon(timer, callback))
    assert found(trying, text) == []


def test_giving_back_the_lock_that_turned_interrupts_off_turns_them_on_under_what_is_still_held() -> None:
    async def in_order() -> None:
        async with masked(B), held(A):
            pass

    ((_, sites),) = found(interrupted(too_early), "task* timer*")
    assert sites[1] == ("held", 3, "task in too_early()", "a with hardirqs on")
    assert found(interrupted(in_order), "task* timer*") == []


def test_a_safe_lock_under_which_an_unsafe_one_is_taken_is_a_circle_with_the_interrupt() -> None:
    async def nested() -> None:
        async with masked(A), held(B):
            pass
        async with held(B):
            pass

    async def nested_only() -> None:
        async with masked(A), held(B):
            pass

    ((told, sites),) = found(interrupted(nested), "task* timer*")
    assert told == "hardirq-safe -> hardirq-unsafe lock order: a -> b"
    assert sites == [
        ("asks", 7, "timer in callback()", "a in a hardirq"),
        ("asks", 1, "task in nested()", "b while it holds a"),
        ("held", 5, "task in nested()", "b with hardirqs on"),
    ]
    assert found(interrupted(nested_only), "task* timer*") == []
    assert found(interrupted(nested, takes=Spinlock("other")), "task*") == []


def test_it_is_told_at_the_step_that_shows_it() -> None:
    it = interrupted(plain)
    heard = Heard(it, ["lock-order"])
    replay(it, turns(it, "task* timer*"), (), (heard,))
    ((steps, one),) = heard.first
    assert (steps, one.index) == (4, 3)


def test_two_executions_show_it_together() -> None:
    it = interrupted(plain)
    detectors = Detectors(it, ["lock-order"])
    replay(it, turns(it, "task*"), (), (detectors,))
    assert (detectors.found, detectors.across) == ((), ())
    detectors.begin()
    replay(it, turns(it, "task timer*"), (), (detectors,))
    (one,) = detectors.across
    assert one.text == "inconsistent lock state: a is taken in a hardirq and held with hardirqs on"
    assert ([site.index for site in one.sites], detectors.found) == ([1, None], ())


@pytest.mark.trio
async def test_left_to_trio_the_same_is_told_as_by_the_explorer() -> None:
    it, told = interrupted(plain), set()
    async with Stage(it) as stage:
        for seed in range(12):
            live, explored = Heard(it, ["lock-order"]), Heard(it, ["lock-order"])
            execution = await stage.run(Free(seed, jitter=3), Watch(listeners=(live,)))
            replay(it, execution.schedule, (), (explored,))
            assert live.detectors.found == explored.detectors.found
            told |= {one.index for one in live.detectors.found}
    assert told


def test_no_search_is_kept_from_a_state_by_what_is_off() -> None:
    counts = {explore(interrupted(task), RULES, stop_on="all").states for task in (plain, hard_off, soft_off)}
    assert counts == {15}

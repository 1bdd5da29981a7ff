"""Every planted fault is reported as a difference, and an honest driver shows none."""

from __future__ import annotations

import re

import pytest

from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.runtime.actor import ActorPart
from aprt.runtime.compare import Difference, compare, recheck
from aprt.runtime.faults import FAULTS
from aprt.runtime.pace import Free
from aprt.runtime.run import replay
from aprt.runtime.stage import Stage

from .systems import abba, adders, one_lock

TWICE = Schedule.of([("c0", "m.lock"), ("c0", "m.unlock"), ("c1", "m.lock"), ("c1", "m.unlock")])
EMBRACE = Schedule.of([("left", "A.lock"), ("right", "B.lock")])


async def replayed(system: System, schedule: Schedule, cast: type[ActorPart]) -> Difference | None:
    """What comparing an honest replay with one under a fault says."""
    async with Stage(system) as honest:
        expected = await honest.replay(schedule)
    async with Stage(system, cast) as stage:
        return compare(expected, await stage.replay(schedule), stage.breaches)


async def freely(system: System, cast: type[ActorPart]) -> Difference | None:
    """What checking a free execution under a fault says."""
    async with Stage(system, cast) as stage:
        live = await stage.run(Free())
        return await recheck(system, live, breaches=stage.breaches)


@pytest.mark.trio
async def test_without_a_fault_there_is_no_difference() -> None:
    assert await replayed(one_lock(2), TWICE, ActorPart) is None
    assert await replayed(abba(), EMBRACE, ActorPart) is None
    for system in (one_lock(3), abba(), adders(3)):
        assert await freely(system, ActorPart) is None


@pytest.mark.trio
async def test_a_mailbox_that_is_no_queue_passes_over_who_came_first() -> None:
    difference = await freely(adders(3), FAULTS["fifo"])
    assert difference is not None
    # the actor may start when none, some or all of the three requests are there: the third step is never wrong
    assert difference.step in (0, 1)
    assert re.fullmatch(r"n took c\d before c\d, which came first", difference.live)


@pytest.mark.trio
async def test_a_mailbox_that_is_no_queue_does_not_show_one_message_at_a_time() -> None:
    assert await replayed(one_lock(2), TWICE, FAULTS["fifo"]) is None


@pytest.mark.trio
async def test_a_stray_handler_is_told_by_its_task() -> None:
    cast = FAULTS["stray"]
    difference = await replayed(one_lock(2), TWICE, cast)
    assert difference is not None
    assert (difference.step, difference.expected) == (0, "c0: m.lock")
    assert difference.live.startswith("m.lock ran in task ")
    difference = await freely(one_lock(1), cast)
    assert difference == Difference(0, "c0: m.lock", "m.lock ran in task 'context c0', not in that of its actor")


@pytest.mark.trio
async def test_a_lost_reply_is_a_stuck_context() -> None:
    difference = await replayed(one_lock(2), TWICE, FAULTS["dropped_reply"])
    assert str(difference) == "step 1: expected c0: m.unlock; live: the end (cut), waiting: c0 in m.lock"
    # c1 waits for the lock and is no surprise; c0 is
    difference = await freely(one_lock(1), FAULTS["dropped_reply"])
    assert str(difference) == "step 1: expected the end (cut); live: the end (cut), waiting: c0 in m.lock"


@pytest.mark.trio
async def test_a_lock_granted_twice_is_no_deadlock_any_more() -> None:
    difference = await replayed(abba(), EMBRACE, FAULTS["double_grant"])
    assert difference == Difference(2, "the end (deadlock), waiting: left in B.lock, right in A.lock", "the end (cut)")


@pytest.mark.trio
async def test_a_lock_granted_twice_is_no_execution_of_the_model() -> None:
    difference = await freely(abba(), FAULTS["double_grant"])
    assert difference is not None
    assert (difference.step, difference.expected) == (2, "one of nothing")
    assert difference.live in ("left: B.lock", "right: A.lock")


@pytest.mark.trio
async def test_a_difference_names_the_fields_that_differ() -> None:
    async with Stage(adders(1)) as stage:
        one = await stage.run(Free())
    two = System(adders(1).actors, adders(1).contexts, {"n": one.events[0].state})
    async with Stage(two) as stage:
        other = await stage.replay(one.schedule)
    assert str(compare(one, other)) == (
        "step 0: expected c0: n.add with reply 1, state Count(value=1); "
        "live: c0: n.add with reply 2, state Count(value=2)"
    )


def test_equal_executions_do_not_differ_and_longer_ones_do() -> None:
    whole, part = replay(one_lock(2), TWICE), replay(one_lock(2), Schedule(TWICE.labels[:3]))
    assert compare(whole, whole) is None
    assert str(compare(whole, part)) == "step 3: expected c1: m.unlock; live: the end (cut)"
    assert str(compare(part, whole)) == "step 3: expected the end (cut); live: c1: m.unlock"

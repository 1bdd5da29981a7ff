"""Work items: queued once, run once, flushed when idle; flushing under a lock the item needs is a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import product
from typing import Any

import pytest

from aprt.core.actor import BLOCK
from aprt.core.effects import Call
from aprt.core.notes import Broken, Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK, HANG, AtEnd, Property, at_end
from aprt.core.system import Context, System, View
from aprt.explore.explore import explore
from aprt.kernel.cell import Cell
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.kernel.rules import RULES
from aprt.kernel.workqueue import Work, WorkState, cancel_sync, worker
from tests.kernel.callers import A, answer

WORK, RUNS, MUTEX = Work("work"), Cell("runs", 0), Mutex("mutex")
IDLE, PENDING = WorkState(), WorkState(pending=True)
RUNNING, AGAIN = WorkState(runner="a"), WorkState(pending=True, runner="a")
OTHER = WorkState(runner="b")
TOOK, GAVE = Took(Hold("work")), Gave("work")


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (WORK.queue(), IDLE, (PENDING, True, ())),
        (WORK.queue(), RUNNING, (AGAIN, True, ())),
        (WORK.queue(), PENDING, (PENDING, False, ())),
        (WORK.take(), PENDING, (RUNNING, None, (TOOK,))),
        (WORK.done(), RUNNING, (IDLE, None, (GAVE,))),
        (WORK.done(), AGAIN, (PENDING, None, (GAVE,))),
        (WORK.done(), OTHER, (OTHER, None, (Broken("K2", "a releases work, which b holds"),))),
        (WORK.flush(), IDLE, (IDLE, None, ())),
        (WORK.flush(), RUNNING, (RUNNING, None, (Oops("K1", "a locks work, which it already holds"),))),
        (WORK.cancel(), PENDING, (IDLE, True, ())),
        (WORK.cancel(), AGAIN, (RUNNING, True, ())),
        (WORK.cancel(), RUNNING, (RUNNING, False, ())),
    ],
    ids=str,
)
def test_what_each_message_does(call: Call[object], before: WorkState, expected: object) -> None:
    assert answer(call, before, A) == expected


@pytest.mark.parametrize(
    ("call", "state"),
    [
        (WORK.take(), IDLE),
        (WORK.take(), WorkState(pending=True, runner="b")),
        (WORK.flush(), PENDING),
        (WORK.flush(), OTHER),
    ],
    ids=str,
)
def test_what_blocks(call: Call[object], state: WorkState) -> None:
    assert answer(call, state, A) is BLOCK


async def count_run(mutex: Mutex) -> None:
    async with held(mutex):
        await RUNS.add(1)


def working(user: Callable[[], Coroutine[Any, Any, None]]) -> System:
    """One context that uses the work item, and the worker, which counts its runs under the mutex."""
    contexts = (Context("user", user), Context("kworker", lambda: worker(WORK, count_run, MUTEX), daemon=True))
    return System((WORK, RUNS, MUTEX), contexts)


def runs_are_not(count: int) -> Property:
    return at_end(f"not {count}", (RUNS,), lambda view: "they are" if view(RUNS).value == count else None)


async def queues_twice() -> None:
    await WORK.queue()
    await WORK.queue()


def test_two_requests_make_one_run_or_two() -> None:
    properties = (*(runs_are_not(count) for count in range(4)), DEADLOCK, HANG, *RULES)
    found = explore(working(queues_twice), properties, stop_on="all")
    assert sorted(finding.property for finding in found.findings) == ["not 1", "not 2"]
    assert (found.complete, found.unmerged) == (True, ())


SEEN = Cell("seen", 0)
UNSEEN = Property("unseen", "a run is seen", (AtEnd((SEEN,), lambda view: None if view(SEEN).value else "none"),))


@pytest.mark.parametrize("flushes", [True, False])
def test_only_a_flush_waits_for_the_run(flushes: bool) -> None:
    async def looks() -> None:
        await WORK.queue()
        if flushes:
            await WORK.flush()
        await SEEN.write(await RUNS.read())

    system = working(looks)
    found = explore(System((*system.actors, SEEN), system.contexts), (UNSEEN, DEADLOCK))
    assert (found.findings == (), found.complete) == (flushes, flushes)


def test_flushing_under_a_lock_that_the_run_needs_is_a_deadlock() -> None:
    async def flushes_locked() -> None:
        await WORK.queue()
        async with held(MUTEX):
            await WORK.flush()

    (finding,) = explore(working(flushes_locked), (DEADLOCK,)).findings
    assert finding.text == "user waits for work.flush"


def test_after_cancel_sync_nothing_runs_and_it_tells_whether_the_run_was_prevented() -> None:
    cancelled, seen = Cell("cancelled", False), Cell("seen", 0)

    async def stops() -> None:
        await WORK.queue()
        await cancelled.write(await cancel_sync(WORK))
        await seen.write(await RUNS.read())

    def outcome(view: View) -> tuple[bool, int, int]:
        return view(cancelled).value, view(seen).value, view(RUNS).value

    def never(about: str, *wrong: tuple[bool, int, int]) -> Property:
        return at_end(about, (cancelled, seen, RUNS), lambda view: about if outcome(view) in wrong else None)

    system = working(stops)
    prevented, ran = (True, 0, 0), (False, 1, 1)
    others = [it for it in product((False, True), (0, 1), (0, 1, 2)) if it not in (prevented, ran)]
    found = explore(
        System((*system.actors, cancelled, seen), system.contexts),
        (never("prevented", prevented), never("ran", ran), never("other", *others), DEADLOCK, HANG, *RULES),
        stop_on="all",
    )
    assert sorted(finding.property for finding in found.findings) == ["prevented", "ran"]
    assert found.complete

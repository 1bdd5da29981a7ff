"""P20 over all executions, where an interrupt would close the circle: found with it, and not found without."""

from __future__ import annotations

import pytest

from aprt import System, choose, explore
from aprt.explore.replay import replay
from aprt.kernel.held import held, masked
from aprt.kernel.rules import LOCK_ORDER
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, timer_daemon
from aprt.verdict.realised import realised_by
from aprt.view.cause_text import why_lines
from tests.detect.hearing import system
from tests.detect.test_interrupts import A, B, hard_off, interrupted, plain, soft_off, too_early, tried
from tests.explore.test_lock_order import COMPLETE, DRAWN, parts
from tests.verdict.cases import case_of, recording_of

INCONSISTENT = "inconsistent lock state: a is taken in a hardirq and held with hardirqs on"
C = Spinlock("c")
UNSAFE = "hardirq-safe -> hardirq-unsafe lock order: a -> b"


async def safe_only() -> None:
    async with masked(A), held(B):
        pass


async def safe_before_unsafe() -> None:
    await safe_only()
    async with held(B):
        pass


def safe_chain() -> System:
    """A handler takes a; under a, b is taken, and under b, c; c is held with interrupts on."""

    async def chained() -> None:
        async with masked(A), held(B):
            pass
        async with masked(B), held(C):
            pass
        async with held(C):
            pass

    it = interrupted(chained)
    return System((*it.actors, C), it.contexts)


def never_together(*, on: bool) -> System:
    """Either the handler comes, or the lock is taken, with hard interrupts on or off."""
    timer = Timer("timer")

    async def either() -> None:
        if await choose("what", "arm", "lock") == "arm":
            await timer.arm()
        else:
            async with held(A) if on else masked(A):
                pass

    async def callback() -> bool:
        async with held(A):
            return False

    return system((A, timer), daemons="timer", task=either, timer=lambda: timer_daemon(timer, callback))


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (interrupted(plain), INCONSISTENT),
        (interrupted(hard_off), None),
        (interrupted(soft_off), INCONSISTENT),
        (interrupted(plain, "softirq"), INCONSISTENT.replace("hard", "soft")),
        (interrupted(soft_off, "softirq"), None),
        (interrupted(hard_off, "softirq"), None),
        (interrupted(tried), INCONSISTENT),
        (interrupted(plain, takes=B), None),
        (interrupted(too_early), INCONSISTENT),
        (interrupted(safe_before_unsafe), UNSAFE),
        (interrupted(safe_only), None),
        (safe_chain(), f"{UNSAFE} -> c"),
        (interrupted(safe_before_unsafe, "softirq"), UNSAFE.replace("hard", "soft")),
        (interrupted(safe_before_unsafe, takes=Spinlock("other")), None),
        (never_together(on=True), INCONSISTENT),
        (never_together(on=False), None),
    ],
)
def test_all_strategies_agree_on_what_an_interrupt_would_close(it: System, expected: str | None) -> None:
    for strategy in (*COMPLETE, *DRAWN):
        found = explore(it, (LOCK_ORDER,), strategy=strategy, stop_on="all", runs=100)
        assert found.stopped is None or strategy in DRAWN
        assert [finding.text for finding in found.findings] == ([] if expected is None else [expected]), strategy


def test_an_inconsistent_lock_state_has_who_takes_the_lock_in_the_interrupt_and_who_holds_it_with_those_on() -> None:
    (finding,) = explore(interrupted(plain), (LOCK_ORDER,)).findings
    assert finding.is_whole()
    assert parts(finding) == [
        ("timer asks for a in a hardirq in callback()", ["task: timer.arm", "task: a.lock", "timer: timer.fire"]),
        ("task holds a with hardirqs on in plain()", ["task: timer.arm", "task: a.lock"]),
    ]
    assert finding.schedule == finding.parts[0].schedule


def test_an_unsafe_order_has_who_makes_it_as_well() -> None:
    (finding,) = explore(interrupted(safe_before_unsafe), (LOCK_ORDER,)).findings
    assert [text for text, _ in parts(finding)] == [
        "timer asks for a in a hardirq in callback()",
        "task holds a and asks for b in safe_only()",
        "task holds b with hardirqs on in safe_before_unsafe()",
    ]


@pytest.mark.parametrize("strategy", [*COMPLETE, *DRAWN])
def test_where_no_execution_shows_both_usages_each_has_its_own(strategy: str) -> None:
    it = never_together(on=True)
    (finding,) = explore(it, (LOCK_ORDER,), strategy=strategy, runs=100).findings
    assert not finding.is_whole()
    for part in finding.each():
        assert replay(it, part.schedule, (part.exactly(LOCK_ORDER),)).findings == (part,)
        assert replay(it, part.schedule, (LOCK_ORDER,)).findings == ()
    if strategy == "states":
        assert parts(finding) == [
            ("timer asks for a in a hardirq in callback()",
             ["task: choose what=arm", "task: timer.arm", "timer: timer.fire"]),
            ("task holds a with hardirqs on in either()", ["task: choose what=lock", "task: a.lock"]),
        ]  # fmt: skip


@pytest.mark.parametrize("strategy", COMPLETE)
def test_a_circle_that_needs_no_interrupt_is_the_finding_and_the_others_are_told_too(strategy: str) -> None:
    async def both() -> None:
        async with masked(A), masked(B):
            pass
        async with masked(B), masked(A):
            pass
        await plain()

    found = explore(interrupted(both), (LOCK_ORDER,), strategy=strategy, stop_on="all")
    circular = "possible circular locking dependency: a -> b -> a"
    assert [finding.text for finding in found.findings] == [circular]
    assert found.wrong == {("P20", circular), ("P20", INCONSISTENT)}


def test_nobody_can_tell_whether_it_is_real() -> None:
    it = interrupted(plain)
    (finding,) = explore(it, (LOCK_ORDER,)).findings
    recording = recording_of(case_of(it, LOCK_ORDER), finding.schedule)
    why = realised_by(recording, finding)
    assert why is not None
    assert why.found is None
    assert why_lines(why, None) == [
        "Why",
        "cycle       whether it comes about is not looked for: the model has no",
        "              CPUs, so no handler keeps anybody waiting",
    ]

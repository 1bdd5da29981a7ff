"""The report of a hang: who hangs where executions stay, be it that they stand still or go round."""

from __future__ import annotations

from aprt.core.properties import HANG
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.completion import Completion
from aprt.verdict.cause import cause
from aprt.view.reports.report import reasoned, report
from aprt.view.reports.subject import Subject
from tests.verdict.cases import case_of, recording_of

LATE, FLAG, DONE = Cell("late", 0), Cell("flag", 0), Completion("done")
PING, PONG = Completion("ping"), Completion("pong")


async def is_late() -> None:
    await LATE.write(1)


async def takes_its_time() -> None:
    await FLAG.read()
    await FLAG.write(1)


async def spins() -> None:
    while await LATE.read():
        pass


async def waits() -> None:
    if await LATE.read():
        await DONE.wait()


def told(*contexts: Context) -> list[str]:
    """The report of the hang of a system, in which only the last context hangs, but for trace and locks."""
    system = System((LATE, FLAG, DONE, PING, PONG), contexts)
    case = case_of(system, HANG)
    (finding,) = explore(system, (HANG,)).findings
    subject = Subject(case, system, replay(system, finding.schedule), finding)
    lines = report(reasoned(subject, cause(recording_of(case, finding.schedule), finding)))
    assert lines is not None
    return [line for line in lines[: lines.index("Call Trace:")] if line.startswith(("(", "  (", "task:", "INFO: "))]


OTHERS = (Context("is_late", is_late), Context("takes_its_time", takes_its_time))


def test_who_spins_for_good_is_told_and_not_who_is_done_before() -> None:
    assert told(*OTHERS, Context("spins", spins)) == [
        "(no end state can be reached: spins is at late.read)",
        "task:spins           state:R stack:0     pid:23    tgid:23    ppid:1      flags:0x00000000",
        "  (goes round for ever: late.read)",
    ]


def test_who_is_woken_again_and_again_goes_round_and_is_no_task_that_the_watchdog_would_find() -> None:
    async def pong() -> None:
        while True:
            await PONG.complete()
            await PING.wait()

    async def ping() -> None:
        if await LATE.read():
            while True:
                await PONG.wait()
                await PING.complete()

    assert told(*OTHERS, Context("pong", pong, daemon=True), Context("ping", ping)) == [
        "(no end state can be reached: ping is at pong.wait)",
        "task:ping            state:R stack:0     pid:23    tgid:23    ppid:1      flags:0x00000000",
        "  (goes round for ever: pong.wait, ping.complete)",
    ]


def test_who_waits_for_good_is_told_where_it_does() -> None:
    assert told(*OTHERS, Context("waits", waits)) == [
        "(no end state can be reached: waits is at done.wait)",
        "INFO: task waits:23 blocked for more than 122 seconds.",
        "task:waits           state:D stack:0     pid:23    tgid:23    ppid:1      flags:0x00000000",
        "  (waits for done.wait)",
    ]

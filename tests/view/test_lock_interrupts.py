"""Reports of circles that an interrupt would close: as they stand in files, for both kinds of them, where they fit.

The files are written anew by `python -m tests.view.test_lock_interrupts`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aprt.core.system import System
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.explore.sampling.random_walk import sample_schedules
from aprt.kernel.rules import LOCK_ORDER
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from aprt.view.reports.report import report, told_as
from aprt.view.reports.subject import Subject
from aprt.view.reports.title import title
from tests.detect.hearing import turns
from tests.detect.test_interrupts import hard_off, interrupted, plain
from tests.detect.test_lock_order import crossed
from tests.explore.test_interrupts import never_together, safe_before_unsafe, safe_chain
from tests.verdict.cases import case_of

STORED = Path(__file__).parent / "stored" / "reports"
RESTORE_LOCKED = "2026/stale-restore+restore_locked"


def found(case: Case) -> Subject:
    """What P20 says of a case."""
    system = case.model().system
    (finding,) = explore(system, (LOCK_ORDER,), stop_on="all").findings
    return Subject(case, system, replay(system, finding.schedule, (LOCK_ORDER,)), finding)


def of(system: System) -> Subject:
    return found(case_of(system, LOCK_ORDER))


def along(system: System, text: str) -> Subject:
    """An execution in which nobody looks for P20."""
    return Subject(case_of(system), system, replay(system, turns(system, text)), None)


def lockdep(subject: Subject) -> list[str]:
    lines = report(subject, "lockdep")
    assert lines is not None
    return lines


def told(name: str) -> str:
    """`inconsistent`: of the variant of today's driver. `unsafe`, `unsafe-chain`: of programs."""
    shown = {
        "inconsistent": lambda: found(Case.parse(RESTORE_LOCKED, ERAS)),
        "unsafe": lambda: of(interrupted(safe_before_unsafe)),
        "unsafe-chain": lambda: of(safe_chain()),
    }[name]()
    return "\n".join([title(shown), "", *lockdep(shown)]) + "\n"


NAMES = ("inconsistent", "unsafe", "unsafe-chain")


@pytest.mark.parametrize("name", NAMES)
def test_the_report_has_the_anatomy_of_the_kernel_s(name: str) -> None:
    assert told(name) == (STORED / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [RESTORE_LOCKED, "program"])
def test_schedules_that_were_drawn_by_lot_have_one_title(name: str) -> None:
    case = case_of(interrupted(plain), LOCK_ORDER) if name == "program" else Case.parse(name, ERAS)
    system, titles = case.model().system, set()
    for schedule in sample_schedules(system, 20, seed=1):
        execution = replay(system, schedule, (LOCK_ORDER,))
        titles |= {title(Subject(case, system, execution, finding)) for finding in execution.findings}
    function = "callback" if name == "program" else "gisa_get_ipm_or_restore_iam"
    assert titles == {f"inconsistent lock state in {function}"}


def test_a_schedule_without_such_a_lock_is_not_told_so() -> None:
    today = Case.parse("2026/stale-restore", ERAS)
    (schedule,) = sample_schedules(today.model().system, 1, seed=1)
    execution = replay(today.model().system, schedule)
    for subject in (
        Subject(today, today.model().system, execution, None),
        along(interrupted(hard_off), "task* timer*"),
    ):
        assert "lockdep" not in told_as(subject)
        assert report(subject, "lockdep") is None


def test_whoever_comes_later_takes_it_and_is_in_an_interrupt_or_not() -> None:
    handler_last, task_last = (along(interrupted(plain), text) for text in ("task* timer*", "task timer* task*"))
    assert "lockdep" in told_as(handler_last)
    assert lockdep(handler_last)[4:8] == [
        "inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.",
        "timer/22 [HC1[1]:SC0[0]:HE0:SE1] takes:",
        f"{handler_last.address('a'):016x} (a){{?.+.}}-{{3:3}}, at: callback+0x0/0x2",
        "{HARDIRQ-ON-W} state was registered at:",
    ]
    assert lockdep(task_last)[4:6] == [
        "inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage.",
        "task/21 [HC0[0]:SC0[0]:HE1:SE1] takes:",
    ]


def test_an_execution_in_which_nobody_looked_for_one_tells_a_circle_that_needs_no_interrupt_as_well() -> None:
    crossing, orderly = along(crossed(), "left* right*"), along(crossed(), "left*")
    assert lockdep(crossing)[1] == "WARNING: possible circular locking dependency detected"
    assert ("lockdep" in told_as(crossing), "lockdep" in told_as(orderly)) == (True, False)


def test_usages_that_no_execution_shows_together_are_told_in_one_report() -> None:
    lines = lockdep(of(never_together(on=True)))
    assert lines[4:9] == [
        "inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.",
        "timer/22 [HC1[1]:SC0[0]:HE0:SE1] takes:",
        lines[6],
        "{HARDIRQ-ON-W} state was registered at:",
        "  either+0x3/0x5",
    ]


def test_soft_interrupts_are_named_as_such() -> None:
    lines = lockdep(along(interrupted(plain, "softirq"), "task* timer*"))
    assert lines[4] == "inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage."
    assert lines[5] == "timer/22 [HC0[0]:SC1[1]:HE1:SE0] takes:"
    assert "(a){+.?.}-{3:3}" in lines[6]
    unsafe = lockdep(of(interrupted(safe_before_unsafe, "softirq")))
    assert unsafe[1] == "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected"
    assert " (a){+.-.}-{3:3} -> (b){+.+.}-{3:3}" in unsafe


if __name__ == "__main__":
    for each in NAMES:
        (STORED / f"{each}.txt").write_text(told(each), encoding="utf-8")

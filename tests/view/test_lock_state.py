"""The report of an inconsistent lock state: as it stands in a file, for either kind of interrupt, only where it fits.

The file is written anew by `python -m tests.view.test_lock_state`.
"""

from __future__ import annotations

from pathlib import Path

from aprt.core.system import System
from aprt.explore.random_walk import sample_schedules
from aprt.explore.replay import replay
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from aprt.view.reports.report import report, told_as
from aprt.view.reports.subject import Subject
from tests.detect.hearing import turns
from tests.detect.test_interrupts import hard_off, interrupted, plain
from tests.verdict.cases import case_of

STORED = Path(__file__).parent / "stored" / "reports" / "lock_state.txt"


def stale_restore(switches: str) -> Subject:
    """An execution in which the timer of a GISA takes ref_lock, with `restore_locked`, and a vCPU does after it."""
    case = Case.parse(f"2026/stale-restore{switches}", ERAS)
    system = case.model().system
    (schedule,) = sample_schedules(system, 1, seed=1)
    return Subject(case, system, replay(system, schedule), None)


def along(system: System, text: str) -> Subject:
    return Subject(case_of(system), system, replay(system, turns(system, text)), None)


def lockdep(subject: Subject) -> list[str]:
    lines = report(subject, "lockdep")
    assert lines is not None
    return lines


def told() -> str:
    return "\n".join(lockdep(stale_restore("+restore_locked"))) + "\n"


def test_the_report_has_the_anatomy_of_the_kernel_s() -> None:
    assert told() == STORED.read_text(encoding="utf-8")


def test_a_schedule_without_such_a_lock_is_not_told_so() -> None:
    for subject in (stale_restore(""), along(interrupted(hard_off), "task* timer*")):
        assert "lockdep" not in told_as(subject)
        assert report(subject, "lockdep") is None


def test_whoever_comes_later_takes_it_and_is_in_an_interrupt_or_not() -> None:
    handler_last, task_last = (along(interrupted(plain), text) for text in ("task* timer*", "task timer* task*"))
    assert "lockdep" in told_as(handler_last)
    assert lockdep(handler_last)[4:8] == [
        "inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.",
        "timer/22 [HC1[1]:SC0[0]:HE0:SE1] takes:",
        f"{handler_last.address('a'):016x} (a){{?.+.}}-{{3:3}}, at: callback+0x1/0x2",
        "{HARDIRQ-ON-W} state was registered at:",
    ]
    assert lockdep(task_last)[4:6] == [
        "inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage.",
        "task/21 [HC0[0]:SC0[0]:HE1:SE1] takes:",
    ]


def test_soft_interrupts_are_named_as_such() -> None:
    lines = lockdep(along(interrupted(plain, "softirq"), "task* timer*"))
    assert lines[4] == "inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage."
    assert lines[5] == "timer/22 [HC0[0]:SC1[1]:HE1:SE0] takes:"
    assert "(a){+.?.}-{3:3}" in lines[6]


if __name__ == "__main__":
    STORED.write_text(told(), encoding="utf-8")

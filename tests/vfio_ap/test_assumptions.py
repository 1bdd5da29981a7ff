"""All six measures under every assumption on the hardware: what holds, what does not, and that the cleanup ends."""

from __future__ import annotations

import pytest

from aprt.core.properties import HANG
from aprt.explore.explore import explore
from aprt.vfio_ap.host.assumed import Assumed
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from aprt.vfio_ap.v4.measures import ASSUMED
from tests.vfio_ap.machines import broken, model

ROWS = [pytest.param(row, id=f"{row.scenario}-{row.assumption}") for row in ASSUMED]


def with_all(row: Assumed) -> str:
    return f"{row.scenario}+all-measures+{row.assumption}"


def test_kill_qemu_has_a_row_for_every_assumption_that_is_not_the_default() -> None:
    rows = {row.assumption for row in ASSUMED if row.scenario == "kill-qemu"}
    assert rows == {f"{s.name}={value}" for s in ASSUMPTIONS for value in s.values[1:]}


@pytest.mark.parametrize("row", ROWS)
def test_the_six_measures_under_an_assumption_break_what_its_row_says(row: Assumed) -> None:
    assert broken(with_all(row)) == set(row.breaks)
    assert bool(row.breaks) == bool(row.why)


STUCK = {"kill-qemu+guest=enable_disable-aqic_while_pending=otherwise_changed"}


@pytest.mark.parametrize("row", ROWS)
def test_an_end_can_always_be_reached_unless_tapq_never_says_off(row: Assumed) -> None:
    """A disable that was answered 07 too early waits for the I bit, which has come on after it."""
    found = explore(model(with_all(row)).system, (HANG,))
    assert bool(found.findings) == (f"{row.scenario}-{row.assumption}" in STUCK)


def test_a_cleanup_issues_its_zapq_again_after_every_answer_but_00_and_those_of_a_queue_that_does_nothing() -> None:
    """What measure wait_reset takes for a finished reset decides P1 and P8: 0b is no reset, and neither is 05."""
    for answer in ("unexpected_rc=yes", "busy_may_answer=yes"):
        assert broken(f"kill-qemu+all-measures+{answer}", "P1", "P8", "P12", "P34", "P35") == set()

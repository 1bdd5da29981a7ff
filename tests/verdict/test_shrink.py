"""What is said of the smallest schedule that fails alike."""

from __future__ import annotations

from aprt.explore.explore import explore
from aprt.explore.failures.failing import Price
from aprt.verdict.shrink import shrink_recording
from aprt.view.paint import Paint
from aprt.view.shrink_text import shrink_text
from tests.explore.programs.cells import longpad
from tests.explore.test_minimal import ends_with
from tests.verdict.cases import case_of, recording_of


def test_the_report_of_a_lost_update_behind_twenty_steps_says_that_one_preemption_is_the_fewest() -> None:
    system = longpad(20)
    lost = ends_with(system, 1)
    (found,) = explore(system, [lost], strategy="urw", runs=1000).findings
    shrunk = shrink_recording(recording_of(case_of(system, lost), found.schedule))
    assert shrunk.minimal.after == Price(1, 24, 2)
    lines = shrink_text(shrunk, Paint()).splitlines()
    assert lines[lines.index("after       1 preemption, 24 steps, 2 switches") + 1] == (
        "            optimal: no failing schedule with fewer preemptions exists"
    )

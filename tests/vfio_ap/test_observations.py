"""docs/reference/observations.md: what it says is violated in 2026 is, by the schedule it gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aprt.cli import known_eras
from aprt.cli.options import case_finder
from aprt.verdict.ask import Search
from aprt.verdict.contrasts import look
from aprt.vfio_ap.eras import ERAS
from tests.vfio_ap.releases import broken

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "observations.md"
ROWS = re.findall(r"^\| `(2026/[^`]+)` \| (P\d+) \| `([^`]+)` \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("reference", "property", "token"), ROWS, ids=[" ".join(row[:2]) for row in ROWS])
def test_it_is_violated_by_the_schedule_that_the_page_gives(reference: str, property: str, token: str) -> None:
    seen = look(case_finder(known_eras)(reference), (property,), Search())
    assert (seen.word, seen.findings[0].property, seen.findings[0].token) == ("VIOLATED", property, token)


@pytest.mark.parametrize(
    "name", ["alert", "two-vms", "lost-kick", "sparse-ids", "end-listed", "end-armed", "stale-restore", "late-reply"]
)
def test_the_page_has_all_that_a_scenario_about_interrupts_breaks(name: str) -> None:
    own = ERAS["2026"].scenario(name).properties
    assert broken(f"2026/{name}", *own) == {property for reference, property, _ in ROWS if reference == f"2026/{name}"}


@pytest.mark.parametrize("variant", ["two-vms+destroy_synchronizes", "stale-restore+restore_locked"])
def test_a_variant_that_no_kernel_has_removes_it(variant: str) -> None:
    own = ERAS["2026"].scenario(variant.partition("+")[0]).properties
    assert broken(f"2026/{variant}", *own) == set()


def test_before_b10_an_iam_that_is_armed_for_nobody_stays_armed_at_the_end() -> None:
    assert broken("2026/end-armed-B10", "P3") == {"P3"}

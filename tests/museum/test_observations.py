"""Observations: each is what the checker reports, and whatever it reports of era 2026 is among them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aprt.explore.explore import explore
from aprt.museum.observations import OBSERVATIONS, VERDICTS
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS

TOLD: Mapping[str, set[str]] = {
    name: {id for o in OBSERVATIONS for shown, ids in o.shown_by if shown == name for id in ids}
    for o in OBSERVATIONS
    for name, _ in o.shown_by
}
BY_ITS_BEGINNING = {
    ("end-listed", "P27"),  # the alert that it is about to miss is not there from the start
    ("end-armed", "P25"),  # it begins with what stale-restore leaves
    ("end-armed", "P29"),
}


def violated(name: str, *ids: str) -> set[str]:
    model = Case.parse(f"2026/{name}", ERAS).model()
    found = explore(model.system, model.select(ids) if ids else model.properties, stop_on="all")
    assert found.complete
    return {finding.property for finding in found.findings}


@pytest.mark.parametrize("name", TOLD)
def test_an_observation_is_what_the_checker_reports(name: str) -> None:
    assert violated(name, *TOLD[name]) == TOLD[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ERAS["2026"].scenarios))
def test_whatever_breaks_in_era_2026_is_an_observation(name: str) -> None:
    found = {(name, id) for id in violated(name)} - BY_ITS_BEGINNING
    assert found == {(name, id) for id in TOLD.get(name, set())}


def test_the_verdicts_are_about_scenarios_of_the_era() -> None:
    assert {name for name, _ in VERDICTS} <= set(ERAS["2026"].scenarios)


@pytest.mark.parametrize("variant", ["two-vms+destroy_synchronizes", "stale-restore+restore_locked"])
def test_a_variant_that_no_kernel_has_removes_it(variant: str) -> None:
    assert violated(variant, *ERAS["2026"].scenario(variant.partition("+")[0]).properties) == set()


def test_before_b10_an_iam_that_is_armed_for_nobody_stays_armed_at_the_end() -> None:
    assert violated("end-armed+B10=out", "P3") == {"P3"}

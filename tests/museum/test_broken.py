"""Every property can fail: what breaks it, in which words, and the nearest case in which it holds, both complete."""

from __future__ import annotations

import pytest

from aprt.core.contrast import Contrast
from aprt.explore.explore import explore
from aprt.museum.broken import BROKEN, broken_by
from aprt.verdict.case import Case
from aprt.verdict.claims import claims
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.switches import HOST_MUTANTS
from aprt.vfio_ap.releases.elements import ELEMENTS
from aprt.vfio_ap.releases.switches import MUTANTS

RULES = {"K1", "K2", "K3", "deadlock"}  # of any kernel: one case is enough


def test_every_property_of_the_series_and_of_todays_driver_is_broken_by_something() -> None:
    for era, releases in (("v4", False), ("2026", True)):
        known = {claim.property.id for claim in claims(ERAS, era)}
        shown = {one.violates for one in BROKEN if releases != one.buggy.startswith("v4/")}
        assert known - shown - (RULES if releases else {"P33"}) == set()
    assert {one.violates for one in BROKEN} == {claim.property.id for claim in claims(ERAS)}


@pytest.mark.parametrize("contrast", BROKEN, ids=lambda one: f"{one.buggy.partition('/')[0]}-{one.violates}")
def test_a_property_fails_where_it_must_and_holds_next_to_it(contrast: Contrast) -> None:
    buggy, fixed = (Case.parse(text, ERAS) for text in (contrast.buggy, contrast.fixed))
    assert (str(buggy), str(fixed)) == (contrast.buggy, contrast.fixed)
    model = buggy.model()
    (finding,) = explore(model.system, model.select([contrast.violates]), stop_on="first").findings
    assert contrast.says(finding.property, finding.text), finding.text
    model = fixed.model()
    found = explore(model.system, model.select([contrast.violates]), stop_on="all")
    assert (found.stopped, found.unmerged, found.findings) == (None, (), ())


def test_a_property_is_seen_to_fail_in_the_era_asked_about_or_in_one_of_the_same_driver() -> None:
    assert [broken_by("P11", era) for era in ("v4", "2026", "6.2")] == [
        "v4/close-and-use",
        "2026/close-and-use+keep_apcb",
        "2026/close-and-use+keep_apcb",
    ]
    assert (broken_by("P21", "2026"), broken_by("P33", "v4")) == ("6.2/kill-qemu+B11=out", None)


def test_every_mistake_that_a_driver_of_the_releases_can_make_breaks_something() -> None:
    own = {switch.name for switch in MUTANTS} - {switch.name for switch in HOST_MUTANTS}
    tried = {word for one in BROKEN for word in one.buggy.split("+")} | {word for e in ELEMENTS for word in e.put_in}
    assert own <= tried

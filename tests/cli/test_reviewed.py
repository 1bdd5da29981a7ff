"""Small patches with one mistake each are found to have it, unasked or in a comparison; one without a mistake holds."""

from __future__ import annotations

import json

import pytest

from tests.cli.own_files import aprt, said

pytestmark = pytest.mark.usefixtures("in_the_root")

PATCHES = "tests/cli/reviewed.py"


@pytest.mark.parametrize("scenario", ["rogue-close", "sibling"])
def test_a_patch_without_a_mistake_holds(scenario: str) -> None:
    assert said(f"2026/{scenario}", "--with", f"{PATCHES}:SAFE").startswith("aprt: HOLDS ")
    assert " removed=- added=- " in aprt("explore", f"2026/{scenario}", "--compare", f"with={PATCHES}:SAFE").stdout


@pytest.mark.parametrize(
    ("name", "scenario", "text"),
    [
        ("UNLOCKED", "rogue-close", "rogue does vm0.crycb.set_masks without holding vm0.kvm_lock"),
        ("KEEPS_REFERENCE", "second-mdev", "vm0 has 6 references and 5 holders"),
        ("LINKS_NOTHING", "sibling", "05.0005 is bound, and the shadow of mdev0 is aqm={4,5}, not apm={5} aqm={4,5}"),
        ("FILTERS_NOTHING", "sibling", "05.0005 is bound, and the shadow of mdev0 is aqm={4,5}, not apm={5} aqm={4,5}"),
        ("LOCKS_NOTHING", "unassign", "admin does mdev0.read_matrix without holding guests_lock or mdevs_lock"),
        ("LEAVES_PENDING", "gain-adapter", "a scan ends, and apm={6} is still to be given to mdev0"),
    ],
)
def test_a_mistake_is_found_although_nobody_asks_for_it(name: str, scenario: str, text: str) -> None:
    told = json.loads(aprt("explore", f"2026/{scenario}", "--with", f"{PATCHES}:{name}", "--format", "json").stdout)
    assert [finding["text"] for finding in told["findings"]] == [text]


def test_what_no_scenario_was_made_for_is_found_by_a_comparison() -> None:
    last = aprt("explore", "2026/rogue-close", "--compare", f"with={PATCHES}:RESETS_FIRST").stdout.splitlines()[-1]
    assert " removed=- added=P35,P45 " in last
    text = aprt("explore", "2026/rogue-close", "--compare", f"with={PATCHES}:SAFE").stdout
    assert "\n  and        holds      holds      K2, K3, P2*, P10*, P14, " in text

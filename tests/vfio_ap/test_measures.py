"""The six measures: all of them together, and what each one is for."""

from __future__ import annotations

import pytest

from aprt.core.errors import UserError
from aprt.verdict.case import Case
from aprt.verdict.claims import claims
from aprt.verdict.verdict import selected
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.topology.system import SHOWN
from aprt.vfio_ap.v4.era import V4
from aprt.vfio_ap.v4.measures import NEEDS, Need
from aprt.vfio_ap.v4.ways import WAYS
from tests.vfio_ap.machines import ask, broken, model

MEASURES = ("vm_ref", "hook_lock", "clear_apcb", "wait_reset", "cleanup_everywhere", "one_mutex")


def test_all_measures_are_the_six() -> None:
    assert V4.groups == {"all-measures": MEASURES}
    assert tuple(need.measure for need in NEEDS) == MEASURES


def test_the_series_as_it_is_breaks_the_guarantee_when_qemu_is_killed() -> None:
    found = ask("kill-qemu", "P1", stop_on="first")
    (finding,) = found.findings
    assert finding.text == "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"
    assert len(finding.schedule) == 35
    assert str(finding.schedule.labels[-1]) == "exit: vm0.gisa_int.begin_destroy"


@pytest.mark.parametrize("measure", MEASURES)
def test_no_single_measure_makes_the_guarantee_hold(measure: str) -> None:
    assert broken(f"kill-qemu+{measure}", "P1") == {"P1"}
    assert broken(f"rogue-close+{measure}", "P1") == {"P1"}


def test_a_reference_and_waiting_for_the_reset_are_what_the_guarantee_takes_when_qemu_is_killed() -> None:
    assert broken("kill-qemu+vm_ref+wait_reset", "P1") == set()
    assert "P1" in broken("rogue-close+vm_ref+wait_reset", "P1")
    assert broken("rogue-close+vm_ref+wait_reset+hook_lock", "P1") == set()


# every property there is holds with all measures in; states and end states of the complete search
HOLDS = [
    ("kill-qemu", 1687, 2),
    ("rogue-close", 5884, 3),
    ("remove-vs-intercept", 479, 2),
    ("reset-reenable", 96, 1),
    ("rebind", 1101, 2),
    ("close-vs-unbind", 6913, 5),
    ("close-and-use", 194, 1),
    ("remove-mdev", 853, 2),
    ("qemu-reset", 6680, 3),
    ("unplug", 502, 2),
    ("assign", 520, 3),
    ("alert", 2603, 2),
]


@pytest.mark.parametrize(("name", "states", "ends"), HOLDS, ids=[row[0] for row in HOLDS])
def test_with_all_measures_every_property_holds(name: str, states: int, ends: int) -> None:
    found = ask(f"{name}+all-measures")
    assert (found.complete, found.findings, found.unmerged) == (True, (), ())
    assert (found.deadlocks, found.oopses) == (0, 0)
    assert (found.states, found.ends) == (states, ends)
    assert {"P1", "P34", "P35", "deadlock"} <= {p.id for p in model(f"{name}+all-measures").properties}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dma-unmap", {"P5", "P7", "P8"}),  # no measure is about it: unmap_disables
        ("dma-unmap+unmap_disables", set()),
        ("attach", {"P5", "P6", "P7", "P17"}),  # h11: kvm_test_locked
        ("attach+kvm_test_locked", set()),
        ("card-gone", {"P5", "P6", "P13"}),  # a refused enable (refused_undoes); h12 (probe_links)
        ("card-gone+refused_undoes+probe_links", set()),
        ("card-off", {"P3", "P5", "P6", "P29"}),  # a refused enable
        ("card-off+refused_undoes", set()),
        ("card-broken+refused_undoes", {"P1", "P8", "P34"}),  # what answered 04 comes back as it was
        ("reset-reenable-busy", {"P5", "P6"}),
        ("reset-reenable-busy+refused_undoes", set()),
        ("h1", {"P3", "P9", "P28"}),  # the alert list's processor starts the timer of a VM that is gone
        ("h1+destroy_synchronizes", set()),
        ("h16", {"P16"}),
        ("h16+hook_after_check", set()),
    ],
)
def test_what_the_six_measures_are_not_for(text: str, expected: set[str]) -> None:
    assert broken(f"{text}+all-measures") == expected


@pytest.mark.parametrize("need", NEEDS, ids=MEASURES)
def test_each_measure_is_needed_where_its_row_says(need: Need) -> None:
    assert need.property not in {"P34", "P35"}
    assert broken(f"{need.scenario}+all-measures", need.property) == set()
    assert broken(f"{need.scenario}+all-measures", need.property, without=(need.measure,)) == {need.property}


def test_p34_and_p35_are_checked_with_all_measures_only() -> None:
    some = {p.id for p in model("kill-qemu+all-measures", without=("clear_apcb",)).properties}
    every = {p.id for p in model("kill-qemu+all-measures").properties}
    assert every - some == {"P34", "P35"}


def test_the_catalogue_has_every_property_also_those_that_take_all_measures() -> None:
    known = {claim.property.id: claim for claim in claims(ERAS, "v4")}
    assert {id for id, claim in known.items() if claim.all_measures} == {"P34", "P35"}
    assert set(SHOWN) | {need.property for need in NEEDS} | {way.breaks for way in WAYS} <= set(known)


def test_a_property_that_takes_all_measures_says_so() -> None:
    case = Case.parse("v4/kill-qemu", ERAS)
    with pytest.raises(UserError) as caught:
        selected(case, case.model(), ("P34",))
    assert str(caught.value) == "property P34 takes all measures: ask for it on v4/kill-qemu+all-measures"

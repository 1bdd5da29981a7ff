"""The guarantee in 2026 and what gives it: each element is needed where its row says, and P1 holds with all of them."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.host.assumed import Assumed
from aprt.vfio_ap.releases.elements import ASSUMED, ELEMENTS, ERA, Element
from tests.vfio_ap.releases import broken, model


def missing(element: Element) -> str:
    """Its scenario without it."""
    words = [*(f"+{word}" for word in element.put_in), *(f"-{word}" for word in element.taken_out)]
    return "".join((element.scenario, *words))


@pytest.mark.parametrize("element", ELEMENTS, ids=[missing(e) for e in ELEMENTS])
def test_each_element_is_needed_where_its_row_says(element: Element) -> None:
    assert broken(f"{ERA}/{element.scenario}", element.breaks) == set()
    assert broken(f"{ERA}/{missing(element)}", element.breaks) == {element.breaks}


@pytest.mark.parametrize("one", ["+no_core_ref", "-B1"])
@pytest.mark.parametrize("scenario", ["kill-qemu", "rogue-close"])
def test_one_reference_of_the_vm_is_enough_while_the_device_is_open(scenario: str, one: str) -> None:
    assert broken(f"{ERA}/{scenario}{one}", "P1", "P4", "P9") == set()


def test_the_reference_of_the_driver_is_not_needed_to_attach_either() -> None:
    assert broken(f"{ERA}/open-while-ending-B1", "P1", "P4", "P9", "K3") == set()


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=[pytest.mark.slow] * row.scenario.startswith("card-")) for row in ASSUMED],
    ids=[f"{row.scenario}-{row.assumption}" for row in ASSUMED],
)
def test_under_an_assumption_2026_breaks_what_its_row_says(row: Assumed) -> None:
    assert broken(f"{ERA}/{row.scenario}+{row.assumption}") == set(row.breaks)
    assert bool(row.breaks) == bool(row.why)


def test_a_model_tells_which_assumptions_its_properties_need_where_the_switches_are_the_eras() -> None:
    assert [name for id, name in model(f"{ERA}/kill-qemu").needed if id == "P1"] == ["unexpected_rc", "reset_end"]
    assert model(f"{ERA}/kill-qemu+refused_undoes").needed == model("6.12/kill-qemu").needed == ()

"""Properties that hold in a scenario only because nothing they speak of can happen there: it is said."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.v4.era import V4
from tests.vfio_ap import releases as released
from tests.vfio_ap.machines import ask, model


@pytest.mark.parametrize(
    ("text", "id", "exercised"),
    [
        ("kill-qemu+all-measures", "P1", True),
        ("kill-qemu+all-measures", "P2", False),  # no delivery: hardware touches no GISA
        ("alert", "P2", True),
        ("kill-qemu+all-measures", "P27", False),  # nor does an alert list begin
        ("alert", "P27", True),
        ("kill-qemu+all-measures", "P11", False),  # the guest never uses its queue
        ("kill-qemu+all-measures+guest=use", "P11", True),
        ("kill-qemu+all-measures+guest=use", "P5", False),  # nor does it enable an interrupt
        ("kill-qemu+all-measures", "P5", True),
        ("h3+vm_ref", "P1", False),  # the VM is never destroyed: that is the cure
        ("h3", "P4", True),
        ("remove-vs-intercept", "P1", False),
        ("remove-vs-intercept", "P9", True),
        ("kill-qemu", "P10", False),
        ("dma-unmap", "P10", True),
        ("close-and-use+all-measures", "P34", True),
        ("close-and-use+all-measures", "P35", True),
        ("remove-vs-intercept+all-measures", "P34", False),
        ("remove-vs-intercept+all-measures", "P35", False),
    ],
)
def test_a_property_is_exercised_when_a_step_it_is_about_can_happen(text: str, id: str, exercised: bool) -> None:
    found = ask(text)
    assert found.unexercised is not None
    assert (id not in found.unexercised) == exercised


def test_where_a_guest_has_no_interrupts_nothing_is_claimed_of_them() -> None:
    ids = ("P1", "P25", "P29")
    found = [released.ask(f"{era}/kill-qemu", *ids) for era in ("4.20", "2026")]
    assert [(each.findings, each.unexercised) for each in found] == [((), ids), ((), ())]


def test_what_properties_are_about_are_messages_of_their_actors() -> None:
    for name in V4.scenarios:
        for property in model(f"{name}+all-measures").properties:
            assert [op for actor, op in property.about if not hasattr(type(actor), op)] == []

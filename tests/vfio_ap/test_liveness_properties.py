"""P32, P33, P42, P44: each is broken by one switch, by a loop that neglects nobody, and holds without it."""

from __future__ import annotations

import pytest

from tests.vfio_ap.releases import ask, broken

IDS = ("P32", "P33", "P42", "P44")

HOLDS = ("2026/kill-qemu", "2026/alert", "2026/end-listed", "2026/reset-reenable+guest=reset_insist+refused_undoes")

BROKEN = [
    ("2026/kill-qemu+reset_stays_pending", "P32", "exit holds guests_lock, for ever", 1),
    ("2026/end-listed-B10", "P33", "gisa_destroy of vm0 goes on, for ever", 1),
    ("2026/alert+irq_stays_pending", "P42", "the interrupt change of 05.0004 is pending, for ever", 4),
    (
        "2026/reset-reenable+guest=reset_insist+refused_undoes+reset_stays_pending",
        "P44",
        "vm0.vcpu0 is told 02, for ever",
        32,
    ),
]


@pytest.mark.parametrize("text", HOLDS)
def test_what_must_come_to_an_end_does(text: str) -> None:
    assert broken(text, *IDS) == set()


@pytest.mark.parametrize(("text", "property", "says", "loop"), BROKEN)
def test_it_goes_on_for_ever_with_the_switch(text: str, property: str, says: str, loop: int) -> None:
    (finding,) = ask(text, property).findings
    assert (finding.text, finding.loop) == (says, loop)

"""Every property of the releases can fail: without which fix or with which mistake, in which words, and that it holds
in the same scenario of 2026 as it is; both searches are complete."""

from __future__ import annotations

import pytest

from tests.vfio_ap.releases import ask, broken

ROWS = [
    ("P1", "kill-qemu+reset_unwaited", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    ("P4", "rogue-close+close_needs_group", "every file is closed and vm0 is still alive (1 references)"),
    ("P5", "reset-reenable-B5", "page 0x3 of vm0 has 1 pins, on record are 0"),
    ("P6", "reset-reenable-B5", "ISC 3 of vm0 is registered 1 times, on record are 0"),
    ("P7", "dma-unmap-B13", "05.0004 has vm0 nib 0x3f00 on record and does not own it"),
    ("P10", "dma-unmap-B13", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    ("P11", "close-and-use+keep_apcb", "mdev0 lets vm0 go while 05.0004 holds something of it"),
    ("P12", "kill-qemu-B15-B14", "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    ("P26", "late-reply-B41", "vm0.gisa is in the alert list, but its next_alert says it is in none"),
    ("P27", "alert-B43", "the alert list begins with vm0.gisa and nobody is going to look at it"),
    ("P30", "lost-kick-B9", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    ("P31", "lost-kick-B8", "vm0.vcpu1 counts as kicked and sleeps"),
    ("P34", "close-and-use+keep_apcb", "mdev0 is detached and vm0 can still reach apm={5} aqm={4}"),
    ("P35", "kill-qemu-B17", "the VM reference is dropped before the VM pointer is cleared"),
    ("P48", "without-gisa-B42", "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
]


@pytest.mark.parametrize(("id", "breaks", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_a_property_fails_where_it_must_and_holds_in_2026_as_it_is(id: str, breaks: str, text: str) -> None:
    found = ask(f"2026/{breaks}")
    assert found.complete
    assert text in [finding.text for finding in found.findings if finding.property == id]
    assert id not in broken(f"2026/{breaks.replace('-B', '+').split('+')[0]}")

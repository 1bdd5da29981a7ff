"""Every property of the releases can fail: without which fix or with which mistake, in which words, and that it holds
in the same scenario of 2026 without that; both searches are complete."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.host.switches import HOST_MUTANTS
from aprt.vfio_ap.releases.elements import ELEMENTS
from aprt.vfio_ap.releases.switches import MUTANTS
from tests.vfio_ap.releases import ask, broken, model

ROWS = [
    ("P1", "kill-qemu", "+reset_unwaited", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    (
        "P2",
        "kill-qemu+delivery+guest=enable_use",
        "+no_core_ref-B1",
        "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed",
    ),
    ("P3", "kill-qemu", "+alert_mask_kept", "gisa_destroy begins with alert.mask 0x10"),
    ("P4", "rogue-close", "+close_needs_group", "every file is closed and vm0 is still alive (1 references)"),
    ("P5", "reset-reenable", "-B5", "page 0x3 of vm0 has 1 pins, on record are 0"),
    ("P6", "reset-reenable", "-B5", "ISC 3 of vm0 is registered 1 times, on record are 0"),
    ("P7", "dma-unmap", "-B13", "05.0004 has vm0 nib 0x3f00 on record and does not own it"),
    ("P8", "kill-qemu", "-B15", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there"),
    ("P9", "remove-mdev", "-B4", "use after free: read_handler on freed mdev0"),
    ("P10", "dma-unmap", "-B13", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    ("P11", "close-and-use", "+keep_apcb", "mdev0 lets vm0 go while 05.0004 holds something of it"),
    ("P12", "kill-qemu", "-B15", "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    ("P17", "close-and-use", "+keep_apcb", "vm0 reaches 05.0004, which no mdev assigns to it"),
    ("P18", "close-and-use", "+keep_apcb", "vm0 reaches apm={5} aqm={4}, and no mdev has it"),
    ("P19", "close-and-use", "+masks_in_sie", "close writes the masks of vm0 while vm0.vcpu0 is in SIE"),
    (
        "P22",
        "unbind",
        "-B6",
        "vm0.vcpu0 does mdev0.read_kvm without holding guests_lock or mdevs_lock or mdev0.dev_set_lock or "
        "reset_work 05.0004",
    ),
    (
        "P23",
        "unplug",
        "+detach_in_spinlock",
        "qemu may sleep for guests_lock in atomic context: it holds vm0.ref_lock",
    ),
    (
        "P24",
        "reset-reenable-busy",
        "+wrong_rc",
        "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept",
    ),
    ("P25", "kill-qemu", "+alert_mask_kept", "alert.mask is 0x10, registered are 0x00"),
    ("P26", "late-reply", "-B41", "vm0.gisa is in the alert list, but its next_alert says it is in none"),
    ("P27", "alert", "-B43", "the alert list begins with vm0.gisa and nobody is going to look at it"),
    (
        "P28",
        "two-vms+destroy_synchronizes",
        "+timer_after_destroy",
        "the timer of vm0.gisa runs, and the GISA is freed",
    ),
    ("P29", "kill-qemu", "+iam_left_armed", "IAM of vm0.gisa is 0x10 and alert.mask is 0"),
    ("P30", "lost-kick", "-B9", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    ("P31", "kicked-again", "-B8", "vm0.vcpu0 counts as kicked and sleeps"),
    ("P34", "close-and-use", "+keep_apcb", "mdev0 is detached and vm0 can still reach apm={5} aqm={4}"),
    ("P35", "kill-qemu", "-B17", "the VM reference is dropped before the VM pointer is cleared"),
    ("P37", "unassign+guest=enable", "-B34", "05.0004 is enabled for vm0, to which no mdev assigns it"),
    ("P38", "unplug+guest=enable_disable", "+one_try_more", "vm0.vcpu0 tries 7 times to disable hw 05.0004"),
    ("P40", "unbind", "+status_removed_late", "unbind removes status 05.0004 while it holds guests_lock"),
    ("P41", "alert", "+restore_nothing", "0x10 is registered and not armed, and nobody is going to arm it"),
    ("P43", "gain-two-adapters", "-B31", "a scan stops the vCPUs of vm0 once more for the same change"),
    ("P45", "gain-control-domain", "-B23", "05.0004 is reset while vm0 reaches it"),
    ("P46", "masks-scan", "-B51", "the device of 05.0004 is deleted, and the host has the queue"),
    ("P48", "without-gisa", "-B42", "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
]

ELSEWHERE = {"P13", "P14", "P15", "P16", "P36", "P39"}  # test_release_structure
OWN_FILES = {"P20", "P21", "P32", "P33", "P42", "P44", "P47", "P50", "P51"}  # lock order, liveness, resets, removal


def test_there_is_a_row_for_every_property_that_has_no_file_of_its_own() -> None:
    known = {property.id for property in model("2026/kill-qemu").properties if property.id.startswith("P")}
    assert known - OWN_FILES == {row[0] for row in ROWS} | ELSEWHERE


@pytest.mark.parametrize(("id", "scenario", "breaks", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_a_property_fails_where_it_must_and_holds_next_to_it(id: str, scenario: str, breaks: str, text: str) -> None:
    (finding,) = ask(f"2026/{scenario}{breaks}", id).findings
    assert finding.text == text
    assert broken(f"2026/{scenario}", id) == set()


def test_p37_sees_a_handler_that_finds_queues_by_the_bus() -> None:
    (finding,) = ask("2026/unassign+guest=enable+handler_asks_bus", "P37").findings
    assert finding.text == "05.0004 is enabled for vm0, to which no mdev assigns it"


def test_every_mistake_that_a_driver_can_make_is_tried() -> None:
    own = {switch.name for switch in MUTANTS} - {switch.name for switch in HOST_MUTANTS}
    tried = {word for row in ROWS for word in row[2].split("+")} | {word for e in ELEMENTS for word in e.put_in}
    assert own - tried == {"handler_asks_bus", "assign_without_perms"}  # above; test_release_structure

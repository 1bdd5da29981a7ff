"""Every property can fail: what breaks it, in which words, and the nearest case in which it holds, both complete."""

from __future__ import annotations

import pytest

from aprt.vfio_ap.v4.switches import SWITCHES
from tests.vfio_ap.machines import ask, broken, model

ALL = "kill-qemu+all-measures"
ROWS = [
    ("P1", "kill-qemu", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins", ALL),
    ("P2", "h1", "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed", "h1+all-measures"),
    ("P3", "two-vms", "gisa_destroy leaves the timer armed", "two-vms+destroy_synchronizes"),
    ("P4", "kill-qemu", "mdev0 points to vm0, whose reference count is 0", ALL),
    ("P5", "reset-reenable+naive_reenable", "page 0x3 of vm0 has 1 pins, on record are 0", "reset-reenable"),
    ("P6", "reset-reenable+naive_reenable", "ISC 3 of vm0 is registered 1 times, on record are 0", "reset-reenable"),
    ("P7", f"{ALL}+keep_irq_record", "05.0004 has ISC 3 and NIB 0x3f00 on record and does not own both", ALL),
    ("P8", "h13", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there", "h13+wait_reset"),
    ("P9", "h8", "use after free: records on freed q 05.0004", "h8+one_mutex"),
    ("P10", "h14", "vm0: pages from 0x2 on stay pinned while they are unmapped", "h14+unmap_disables+wait_reset"),
    (
        "P11",
        "close-and-use",
        "05.0004 goes to the free list while it holds something of vm0",
        "close-and-use+clear_apcb+wait_reset",
    ),
    ("P12", "h10", "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted", "h10+wait_reset"),
    ("P13", "h12", "05.0004 is not in the list of mdev0, unlike its matrix", "h12+probe_links"),
    ("P14", "assign+assign_twice", "mdev0 has a queue twice", "assign"),
    ("P16", "h16", "the hook of vm0 is mdev1, the mdev that has it is mdev0", "h16+hook_after_check"),
    ("P17", "h11", "vm0 reaches 05.0004, which no mdev assigns to it", "h11+kvm_test_locked"),
    (
        "P20",
        "kill-qemu+masks_locks_crossed",
        "possible circular locking dependency: kvm_lock -> matrix_lock -> kvm_lock",
        "kill-qemu",
    ),
    (
        "P19",
        "close-and-use+all-measures+masks_in_sie",
        "close writes the masks of vm0 while vm0.vcpu0 is in SIE",
        "close-and-use+all-measures",
    ),
    (
        "P21",
        f"{ALL}+put_early",
        "exit dropped the last reference under matrix_lock, which vm0.destroy needs",
        ALL,
    ),
    ("P22", "kill-qemu+masks_unlocked", "exit does vm0.crycb.set_masks without holding vm0.kvm_lock", "kill-qemu"),
    (
        "P23",
        "kill-qemu+masks_in_spinlock",
        "exit may sleep for vm0.kvm_lock in atomic context: it holds vm0.ref_lock",
        "kill-qemu",
    ),
    (
        "P24",
        "reset-reenable-busy+wrong_rc",
        "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept",
        "reset-reenable-busy",
    ),
    ("P25", f"{ALL}+alert_mask_kept", "alert.mask is 0x10, registered are 0x00", ALL),
    ("P26", "two-vms+gib_rearm_early", "vm1.gisa links to 1, but is in no part of the alert list", "two-vms"),
    ("P27", "two-vms+gib_rearm_early", "gal arms alerts over the list that begins with vm1.gisa", "two-vms"),
    ("P28", "two-vms", "the timer of vm0.gisa runs, and the GISA is freed", "two-vms+destroy_synchronizes"),
    ("P29", f"{ALL}+iam_left_armed", "IAM of vm0.gisa is 0x10 and alert.mask is 0", ALL),
    (
        "P30",
        "lost-kick+clear_kicked",
        "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good",
        "lost-kick+clear_kicked+keep_deliverable",
    ),
    ("P31", "kicked-again", "vm0.vcpu0 counts as kicked and sleeps", "kicked-again+clear_kicked"),
    ("P34", f"{ALL}+keep_irq_record", "mdev0 is detached and 05.0004 is not reset, off and forgotten", ALL),
    ("P35", f"{ALL}+free_before_reset", "q 05.0004 is forgotten before its reset ended", ALL),
    ("P41", "alert+restore_nothing", "0x10 is registered and not armed, and nobody is going to arm it", "alert"),
    (
        "P48",
        "without-gisa+B46+moved_kernel",
        "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)",
        "without-gisa+B42+B46+moved_kernel",
    ),
    ("K1", "kill-qemu+masks_locked_twice", "exit locks vm0.kvm_lock, which it already holds", "kill-qemu"),
    ("K2", "kill-qemu+masks_unlocked_twice", "exit releases vm0.kvm_lock, which nobody holds", "kill-qemu"),
    (
        "K3",
        "rogue-close+all-measures+put_twice",
        "rogue puts a reference to vm0, which has none left",
        "rogue-close+all-measures",
    ),
    (
        "deadlock",
        "reset-reenable+guest=enable_wait+delivery+B43=out",
        "vm0.vcpu0 waits for vm0.vcpu0.sleep",
        "reset-reenable+guest=enable_wait+delivery",
    ),
]


def test_there_is_a_row_for_every_property() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(p.id for p in model(ALL).properties)


@pytest.mark.parametrize(("id", "breaks", "text", "holds"), ROWS, ids=[row[0] for row in ROWS])
def test_a_property_fails_where_it_must_and_holds_next_to_it(id: str, breaks: str, text: str, holds: str) -> None:
    (finding,) = ask(breaks, id, stop_on="first").findings
    assert (finding.property, finding.text) == (id, text)
    assert id not in broken(holds)


# mutants, and fixes that v4 has: a scenario, and what breaks there that holds without the mutant, or with the fix
MUTANTS_IN = [
    ("assign_twice", "assign", {"P13", "P14"}),
    ("wrong_rc", "reset-reenable-busy", {"P24"}),
    ("free_before_reset", ALL, {"P8", "P12", "P35"}),
    ("keep_irq_record", ALL, {"P5", "P6", "P7", "P34"}),
    ("put_early", ALL, {"K1", "P21"}),
    ("put_twice", "rogue-close+all-measures", {"P9", "K3"}),
    ("masks_lock=masks_unlocked", ALL, {"P19", "P22"}),
    ("masks_lock=masks_locked_twice", ALL, {"K1"}),
    ("masks_lock=masks_unlocked_twice", ALL, {"K2"}),
    ("masks_in_sie", "close-and-use+all-measures", {"P11", "P19"}),
    ("restore_nothing", "alert", {"P30", "P41"}),
    ("masks_lock=masks_in_spinlock", ALL, {"P23"}),
    ("masks_lock=masks_locks_crossed", "kill-qemu", {"P20"}),
    ("insert_while_listed", "lost-kick+queues=2", {"P26"}),
    ("B41=out", "unplug+delivery+guest=enable_use", {"P26"}),
    ("gib_rearm_early", "two-vms", {"P26", "P27"}),
    ("B43=out", "alert", {"P27", "P30"}),
    ("alert_mask_kept", ALL, {"P3", "P25", "P29"}),
    ("iam_left_armed", ALL, {"P3", "P25", "P29"}),
    ("timer_after_destroy", "two-vms+destroy_synchronizes", {"P3", "P9", "P28"}),
]

TOO_MANY = {"insert_while_listed"}  # states of its scenario: the search stops at the first violation


@pytest.mark.parametrize(("mutant", "scenario", "breaks"), MUTANTS_IN, ids=[row[0] for row in MUTANTS_IN])
def test_a_mutant_breaks_what_it_is_there_for(mutant: str, scenario: str, breaks: set[str]) -> None:
    if mutant in TOO_MANY:
        assert {f.property for f in ask(f"{scenario}+{mutant}", *breaks, stop_on="first").findings} == breaks
    else:
        assert broken(f"{scenario}+{mutant}") - broken(scenario) == breaks


@pytest.mark.slow
def test_the_scenario_of_insert_while_listed_keeps_p26_without_it() -> None:
    assert broken("lost-kick+queues=2", "P26") == set()


def test_a_destroy_that_ignores_the_list_leaves_the_gisa_in_it() -> None:
    left = [ask(text, "P3", stop_on="first").findings[0].text for text in ("two-vms", "two-vms+destroy_ignores_list")]
    assert left == ["gisa_destroy leaves the timer armed", "gisa_destroy leaves vm0.gisa in the alert list"]


def test_every_mutant_is_tried() -> None:
    mutants = {s.word for s in SWITCHES if s.kind == "mutant" or (s.kind == "fix" and s.default == "in")}
    elsewhere = {"destroy_ignores_list", "irq_stays_pending", "reset_stays_pending"}  # above; test_liveness_properties
    assert mutants == {row[0].partition("=")[0] for row in MUTANTS_IN} | elsewhere
    values = next(s.values for s in SWITCHES if s.name == "masks_lock")
    assert {f"masks_lock={value}" for value in values[1:]} <= {row[0] for row in MUTANTS_IN}

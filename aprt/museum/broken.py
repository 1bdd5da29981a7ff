"""What breaks each property: a case that violates it, in which words, and the nearest case that does not.

A property has the same number in every era, but looks at the actors of that era's driver. So the series (v4) and the
releases have rows of their own. The table in `docs/reference/properties.md` is written from these rows, and the tests
check each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aprt.core.contrast import Contrast


def _v4(violates: str, buggy: str, fixed: str, finding: str) -> Contrast:
    """A contrast of the series."""
    return Contrast(f"v4/{buggy}", f"v4/{fixed}", violates, finding)


def _today(violates: str, scenario: str, switch: str, finding: str) -> Contrast:
    """One of era 2026: the switch puts a mistake in there, or takes a fix out."""
    return Contrast(f"2026/{scenario}+{switch}", f"2026/{scenario}", violates, finding)


BROKEN: Final[Sequence[Contrast]] = (
    _v4("P1", "kill-qemu", "kill-qemu+all-measures", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    _v4("P2", "h1", "h1+all-measures", "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed"),
    _v4("P3", "two-vms", "two-vms+destroy_synchronizes", "gisa_destroy leaves the timer armed"),
    _v4("P4", "kill-qemu", "kill-qemu+all-measures", "mdev0 points to vm0, whose reference count is 0"),
    _v4("P5", "reset-reenable+naive_reenable", "reset-reenable", "page 0x3 of vm0 has 1 pin, 0 on record"),
    _v4("P6", "reset-reenable+naive_reenable", "reset-reenable", "ISC 3 of vm0 is registered 1 time, 0 on record"),
    _v4("P7", "kill-qemu+all-measures+keep_irq_record", "kill-qemu+all-measures",
        "05.0004 has ISC 3 and NIB 0x3f00 on record and does not own both"),
    _v4("P8", "h13", "h13+wait_reset", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there"),
    _v4("P9", "h8", "h8+one_mutex", "use after free: records on freed q 05.0004"),
    _v4("P10", "h14", "h14+wait_reset+unmap_disables", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    _v4("P11", "close-and-use", "close-and-use+clear_apcb+wait_reset",
        "05.0004 goes to the free list while it holds something of vm0"),
    _v4("P12", "h10", "h10+wait_reset",
        "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    _v4("P13", "h12", "h12+probe_links", "05.0004 is not in the list of mdev0, unlike its matrix"),
    _v4("P14", "assign+assign_twice", "assign", "mdev0 has a queue twice"),
    _v4("P16", "h16", "h16+hook_after_check", "the hook of vm0 is mdev1, the mdev that has it is mdev0"),
    _v4("P17", "h11", "h11+kvm_test_locked", "vm0 reaches 05.0004, which no mdev assigns to it"),
    _v4("P20", "kill-qemu+masks_locks_crossed", "kill-qemu",
        "possible circular locking dependency: kvm_lock -> matrix_lock -> kvm_lock"),
    _v4("P19", "close-and-use+all-measures+masks_in_sie", "close-and-use+all-measures",
        "close writes the masks of vm0 while vm0.vcpu0 is in SIE"),
    _v4("P21", "kill-qemu+all-measures+put_early", "kill-qemu+all-measures",
        "exit dropped the last reference under matrix_lock, which vm0.destroy needs"),
    _v4("P22", "kill-qemu+masks_unlocked", "kill-qemu", "exit does vm0.crycb.set_masks without holding vm0.kvm_lock"),
    _v4("P23", "kill-qemu+masks_in_spinlock", "kill-qemu",
        "exit may sleep for vm0.kvm_lock in atomic context: it holds vm0.ref_lock"),
    _v4("P24", "reset-reenable-busy+wrong_rc", "reset-reenable-busy",
        "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept"),
    _v4("P25", "kill-qemu+all-measures+alert_mask_kept", "kill-qemu+all-measures",
        "alert.mask is 0x10, registered are 0x00"),
    _v4("P26", "two-vms+gib_rearm_early", "two-vms", "vm1.gisa links to 1, but is in no part of the alert list"),
    _v4("P27", "two-vms+gib_rearm_early", "two-vms", "gal arms alerts over the list that begins with vm1.gisa"),
    _v4("P28", "two-vms", "two-vms+destroy_synchronizes", "the timer of vm0.gisa runs, and the GISA is freed"),
    _v4("P29", "kill-qemu+all-measures+iam_left_armed", "kill-qemu+all-measures",
        "IAM of vm0.gisa is 0x10 and alert.mask is 0"),
    _v4("P30", "lost-kick+B8", "lost-kick+B8+B9", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    _v4("P31", "late-kick", "late-kick+B8", "vm0.vcpu0 counts as kicked and sleeps"),
    _v4("P34", "kill-qemu+all-measures+keep_irq_record", "kill-qemu+all-measures",
        "mdev0 is detached and 05.0004 is not reset, off and forgotten"),
    _v4("P35", "kill-qemu+all-measures+free_before_reset", "kill-qemu+all-measures",
        "q 05.0004 is forgotten before its reset ended"),
    _v4("P41", "alert+restore_nothing", "alert", "0x10 is registered and not armed, and nobody is going to arm it"),
    _v4("P48", "without-gisa+B42=out+B46+moved_kernel", "without-gisa+B46+moved_kernel",
        "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
    _v4("K1", "kill-qemu+masks_locked_twice", "kill-qemu", "exit locks vm0.kvm_lock, which it already holds"),
    _v4("K2", "kill-qemu+masks_unlocked_twice", "kill-qemu", "exit releases vm0.kvm_lock, which nobody holds"),
    _v4("K3", "rogue-close+all-measures+put_twice", "rogue-close+all-measures",
        "rogue puts a reference to vm0, which has none left"),
    _v4("deadlock", "reset-reenable+delivery+enable_wait+B43=out", "reset-reenable+delivery+enable_wait",
        "vm0.vcpu0 waits for vm0.vcpu0.sleep"),
    _v4("livelock", "end-listed", "end-listed+B10", "user goes round for ever, and nothing ends it"),

    _today("P1", "kill-qemu", "reset_unwaited", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    _today("P3", "kill-qemu", "alert_mask_kept", "gisa_destroy begins with alert.mask 0x10"),
    _today("P4", "rogue-close", "close_needs_group", "every file is closed and vm0 is still alive (1 reference)"),
    _today("P5", "reset-reenable", "B5=out", "page 0x3 of vm0 has 1 pin, 0 on record"),
    _today("P6", "reset-reenable", "B5=out", "ISC 3 of vm0 is registered 1 time, 0 on record"),
    _today("P7", "dma-unmap", "B13=out", "05.0004 has vm0 nib 0x3f00 on record and does not own it"),
    _today("P8", "kill-qemu", "B15=out", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there"),
    _today("P9", "remove-mdev", "B4=out", "use after free: read_handler on freed mdev0"),
    _today("P10", "dma-unmap", "B13=out", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    _today("P11", "close-and-use", "keep_apcb", "mdev0 lets vm0 go while 05.0004 holds something of it"),
    _today("P12", "kill-qemu", "B15=out",
        "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    _today("P13", "unassign", "B34=out", "05.0004 points to no mdev and is in the table of mdev0"),
    _today("P14", "assign-twice", "B16=out", "mdev0 has a queue twice"),
    _today("P15", "masks-and-assign", "assign_without_perms",
        "05.0004 is kept for the host's drivers, and mdev0 has it"),
    _today("P16", "second-mdev", "B17=out", "the hook of vm0 is mdev1, the mdev that has it is mdev0"),
    _today("P17", "close-and-use", "keep_apcb", "vm0 reaches 05.0004, which no mdev assigns to it"),
    _today("P18", "close-and-use", "keep_apcb", "vm0 reaches apm={5} aqm={4}, and no mdev has it"),
    _today("P19", "close-and-use", "masks_in_sie", "close writes the masks of vm0 while vm0.vcpu0 is in SIE"),
    _today("P20", "stale-restore", "restore_locked",
        "inconsistent lock state: ref_lock is taken in a hardirq and held with hardirqs on"),
    _today("P22", "unbind", "B6=out", "vm0.vcpu0 does mdev0.read_kvm without holding guests_lock or mdevs_lock or *"),
    _today("P23", "unplug", "detach_in_spinlock",
        "qemu may sleep for guests_lock in atomic context: it holds vm0.ref_lock"),
    _today("P24", "reset-reenable-busy", "wrong_rc",
        "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept"),
    _today("P25", "kill-qemu", "alert_mask_kept", "alert.mask is 0x10, registered are 0x00"),
    _today("P26", "late-reply", "B41=out", "vm0.gisa is in the alert list, but its next_alert says it is in none"),
    _today("P27", "alert", "B43=out", "the alert list begins with vm0.gisa and nobody is going to look at it"),
    _today("P28", "two-vms+destroy_synchronizes", "timer_after_destroy",
        "the timer of vm0.gisa runs, and the GISA is freed"),
    _today("P29", "kill-qemu", "iam_left_armed", "IAM of vm0.gisa is 0x10 and alert.mask is 0"),
    _today("P30", "lost-kick", "B9=out", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    _today("P31", "late-kick", "B8=out", "vm0.vcpu0 counts as kicked and sleeps"),
    _today("P32", "kill-qemu", "reset_stays_pending", "exit holds guests_lock, for ever"),
    _today("P33", "end-listed", "B10=out", "gisa_destroy of vm0 goes on, for ever"),
    _today("livelock", "end-listed", "B10=out", "user goes round for ever, and nothing ends it"),
    _today("P34", "close-and-use", "keep_apcb", "mdev0 is detached and vm0 can still reach apm={5} aqm={4}"),
    _today("P35", "kill-qemu", "B17=out", "the VM reference is dropped before the VM pointer is cleared"),
    _today("P36", "lose-control-domain", "B25=out",
        "a scan ends, and the shadow of mdev0 is apm={5} aqm={4} adm={9}, not *"),
    _today("P37", "unassign+guest=enable", "handler_asks_bus",
        "05.0004 is enabled for vm0, to which no mdev assigns it"),
    _today("P38", "unplug+enable_disable", "one_try_more", "vm0.vcpu0 tries 7 times to disable hw 05.0004"),
    _today("P39", "masks-and-assign", "assign_keeps_bit",
        "a write to an attribute of mdev0 fails, and has changed its configuration"),
    _today("P39", "probe-fails", "B39=out", "the probe of 05.0004 fails, and its attribute is there"),
    _today("P40", "unbind", "status_removed_late", "unbind removes status 05.0004 while it holds guests_lock"),
    _today("P41", "alert", "restore_nothing", "0x10 is registered and not armed, and nobody is going to arm it"),
    _today("P42", "alert", "irq_stays_pending", "the interrupt change of 05.0004 is pending, for ever"),
    _today("P43", "gain-two-adapters", "B31=out", "a scan stops the vCPUs of vm0 once more for the same change"),
    _today("P44", "reset-reenable+refused_undoes+reset_insist", "reset_stays_pending",
        "vm0.vcpu0 is told 02, for ever"),
    _today("P45", "gain-control-domain", "B23=out", "05.0004 is reset while vm0 reaches it"),
    _today("P46", "masks-scan", "B51=out", "the device of 05.0004 is deleted, and the host has the queue"),
    _today("P47", "no-facility", "B35=out", "AQIC for 05.0004 without facility 65"),
    _today("P48", "without-gisa", "B42=out", "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
    _today("P49", "host-no-irq", "B47=out", "no end state can be reached: ioctl0 is at aq.read"),
    _today("P52", "assign-absent", "B30=out", "05.0004 is enabled for vm0, which does not reach it"),

    # where no one switch of era 2026 says it
    Contrast("2026/kill-qemu+B1=out+delivery+enable_use+no_core_ref", "2026/kill-qemu+delivery+enable_use", "P2",
        "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed"),
    Contrast("2026/unassign+B34=out+guest=enable", "2026/unassign+guest=enable", "P37",
        "05.0004 is enabled for vm0, to which no mdev assigns it"),
    Contrast("5.13/pv-switch+B2=out", "5.13/pv-switch+B2=out+B3", "P20",
        "*: kvm_lock -> vcpu_mutex -> matrix_lock -> kvm_lock"),
    Contrast("5.12/regroup+unregister_locked", "5.12/regroup", "P20",
        "*: matrix_lock -> notifier_rwsem -> matrix_lock"),
    Contrast("6.2/kill-qemu+B11=out", "6.2/kill-qemu", "P21",
        "exit dropped the last reference under mdev0.group_lock, which vm0.destroy needs"),
    Contrast("6.2/close-and-use+B52=out", "6.2/close-and-use", "P50", "nobody is told that the reset of 05.0004 *"),
    Contrast("2026/unassign-hidden", "2026/unassign-hidden+aqic_intercepts_unassigned=no", "P52",
        "05.0004 is enabled for vm0, which does not reach it"),
    Contrast("5.13/rejoin+B36=out", "5.13/rejoin", "P51", "mdev0 is removed, and the driver still has it"),
    Contrast("6.2/kill-qemu+B11=out", "6.2/kill-qemu", "K1", "exit locks mdev0.group_lock, which it already holds"),
    Contrast("6.2/two-closers", "6.2/two-closers+B12", "deadlock",
        "device waits for vm0.kvm_lock.lock, kvm_vfio waits for mdev0.group_lock.lock"),
)  # fmt: skip


def broken_by(property: str, era: str) -> str | None:
    """A case that violates a property: of that era if there is one, else of another with the same driver; else None."""
    cases = [one.buggy for one in BROKEN if one.violates == property]
    same = [case for case in cases if case.startswith("v4/") == (era == "v4")]
    return next((case for case in same if case.startswith(f"{era}/")), same[0] if same else None)

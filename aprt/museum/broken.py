"""What breaks each property: a case that violates it, in which words, and the nearest case that does not.

A property has the same number in every era, but looks at the actors of that era's driver. So the series (v4) and the
releases have rows of their own. The table in `docs/reference/properties.md` is written from these rows, and the tests
check each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aprt.core.contrast import Contrast

# of the series: the property, a case that violates it, the nearest case that does not, the words of the violation
_SERIES = (
    ("P1", "kill-qemu", "kill-qemu+all-measures", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    ("P2", "h1", "h1+all-measures", "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed"),
    ("P3", "two-vms", "two-vms+destroy_synchronizes", "gisa_destroy leaves the timer armed"),
    ("P4", "kill-qemu", "kill-qemu+all-measures", "mdev0 points to vm0, whose reference count is 0"),
    ("P5", "reset-reenable+naive_reenable", "reset-reenable", "page 0x3 of vm0 has 1 pin, 0 on record"),
    ("P6", "reset-reenable+naive_reenable", "reset-reenable", "ISC 3 of vm0 is registered 1 time, 0 on record"),
    ("P7", "kill-qemu+all-measures+keep_irq_record", "kill-qemu+all-measures",
     "05.0004 has ISC 3 and NIB 0x3f00 on record and does not own both"),
    ("P8", "h13", "h13+wait_reset", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there"),
    ("P9", "h8", "h8+one_mutex", "use after free: records on freed q 05.0004"),
    ("P10", "h14", "h14+wait_reset+unmap_disables", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    ("P11", "close-and-use", "close-and-use+clear_apcb+wait_reset",
     "05.0004 goes to the free list while it holds something of vm0"),
    ("P12", "h10", "h10+wait_reset", "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    ("P13", "h12", "h12+probe_links", "05.0004 is not in the list of mdev0, unlike its matrix"),
    ("P14", "assign+assign_twice", "assign", "mdev0 has a queue twice"),
    ("P16", "h16", "h16+hook_after_check", "the hook of vm0 is mdev1, the mdev that has it is mdev0"),
    ("P17", "h11", "h11+kvm_test_locked", "vm0 reaches 05.0004, which no mdev assigns to it"),
    ("P20", "kill-qemu+masks_locks_crossed", "kill-qemu",
     "possible circular locking dependency: kvm_lock -> matrix_lock -> kvm_lock"),
    ("P19", "close-and-use+all-measures+masks_in_sie", "close-and-use+all-measures",
     "close writes the masks of vm0 while vm0.vcpu0 is in SIE"),
    ("P21", "kill-qemu+all-measures+put_early", "kill-qemu+all-measures",
     "exit dropped the last reference under matrix_lock, which vm0.destroy needs"),
    ("P22", "kill-qemu+masks_unlocked", "kill-qemu", "exit does vm0.crycb.set_masks without holding vm0.kvm_lock"),
    ("P23", "kill-qemu+masks_in_spinlock", "kill-qemu",
     "exit may sleep for vm0.kvm_lock in atomic context: it holds vm0.ref_lock"),
    ("P24", "reset-reenable-busy+wrong_rc", "reset-reenable-busy",
     "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept"),
    ("P25", "kill-qemu+all-measures+alert_mask_kept", "kill-qemu+all-measures",
     "alert.mask is 0x10, registered are 0x00"),
    ("P26", "two-vms+gib_rearm_early", "two-vms", "vm1.gisa links to 1, but is in no part of the alert list"),
    ("P27", "two-vms+gib_rearm_early", "two-vms", "gal arms alerts over the list that begins with vm1.gisa"),
    ("P28", "two-vms", "two-vms+destroy_synchronizes", "the timer of vm0.gisa runs, and the GISA is freed"),
    ("P29", "kill-qemu+all-measures+iam_left_armed", "kill-qemu+all-measures",
     "IAM of vm0.gisa is 0x10 and alert.mask is 0"),
    ("P30", "lost-kick+B8", "lost-kick+B8+B9", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    ("P31", "late-kick", "late-kick+B8", "vm0.vcpu0 counts as kicked and sleeps"),
    ("P34", "kill-qemu+all-measures+keep_irq_record", "kill-qemu+all-measures",
     "mdev0 is detached and 05.0004 is not reset, off and forgotten"),
    ("P35", "kill-qemu+all-measures+free_before_reset", "kill-qemu+all-measures",
     "q 05.0004 is forgotten before its reset ended"),
    ("P41", "alert+restore_nothing", "alert", "0x10 is registered and not armed, and nobody is going to arm it"),
    ("P48", "without-gisa+B42=out+B46+moved_kernel", "without-gisa+B46+moved_kernel",
     "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
    ("K1", "kill-qemu+masks_locked_twice", "kill-qemu", "exit locks vm0.kvm_lock, which it already holds"),
    ("K2", "kill-qemu+masks_unlocked_twice", "kill-qemu", "exit releases vm0.kvm_lock, which nobody holds"),
    ("K3", "rogue-close+all-measures+put_twice", "rogue-close+all-measures",
     "rogue puts a reference to vm0, which has none left"),
    ("deadlock", "reset-reenable+delivery+enable_wait+B43=out", "reset-reenable+delivery+enable_wait",
     "vm0.vcpu0 waits for vm0.vcpu0.sleep"),
    ("livelock", "end-listed", "end-listed+B10", "user goes round for ever, and nothing ends it"),
)  # fmt: skip

# of era 2026: the property, a scenario, a mistake put in or a fix taken out that breaks it there, the words
_TODAY = (
    ("P1", "kill-qemu", "reset_unwaited", "05.0004 is still aimed at vm0.gisa when gisa_destroy begins"),
    ("P3", "kill-qemu", "alert_mask_kept", "gisa_destroy begins with alert.mask 0x10"),
    ("P4", "rogue-close", "close_needs_group", "every file is closed and vm0 is still alive (1 reference)"),
    ("P5", "reset-reenable", "B5=out", "page 0x3 of vm0 has 1 pin, 0 on record"),
    ("P6", "reset-reenable", "B5=out", "ISC 3 of vm0 is registered 1 time, 0 on record"),
    ("P7", "dma-unmap", "B13=out", "05.0004 has vm0 nib 0x3f00 on record and does not own it"),
    ("P8", "kill-qemu", "B15=out", "page 0x3 of vm0 is unpinned while 05.0004 may write its NIB there"),
    ("P9", "remove-mdev", "B4=out", "use after free: read_handler on freed mdev0"),
    ("P10", "dma-unmap", "B13=out", "vm0: pages from 0x2 on stay pinned while they are unmapped"),
    ("P11", "close-and-use", "keep_apcb", "mdev0 lets vm0 go while 05.0004 holds something of it"),
    ("P12", "kill-qemu", "B15=out", "the records of 05.0004 are freed as if it were reset; its last ZAPQ is accepted"),
    ("P13", "unassign", "B34=out", "05.0004 points to no mdev and is in the table of mdev0"),
    ("P14", "assign-twice", "B16=out", "mdev0 has a queue twice"),
    ("P15", "masks-and-assign", "assign_without_perms", "05.0004 is kept for the host's drivers, and mdev0 has it"),
    ("P16", "second-mdev", "B17=out", "the hook of vm0 is mdev1, the mdev that has it is mdev0"),
    ("P17", "close-and-use", "keep_apcb", "vm0 reaches 05.0004, which no mdev assigns to it"),
    ("P18", "close-and-use", "keep_apcb", "vm0 reaches apm={5} aqm={4}, and no mdev has it"),
    ("P19", "close-and-use", "masks_in_sie", "close writes the masks of vm0 while vm0.vcpu0 is in SIE"),
    ("P20", "stale-restore", "restore_locked",
     "inconsistent lock state: ref_lock is taken in a hardirq and held with hardirqs on"),
    ("P22", "unbind", "B6=out", "vm0.vcpu0 does mdev0.read_kvm without holding guests_lock or mdevs_lock or *"),
    ("P23", "unplug", "detach_in_spinlock", "qemu may sleep for guests_lock in atomic context: it holds vm0.ref_lock"),
    ("P24", "reset-reenable-busy", "wrong_rc",
     "the guest is told 00 for ISC 4 and NIB 0x4f00, which the queue did not accept"),
    ("P25", "kill-qemu", "alert_mask_kept", "alert.mask is 0x10, registered are 0x00"),
    ("P26", "late-reply", "B41=out", "vm0.gisa is in the alert list, but its next_alert says it is in none"),
    ("P27", "alert", "B43=out", "the alert list begins with vm0.gisa and nobody is going to look at it"),
    ("P28", "two-vms+destroy_synchronizes", "timer_after_destroy", "the timer of vm0.gisa runs, and the GISA is freed"),
    ("P29", "kill-qemu", "iam_left_armed", "IAM of vm0.gisa is 0x10 and alert.mask is 0"),
    ("P30", "lost-kick", "B9=out", "isc 3 of vm0.gisa is pending, and vm0.vcpu1 sleeps for good"),
    ("P31", "late-kick", "B8=out", "vm0.vcpu0 counts as kicked and sleeps"),
    ("P32", "kill-qemu", "reset_stays_pending", "exit holds guests_lock, for ever"),
    ("P33", "end-listed", "B10=out", "gisa_destroy of vm0 goes on, for ever"),
    ("livelock", "end-listed", "B10=out", "user goes round for ever, and nothing ends it"),
    ("P34", "close-and-use", "keep_apcb", "mdev0 is detached and vm0 can still reach apm={5} aqm={4}"),
    ("P35", "kill-qemu", "B17=out", "the VM reference is dropped before the VM pointer is cleared"),
    ("P36", "lose-control-domain", "B25=out", "a scan ends, and the shadow of mdev0 is apm={5} aqm={4} adm={9}, not *"),
    ("P37", "unassign+guest=enable", "handler_asks_bus", "05.0004 is enabled for vm0, to which no mdev assigns it"),
    ("P38", "unplug+enable_disable", "one_try_more", "vm0.vcpu0 tries 7 times to disable hw 05.0004"),
    ("P39", "masks-and-assign", "assign_keeps_bit",
     "a write to an attribute of mdev0 fails, and has changed its configuration"),
    ("P39", "probe-fails", "B39=out", "the probe of 05.0004 fails, and its attribute is there"),
    ("P40", "unbind", "status_removed_late", "unbind removes status 05.0004 while it holds guests_lock"),
    ("P41", "alert", "restore_nothing", "0x10 is registered and not armed, and nobody is going to arm it"),
    ("P42", "alert", "irq_stays_pending", "the interrupt change of 05.0004 is pending, for ever"),
    ("P43", "gain-two-adapters", "B31=out", "a scan stops the vCPUs of vm0 once more for the same change"),
    ("P44", "reset-reenable+refused_undoes+reset_insist", "reset_stays_pending", "vm0.vcpu0 is told 02, for ever"),
    ("P45", "gain-control-domain", "B23=out", "05.0004 is reset while vm0 reaches it"),
    ("P46", "masks-scan", "B51=out", "the device of 05.0004 is deleted, and the host has the queue"),
    ("P47", "no-facility", "B35=out", "AQIC for 05.0004 without facility 65"),
    ("P48", "without-gisa", "B42=out", "vm0.vcpu0 cannot enter SIE: its GISA designation is virt_to_phys(NULL)"),
    ("P49", "host-no-irq", "B47=out", "no end state can be reached: ioctl0 is at aq.read"),
    ("P52", "assign-absent", "B30=out", "05.0004 is enabled for vm0, which does not reach it"),
)  # fmt: skip

# of releases, where `_TODAY` cannot say it in one switch or the era is older: as `_SERIES`, each with its era
_RELEASES = (
    ("P2", "2026/kill-qemu+B1=out+delivery+enable_use+no_core_ref", "2026/kill-qemu+delivery+enable_use",
     "reply 05.0004 makes isc 3 pending in vm0.gisa, which is freed"),
    ("P37", "2026/unassign+B34=out+guest=enable", "2026/unassign+guest=enable",
     "05.0004 is enabled for vm0, to which no mdev assigns it"),
    ("P20", "5.13/pv-switch+B2=out", "5.13/pv-switch+B2=out+B3",
     "*: kvm_lock -> vcpu_mutex -> matrix_lock -> kvm_lock"),
    ("P20", "5.12/regroup+unregister_locked", "5.12/regroup", "*: matrix_lock -> notifier_rwsem -> matrix_lock"),
    ("P21", "6.2/kill-qemu+B11=out", "6.2/kill-qemu",
     "exit dropped the last reference under mdev0.group_lock, which vm0.destroy needs"),
    ("P50", "6.2/close-and-use+B52=out", "6.2/close-and-use", "nobody is told that the reset of 05.0004 *"),
    ("P52", "2026/unassign-hidden", "2026/unassign-hidden+aqic_intercepts_unassigned=no",
     "05.0004 is enabled for vm0, which does not reach it"),
    ("P51", "5.13/rejoin+B36=out", "5.13/rejoin", "mdev0 is removed, and the driver still has it"),
    ("K1", "6.2/kill-qemu+B11=out", "6.2/kill-qemu", "exit locks mdev0.group_lock, which it already holds"),
    ("deadlock", "6.2/two-closers", "6.2/two-closers+B12",
     "device waits for vm0.kvm_lock.lock, kvm_vfio waits for mdev0.group_lock.lock"),
)  # fmt: skip

BROKEN: Final[Sequence[Contrast]] = (
    *(Contrast(f"v4/{buggy}", f"v4/{fixed}", violates, says) for violates, buggy, fixed, says in _SERIES),
    *(Contrast(f"2026/{name}+{switch}", f"2026/{name}", violates, says) for violates, name, switch, says in _TODAY),
    *(Contrast(buggy, fixed, violates, says) for violates, buggy, fixed, says in _RELEASES),
)


def broken_by(property: str, era: str) -> str | None:
    """A case that violates a property: of that era if there is one, else of another with the same driver; else None."""
    cases = [one.buggy for one in BROKEN if one.violates == property]
    same = [case for case in cases if case.startswith("v4/") == (era == "v4")]
    return next((case for case in same if case.startswith(f"{era}/")), same[0] if same else None)

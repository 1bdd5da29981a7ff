"""Hall 3: resets, filters, isolation."""

from __future__ import annotations

from aprt.core.contrast import Contrast
from aprt.museum.entry import Entry, Hall
from aprt.museum.patterns import Pattern

ENTRIES = (
    Entry(
        "B27",
        "one queue is unbound, its siblings leave the guest unreset",
        ("MISSED",),
        ("f009cfa46655",),
        "s390/vfio-ap: reset queues associated with adapter for queue unbound from driver",
        "6.8",
        "A guest that may not have one queue of an adapter may not have the adapter: when one\n"
        "is unbound vfio_ap_mdev_remove_queue() takes the adapter from shadow_apcb. But\n"
        "vfio_ap_mdev_reset_queue() is called for that one only; its siblings keep what the\n"
        "guest put into them, and their interrupts. When the queue is bound again the guest\n"
        "finds them as it left them.",
        Pattern.HANDED_ON_UNRESET,
        Contrast(
            "2026/sibling+B27=out",
            "2026/sibling",
            "P11",
            "05.0004 becomes visible to vm0 while it holds *",
        ),
    ),
    Entry(
        "B28",
        "adapters that the filter drops are not reset",
        ("MISSED",),
        ("f848cba767e5",),
        "s390/vfio-ap: reset queues filtered from the guest's AP config",
        "6.8",
        "As B27, by another way: a domain is assigned whose queue has no driver, and\n"
        "vfio_ap_mdev_filter_matrix() drops the adapter from shadow_apcb, which the guest has\n"
        "used. Its queues are not reset. When that queue is bound the guest gets the adapter\n"
        "back with what it left there. The fix notes what is filtered, for\n"
        "reset_queues_for_apids().",
        Pattern.HANDED_ON_UNRESET,
        Contrast(
            "2026/assign-beside-unbound+B28=out",
            "2026/assign-beside-unbound",
            "P11",
            "05.0004 becomes visible to vm0 while it holds *",
        ),
    ),
    Entry(
        "B29",
        "the filter looks only at what was assigned just now",
        ("SEC",),
        ("850fb7fa8c68",),
        "s390/vfio-ap: always filter entire AP matrix",
        "6.8",
        "A queue of adapter 5, in domain 5, is not bound to the driver: the guest has not the\n"
        "adapter. Domain 4 is unassigned, and assigned again: assign_domain_store() has\n"
        "vfio_ap_mdev_filter_matrix() look at the queues of domain 4 only, which are fine,\n"
        "and makes shadow_apcb from the whole matrix: the guest gets the queue that a host\n"
        "driver may use.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/assign-back+B29=out", "2026/assign-back", "P17", "vm0 reaches 05.0005, which is not bound *"),
        cve="CVE-2024-26620",
    ),
    Entry(
        "B30",
        "adapters are dropped for queues that do not exist",
        ("LOGIC",),
        ("16fb78cbf56e",),
        "s390/vfio-ap: loop over the shadow APCB when filtering guest's AP configuration",
        "6.8",
        "More may be assigned to an mdev than the machine has. vfio_ap_mdev_filter_matrix()\n"
        "goes through its whole matrix: what the machine has not has no queue device, which\n"
        "is taken for 'not bound to us', and the adapter is kept from the guest for no\n"
        "reason. The fix goes through shadow_apcb, which begins with what both have.",
        Pattern.WRONG_SET,
        Contrast(
            "2026/assign-absent+B30=out",
            "2026/assign-absent",
            "P36",
            "a scan ends, and the shadow of mdev0 is *",
        ),
    ),
    Entry(
        "B31",
        "queues come one by one, and each time the guest is stopped",
        ("LOGIC",),
        ("774d10196e64",),
        "s390/vfio-ap: let on_scan_complete() callback filter matrix and update guest's APCB",
        "6.8",
        "Two adapters are added to the machine; the bus makes their queues one after the\n"
        "other. Each time vfio_ap_mdev_probe_queue() filters the guest's configuration and\n"
        "calls vfio_ap_mdev_update_guest_apcb(), for which all vCPUs leave SIE: twice, for\n"
        "one change. The fix leaves it to vfio_ap_on_scan_complete() while more is to come\n"
        "(apm_add, aqm_add).",
        Pattern.AGAIN,
        Contrast("2026/gain-two-adapters+B31=out", "2026/gain-two-adapters", "P43"),
    ),
    Entry(
        "B32",
        "a queue that is gone is reset all the same",
        ("LOGIC",),
        ("b9bd10c43456",),
        "s390/vfio-ap: do not reset queue removed from host config",
        "6.8",
        "When an adapter leaves the machine its queues are removed, and\n"
        "vfio_ap_mdev_remove_queue() calls vfio_ap_mdev_reset_queue() for each: ZAPQ is\n"
        "answered 01, and the kernel warns. The fix asks the host's configuration first, and\n"
        "skips the reset of what is not in it. What such a queue has recorded is not freed\n"
        "either way: B18.",
        Pattern.NOT_THERE,
        Contrast("2026/lose-unused+B32=out", "2026/lose-unused", "P45", "* is reset although the host has lost it"),
    ),
    Entry(
        "B33",
        "unassigned queues go to the next mdev as they are",
        ("MISSED",),
        ("70aeefe574cb",),
        "s390/vfio-ap: reset queues after adapter/domain unassignment",
        "6.0",
        "unassign_adapter_store() and unassign_domain_store() take queues from a running\n"
        "guest: out of shadow_apcb, out of the table of the mdev. They can go to another mdev\n"
        "at once, with whatever the guest left in them. The fix resets those that the guest\n"
        "could reach, after vfio_ap_mdev_update_guest_apcb().",
        Pattern.HANDED_ON_UNRESET,
        Contrast("2026/unassign+B33=out", "2026/unassign", "P11", "05.0004 leaves its mdev while it holds *"),
    ),
    Entry(
        "B34",
        "a queue in two tables, says a patch that was not merged",
        ("LOGIC",),
        (),
        "s390/vfio-ap: fix unlinking of queues from the mdev",
        "never",
        "The patch says that vfio_ap_mdev_unlink_adapter() adds an unassigned queue to the\n"
        "mdev's table by hash_add(), and never takes it out. The review found that it does:\n"
        "vfio_ap_unlink_apqn_fr_mdev() has just called hash_del(), and that qtable is a local\n"
        "one, of the queues that are to be reset. Merged, the patch would have ended that\n"
        "reset (B33). Shown is what it describes.",
        Pattern.WRONG_NAME,
        Contrast("2026/unassign+B34=out", "2026/unassign", "P13", "05.0004 points to no mdev and is in the table of *"),
        note="posted three times in August 2022, with what became B16; names 70aeefe574cb (B33) as what it fixes",
    ),
    Entry(
        "B35",
        "the interrupt is disabled after the reset has done it",
        ("LOGIC",),
        ("6c12a6384e0c",),
        "s390/vfio-ap: No need to disable IRQ after queue reset",
        "5.11",
        "After each ZAPQ vfio_ap_mdev_reset_queues() calls vfio_ap_irq_disable() to switch\n"
        "the interrupt off, which the reset has done. On a machine without facility 65 there\n"
        "is no AQIC: the instruction is a specification exception, in the host. The fix frees\n"
        "what the queue has recorded at the end of its reset instead.",
        Pattern.AGAIN,
        Contrast("2026/no-facility+B35=out", "2026/no-facility", "P47", "AQIC for 05.0004 without facility 65"),
        note="a second half: before, a registration was given back to a VM that might be gone, an oops",
    ),
    Entry(
        "B36",
        "remove says -EBUSY, and nobody listens",
        ("LEAK",),
        ("8c0795d2a0f5",),
        "s390/vfio-ap: clean up mdev resources when remove callback invoked",
        "5.13",
        "vfio_ap_mdev_remove() returns -EBUSY if matrix_mdev->kvm is set. The driver core\n"
        "pays no attention to that: the device is gone, its queues are not reset, its memory\n"
        "is not freed. The commit says that kvm is always NULL there. Here it is not: SET_KVM\n"
        "comes after vfio_ap_mdev_release() has cleaned up, and before it takes back its\n"
        "notifier.",
        Pattern.ONE_PATH_FORGETS,
        Contrast("5.13/rejoin+B36=out", "5.13/rejoin", "P51", "mdev0 is removed, and the driver still has it"),
    ),
    Entry(
        "B37",
        "the GISC cannot be registered, and the page stays pinned",
        ("LEAK",),
        ("7b2d039da622", "3746d48c55ac"),
        "s390/vfio-ap: unpin pages on gisc registration failure",
        "6.8",
        "vfio_ap_irq_enable() pins the NIB's page, then calls kvm_s390_gisc_register(). If\n"
        "that fails (here there is no GISA) it returns with the page pinned and nothing on\n"
        "record: vfio_ap_free_aqic_resources() never finds it. Up to 5.17 it did not look,\n"
        "and took the error code for an ISC. The second commit answers 06 in place of 08.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/no-gisa+B37=out", "2026/no-gisa", "P5", "vm0.vcpu0 ends * with a pin of page 0x3 of vm0 *"),
    ),
    Entry(
        "B38",
        "NIB 0 is valid, and means that there is none",
        ("LEAK",),
        ("a64a6d23874c",),
        "s390: vfio-ap: tighten the NIB validity check",
        "6.3",
        "vfio_ap_validate_nib() lets a guest give 0 as the address of its NIB.\n"
        "vfio_ap_irq_enable() pins the page and records the address; but for\n"
        "vfio_ap_free_aqic_resources() a recorded 0 means that nothing is pinned, so that the\n"
        "page is never unpinned. The fix answers 06.",
        Pattern.SENTINEL_IN_RANGE,
        Contrast("2026/nib-zero+B38=out", "2026/nib-zero", "P7", "05.0004 has a pin on record as address 0, *"),
    ),
    Entry(
        "B39",
        "probe fails and leaves its attributes behind",
        ("LEAK",),
        ("08866d34c709",),
        "s390/vfio-ap: fix an error handling path in vfio_ap_mdev_probe_queue()",
        "6.3",
        "vfio_ap_mdev_probe_queue() makes `status` by sysfs_create_group(), then allocates\n"
        "the vfio_ap_queue. When there is no memory it returns -ENOMEM without\n"
        "sysfs_remove_group(), and leaves the attribute on a device that the driver does not\n"
        "have.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/probe-fails+B39=out", "2026/probe-fails", "P39", "* fails, and its attribute is there"),
    ),
    Entry(
        "B52",
        "the warning looks at the wrong counter",
        ("LOGIC",),
        (),
        "s390: vfio-ap: fix warning reset not completed",
        "5.4",
        "vfio_ap_mdev_reset_queue() counts twice: retry, how often ZAPQ may still be tried,\n"
        "and retry2, how often TAPQ may still be looked at for the queue to be empty. The\n"
        "warning that it did not become empty tests retry, which is not used up when ZAPQ was\n"
        "answered 00: an unfinished reset is not told.",
        Pattern.WRONG_NAME,
        Contrast("5.3/close-and-use", "5.3/close-and-use+B52", "P50", "nobody is told that the reset of *"),
        note="the commit id is not known; Halil Pasic, September 2019",
    ),
)

HALL = Hall(3, "resets, filters, isolation", ENTRIES)

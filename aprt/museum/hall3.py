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
        "A guest that may not have one queue of an adapter may not have the adapter at all. So\n"
        "when one is unbound all of them leave the guest, but only that one is reset: the\n"
        "others keep what the guest put into them, and their interrupts. When the adapter\n"
        "is plugged in again the guest sees them as they were left.",
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
        "As B27, by another way: the filter takes an adapter from a guest that has used it,\n"
        "and leaves its queues as the guest left them.",
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
        "Domain 4 is unassigned, one queue of adapter 16 goes to a host driver, domain 4 is\n"
        "assigned again. The filter looks at the queues of domain 4, which are fine, and then\n"
        "makes the guest's configuration from the whole matrix: the guest gets the queue\n"
        "that the host is using.",
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
        "More may be assigned to an mdev than the machine has. For what the machine has not\n"
        "there is no queue device, the filter takes that for 'not bound to us', and the whole\n"
        "adapter is kept from the guest for no reason.",
        Pattern.PART_FOR_WHOLE,
        Contrast(
            "2026/assign-absent+B30=out",
            "2026/assign-absent",
            "P36",
            "a scan ends, and the shadow of mdev0 is *",
        ),
    ),
    Entry(
        "B31",
        "n queues come one by one, and the guest is stopped n times",
        ("LOGIC",),
        ("774d10196e64",),
        "s390/vfio-ap: let on_scan_complete() callback filter matrix and update guest's APCB",
        "6.8",
        "An adapter is added to the machine; the bus makes its queues one after the other.\n"
        "Each probe filters the guest's configuration and writes its APCB, for which all its\n"
        "vCPUs leave SIE: as many times as there are queues, where once is enough.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/gain-two-adapters+B31=out", "2026/gain-two-adapters", "P43"),
    ),
    Entry(
        "B32",
        "a queue that is gone is reset all the same",
        ("LOGIC",),
        ("b9bd10c43456",),
        "s390/vfio-ap: do not reset queue removed from host config",
        "6.8",
        "When an adapter leaves the machine its queues are removed, and the driver resets\n"
        "them: ZAPQ answers 01, and the kernel warns. The fix skips the reset, and the\n"
        "release of pin and GISC that came with it; that became B18.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/lose-adapter+B32=out", "2026/lose-adapter", "P45", "* is reset although the host has lost it"),
    ),
    Entry(
        "B33",
        "unassigned queues go to the next mdev as they are",
        ("MISSED",),
        ("70aeefe574cb",),
        "s390/vfio-ap: reset queues after adapter/domain unassignment",
        "6.0",
        "Since queues can be unassigned under a running guest they can be given to another\n"
        "mdev at once, with whatever the first guest left in them.",
        Pattern.HANDED_ON_UNRESET,
        Contrast("2026/unassign+B33=out", "2026/unassign", "P11", "05.0004 leaves its mdev while it holds *"),
    ),
    Entry(
        "B34",
        "a queue in two tables",
        ("LOGIC",),
        (),
        "s390/vfio-ap: fix unlinking of queues from the mdev",
        "6.0",
        "To be reset after it was unassigned (B33) a queue is put into a table of its own,\n"
        "and is not taken out of the mdev's: the next close resets it once more, whoever has\n"
        "it by then, and one node is in two lists.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/unassign+B34=out", "2026/unassign", "P13", "05.0004 points to no mdev and is in the table of *"),
        note="the commit id is not known; it names 70aeefe574cb as what it fixes",
    ),
    Entry(
        "B35",
        "the interrupt is disabled after the reset has done it",
        ("LOGIC",),
        ("6c12a6384e0c",),
        "s390/vfio-ap: No need to disable IRQ after queue reset",
        "5.12",
        "After every ZAPQ the host issues AQIC to switch the interrupt off, which the reset\n"
        "has done already. On a machine without facility 65 that instruction does not exist:\n"
        "a specification exception, in the host.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/no-facility+B35=out", "2026/no-facility", "P47", "AQIC for 05.0004 without facility 65"),
    ),
    Entry(
        "B36",
        "remove says -EBUSY, and nobody listens",
        ("LEAK",),
        ("8c0795d2a0f5",),
        "s390/vfio-ap: clean up mdev resources when remove callback invoked",
        "5.14",
        "The callback that removes an mdev refuses when a guest has it. The driver core pays\n"
        "no attention to the answer: the device is gone, and its memory is not freed, its\n"
        "queues are not reset. A guest should not have it at that point anyway.",
        Pattern.ONE_PATH_FORGETS,
        Contrast("5.13/rejoin", "5.13/rejoin+B36", "P51", "mdev0 is removed, and the driver still has it"),
        note="the commit says that the test is never true; it is when SET_KVM comes before release drops its notifier",
    ),
    Entry(
        "B37",
        "the GISC cannot be registered, and the page stays pinned",
        ("LEAK",),
        ("7b2d039da622", "3746d48c55ac"),
        "s390/vfio-ap: unpin pages on gisc registration failure",
        "6.8",
        "Enabling an interrupt pins the NIB's page, then registers the ISC. When that fails\n"
        "the driver goes away with the page pinned and nothing on record, so that no cleanup\n"
        "ever finds it. Up to 5.17 it did not even look, and took the error code for an ISC.",
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
        "A guest may give 0 as the address of its NIB. The page is pinned and the address\n"
        "recorded; but a recorded 0 means that nothing is pinned, so that the page is never\n"
        "unpinned.",
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
        "Probe makes the queue's group of attributes, then allocates. When there is no memory\n"
        "it returns -ENOMEM and leaves the attributes on a device that it does not have.",
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
        "Waiting for a reset to end has its own count of retries. The warning that it did not\n"
        "end tests the count of another loop, which is never 0 there: an unfinished reset\n"
        "was never told.",
        Pattern.WRONG_NAME,
        Contrast("6.2/close-and-use+B52=out", "6.2/close-and-use", "P50", "nobody is told that the reset of *"),
        note="the commit id is not known; Halil Pasic, September 2019",
    ),
)

HALL = Hall(3, "resets, filters, isolation", ENTRIES)

"""Hall 1: the great ones."""

from __future__ import annotations

from aprt.core.contrast import Contrast
from aprt.museum.entry import Entry, Hall
from aprt.museum.patterns import Pattern

ENTRIES = (
    Entry(
        "B1",
        "the GISA is destroyed first",
        ("UAF",),
        ("ec89b55e3bce",),
        "s390: ap: implement PAPQ AQIC interception in kernel",
        "5.3",
        "A guest has its interrupt on when QEMU is killed. The VM's own files are closed\n"
        "first: the last reference goes, and the GISA with it, while the queue is still\n"
        "aimed there. The next reply sets IPM in a freed page; the device's release,\n"
        "which would have reset the queue, comes later, and uses the freed VM.",
        Pattern.POINTER_OUTLIVES,
        Contrast(
            "v4/kill-qemu+wait_reset",
            "v4/kill-qemu+vm_ref+wait_reset",
            "P1",
            "* is still aimed at * when gisa_destroy begins",
        ),
        note="no single commit: the reference came with version 6 or 7; 6.2/kill-qemu --without B1 breaks P9",
    ),
    Entry(
        "B2",
        "a cleanup closes a circle of three locks",
        ("CYCLE",),
        ("0cc00c8d4050",),
        "s390/vfio-ap: fix circular lockdep when setting/clearing crypto masks",
        "5.13",
        "The notifier holds the matrix lock and takes kvm->lock to write the masks.\n"
        "KVM_PV_ENABLE holds kvm->lock and takes every vCPU's mutex; a vCPU in PQAP holds\n"
        "its own and wants the matrix lock. It takes all three to deadlock; any two of\n"
        "them are harmless, so that nobody sees it by eye. The cleanup of B7 brought it.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("5.13/pv-switch+B2=out", "5.13/pv-switch", "P20", "*matrix_lock*"),
    ),
    Entry(
        "B3",
        "a flag in place of a lock silences the lock checker",
        ("CYCLE", "RACE"),
        ("86956e70761b",),
        "s390/vfio-ap: replace open coded locks for VFIO_GROUP_NOTIFY_SET_KVM notification",
        "5.15",
        "The fix of B2 drops the matrix lock around the masks, sets kvm_busy meanwhile, and\n"
        "lets everybody else sleep until the flag is clear. No lock is held, so no checker\n"
        "complains; but waiting for the flag waits for whoever wants kvm->lock, just as a\n"
        "lock would. The edges of the circle are all still there.",
        Pattern.LOCK_ORDER,
        Contrast("5.13/pv-switch", "5.13/pv-switch+B3", "P20", "*kvm_busy*"),
    ),
    Entry(
        "B4",
        "the hook is called while another thread takes it away",
        ("UAF", "RACE"),
        ("1e753732bda6",),
        "s390/vfio-ap: r/w lock for PQAP interception handler function pointer",
        "5.15",
        "A vCPU reads the hook and finds it set. The device is released, the hook cleared,\n"
        "the mdev removed and freed. The vCPU goes on with its pointer, which leads into\n"
        "the freed mdev. A module reference is no help: it is reached through the same\n"
        "pointer. Readers need a lock that the writer waits for.",
        Pattern.POINTER_OUTLIVES,
        Contrast("5.15/remove-mdev+B4=out", "5.15/remove-mdev", "P9"),
    ),
    Entry(
        "B5",
        "reset behind the host's back, then enabled again",
        ("LEAK", "STALE"),
        ("ec89b55e3bce",),
        "s390: ap: implement PAPQ AQIC interception in kernel",
        "5.3",
        "A guest resets its queue; that is not intercepted, so the host's records stay\n"
        "although the interrupt is off. Then it enables again, with another NIB and ISC.\n"
        "A host that overwrites its records loses the old pin and the old registration;\n"
        "one that lets them go before AQIC has succeeded may end up with neither pair.",
        Pattern.NEW_BEFORE_OLD,
        Contrast("2026/reset-reenable+B5=out", "2026/reset-reenable", "P6", "ISC 3 of vm0 is registered 1 time, *"),
        note="right in the series since version 4; reworked in 7 and 8",
    ),
    Entry(
        "B6",
        "a queue is removed while its PQAP is intercepted",
        ("UAF", "NULL"),
        ("ec89b55e3bce",),
        "s390: ap: implement PAPQ AQIC interception in kernel",
        "5.3",
        "The handler has found the vfio_ap_queue. The administrator unbinds the device: the\n"
        "queue is reset and freed. The handler pins, enables, and writes its records into\n"
        "freed memory; the queue goes to the host's driver with an interrupt aimed at a\n"
        "guest. With the lock there is still a device in the list whose data is gone.",
        Pattern.POINTER_OUTLIVES,
        Contrast("2026/unbind+B6=out", "2026/unbind", "P9", "use after free: records on freed q *"),
        note="the look-up through the bus, which came with 6.0, is a second half, commit unknown: 5.12/unbind shows it",
    ),
    Entry(
        "B7",
        "the VM pointer goes, and the cleanup is forgotten",
        ("LEAK", "STALE"),
        ("f21916ec4826",),
        "s390/vfio-ap: clean up vfio_ap resources when KVM pointer invalidated",
        "5.12",
        "User space takes the group from kvm-vfio before it closes the device. SET_KVM(NULL)\n"
        "just clears the mdev's pointer. Release then finds no VM and does nothing about it:\n"
        "masks and hook stay, the reference is never dropped, and the VM never dies. Once\n"
        "the mdev is removed the hook dangles.",
        Pattern.ONE_PATH_FORGETS,
        Contrast(
            "5.12/group-taken+B7=out",
            "5.12/group-taken",
            "P4",
            "every file is closed and vm0 is still alive *",
        ),
    ),
    Entry(
        "B8",
        "the bit that means 'already kicked'",
        ("LOST",),
        ("9b57e9d5010b",),
        "KVM: s390: clear kicked_mask before sleeping again",
        "5.15",
        "The timer kicks a vCPU, and remembers it in a bit. The interrupt is taken before the\n"
        "kick arrives, by another vCPU or by this one; it finds nothing and sleeps again\n"
        "without entering SIE, so that its bit stays. When the next interrupt comes the\n"
        "kicker believes that somebody is on the way, and wakes nobody.",
        Pattern.ALREADY_ON_ITS_WAY,
        Contrast("2026/kicked-again+B8=out", "2026/kicked-again", "P31", "* counts as kicked and sleeps"),
    ),
    Entry(
        "B9",
        "the mask that shrinks in the loop",
        ("LOST",),
        ("0e9ff65f455d",),
        "KVM: s390: preserve deliverable_mask in __airqs_kick_single_vcpu",
        "5.15",
        "ISC 3 is pending; vCPU 0 sleeps and is closed for it, vCPU 1 sleeps and is open. The\n"
        "loop over the idle vCPUs intersects what is pending with what each will take, in\n"
        "place: after vCPU 0 nothing is left, and vCPU 1 is never looked at.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/lost-kick+B9=out", "2026/lost-kick", "P30", "isc 3 of vm0.gisa is pending, *"),
    ),
    Entry(
        "B10",
        "waiting for somebody who may not exist",
        ("HANG",),
        ("f87ef5723536",),
        "KVM: s390: fix gisa destroy operation might lead to cpu stalls",
        "6.6",
        "A VM ends while its GISA is in the alert list. gisa_destroy spins until it has left;\n"
        "but the list is worked off only when an alert interrupt comes, perhaps on behalf of\n"
        "another VM, perhaps never. A CPU stalls for good. And IAM stays as it is, so that\n"
        "a late interrupt can put the GISA back into the list.",
        Pattern.ONLY_OTHERS_CAN_END_IT,
        Contrast("2026/end-listed+B10=out", "2026/end-listed", "P33", "gisa_destroy of * goes on, for ever"),
    ),
    Entry(
        "B11",
        "the last reference is dropped under the lock its destructor needs",
        ("DEADLOCK",),
        ("51cdc8bc120e",),
        "kvm/vfio: Fix potential deadlock on vfio group_lock",
        "6.2",
        "A killed process has closed its VM. Closing the device, vfio holds the group lock;\n"
        "the driver drops what is now the last reference to the VM. The VM is destroyed,\n"
        "with it its kvm-vfio device, which tells the group that it has no VM any more,\n"
        "and wants the group lock for that: one thread, one lock.",
        Pattern.LAST_PUT_UNDER_LOCK,
        Contrast("6.2/kill-qemu+B11=out", "6.2/kill-qemu", "P21", "*group_lock*"),
    ),
    Entry(
        "B12",
        "the fix of B11 makes an AB-BA",
        ("CYCLE",),
        ("2b48f52f2bff",),
        "vfio: fix deadlock between group lock and kvm lock",
        "6.3",
        "Opening the device holds the group lock and takes kvm->lock in the driver. The\n"
        "release of the kvm-vfio file, which now does the work that B11 moved there, holds\n"
        "kvm->lock and takes the group lock to tell the group that its VM is gone.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("6.3/two-closers+B12=out", "6.3/two-closers", "P20", "*group_lock*"),
    ),
    Entry(
        "B13",
        "unmapping does not stop the writer",
        ("UAF",),
        ("2a54e347d990", "ce4b4657ff18"),
        "vfio/ap: Validate iova during dma_unmap and trigger irq disable",
        "6.2",
        "User space unmaps the page that holds the NIB. The driver unpins it and leaves the\n"
        "interrupt on: the card writes its byte into a page that is somebody else's by now.\n"
        "If the range begins before that page, the driver unpins the first page instead;\n"
        "the NIB's stays pinned, and after ten calls type1 stops the host with a BUG.",
        Pattern.LATE_HARDWARE,
        Contrast("2026/dma-unmap+B13=out", "2026/dma-unmap", "P10", "vm0: pages from 0x2 on stay pinned while *"),
        note="P5 and P7 show the first form; P8 is violated with the fix, too, which looks at I five times and goes on",
    ),
    Entry(
        "B14",
        "'reset done' is a guess",
        ("UAF", "MISSED"),
        ("62414d901c3a", "0daf9878a799", "3ba41768105c", "5a42b348adf9", "51d4d9877087", "7cb7636a1ac1"),
        "s390/vfio-ap: verify reset complete in separate function",
        "6.3",
        "The guest's own reset is running when the host resets the queue: ZAPQ answers 02, is\n"
        "tried once more, answers 02 again, and the host goes on as if it were done. NIB and\n"
        "ISC are let go; the queue was never reset by the host, its interrupt is still on,\n"
        "and the next reply goes to memory that was freed.",
        Pattern.LATE_HARDWARE,
        Contrast(
            "2026/reset-meets-reset+B14=out",
            "2026/reset-meets-reset",
            "P12",
            "the records of 05.0004 are freed *; its last ZAPQ is refused",
        ),
        note="a series of six; the subject is that of the first",
    ),
    Entry(
        "B15",
        "and the timeout is a guess, too",
        ("UAF", "MISSED"),
        (
            "680b7ddd7e2a",
            "7aa7b2a80cb7",
            "411b0109daa5",
            "c51f8c6bb5c8",
            "dd174833e44e",
            "9261f0438835",
            "e1f17f8ea93d",
            "7847a19b5b62",
        ),
        "s390/vfio-ap: remove upper limit on wait for queue reset to complete",
        "6.6",
        "The wait for a reset ends after 200 ms, whatever the queue says. Then either the\n"
        "records are freed although the interrupt may still be on, or the adapter is kept\n"
        "from the next guest without a word. And the waits for several queues add up, with\n"
        "global locks held. The fix waits as long as it takes, in a work item per queue.",
        Pattern.LATE_HARDWARE,
        Contrast(
            "2026/reset-meets-reset+B15=out", "2026/reset-meets-reset", "P8", "page 0x3 of vm0 is unpinned while *"
        ),
        note="a series; the subject is that of dd174833e44e",
    ),
    Entry(
        "B16",
        "the same node twice in one bucket",
        ("HANG",),
        ("1918f2b20c3d",),
        "s390/vfio-ap: bypass unnecessary processing of AP resources",
        "6.0",
        "An adapter that is assigned already is assigned again, and its queues are put into\n"
        "the mdev's table once more. A node inserted twice at the head of its list is its own\n"
        "successor: whoever walks that bucket never comes back, with mdevs_lock held.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/assign-twice+B16=out", "2026/assign-twice", "P14", "mdev0 has a queue twice"),
    ),
)

HALL = Hall(1, "the great ones", ENTRIES)

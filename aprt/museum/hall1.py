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
        "QEMU is killed while its guest's interrupt is on. Only the VM's own files hold the\n"
        "VM: with the last one kvm_put_kvm() ends it, and kvm_s390_gisa_destroy() takes the\n"
        "GISA at which the queue is aimed. The next reply sets IPM in a freed page.\n"
        "vfio_ap_mdev_release(), which resets the queue, comes too late. The fix holds a\n"
        "reference until then.",
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
        "Since B7 vfio_ap_mdev_group_notifier() writes the guest's masks under\n"
        "matrix_dev->lock, and takes kvm->lock for it. KVM_PV_ENABLE holds kvm->lock and\n"
        "takes each vcpu->mutex in kvm_s390_cpus_to_pv(); a vCPU in handle_pqap() holds its\n"
        "mutex and wants matrix_dev->lock. It takes all three to deadlock; any two are\n"
        "harmless, so that nobody sees it by eye.",
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
        "The fix of B2 sets kvm_busy and drops matrix_dev->lock around the masks, in\n"
        "vfio_ap_mdev_set_kvm() and unset_kvm(); handle_pqap() and resets sleep in\n"
        "wait_event_cmd() until it is clear. No lock is held, so lockdep is silent; but to\n"
        "wait for kvm_busy is to wait for whoever wants kvm->lock. The three edges of the\n"
        "circle are still there.",
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
        "KVM's handle_pqap() reads kvm->arch.crypto.pqap_hook: it is set.\n"
        "vfio_ap_mdev_unset_kvm() clears it, and vfio_ap_mdev_remove() frees the mdev in\n"
        "which the hook lies; the vCPU reads owner and function there. try_module_get() is no\n"
        "help: the owner is reached by the same pointer. The fix is pqap_hook_rwsem, read\n"
        "around look and call, written around a change.",
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
        "A guest resets its queue by RAPQ, which does not exit: the queue's records stay\n"
        "although the interrupt is off. Then it enables again, with another NIB and ISC. If\n"
        "vfio_ap_irq_enable() overwrites the records, the old pin and registration are lost;\n"
        "if it frees them before AQIC is answered 00, it may have neither pair. Right is\n"
        "AQIC, vfio_ap_free_aqic_resources(), record.",
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
        "handle_pqap() has found the vfio_ap_queue. An administrator unbinds the device, and\n"
        "vfio_ap_mdev_remove_queue() resets the queue and frees it. With no matrix_dev->lock\n"
        "(now mdevs_lock) over both, vfio_ap_irq_enable() pins, issues AQIC and records in\n"
        "freed memory; the queue goes to the host's driver with its interrupt aimed at a\n"
        "guest.",
        Pattern.POINTER_OUTLIVES,
        Contrast("2026/unbind+B6=out", "2026/unbind", "P9", "use after free: records on freed q *"),
        note="a second half, before 6.0: match_apqn() follows drvdata of a device that is being removed (5.12/unbind)",
    ),
    Entry(
        "B7",
        "the VM pointer goes, and the cleanup is forgotten",
        ("LEAK", "STALE"),
        ("f21916ec4826",),
        "s390/vfio-ap: clean up vfio_ap resources when KVM pointer invalidated",
        "5.11",
        "User space takes the group from kvm-vfio before it closes the device: for\n"
        "SET_KVM(NULL) vfio_ap_mdev_group_notifier() just clears matrix_mdev->kvm.\n"
        "vfio_ap_mdev_release() then finds no VM and does nothing about it: masks and\n"
        "pqap_hook stay, queues keep pin and GISC, kvm_put_kvm() never comes, and the VM\n"
        "never dies. Once the mdev is removed the hook dangles.",
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
        "gisa_vcpu_kicker() has seen an interrupt that the vCPU then takes by itself. On its\n"
        "way to sleep it is kicked for it: __airqs_kick_single_vcpu() sets its bit in\n"
        "kicked_mask. It finds nothing and sleeps; the bit stays, as only vcpu_pre_run()\n"
        "clears it. At the next interrupt the kicker takes the vCPU for one on its way, and\n"
        "wakes nobody: the interrupt is lost.",
        Pattern.ALREADY_ON_ITS_WAY,
        Contrast("2026/late-kick+B8=out", "2026/late-kick", "P30", "isc 3 of vm0.gisa is pending, *"),
    ),
    Entry(
        "B9",
        "the mask that shrinks in the loop",
        ("LOST",),
        ("0e9ff65f455d",),
        "KVM: s390: preserve deliverable_mask in __airqs_kick_single_vcpu",
        "5.15",
        "ISC 3 is pending; vCPU 0 is idle and closed for it in CR6, vCPU 1 is idle and open.\n"
        "__airqs_kick_single_vcpu() walks idle_mask and intersects deliverable_mask with what\n"
        "each vCPU will take, in place: after vCPU 0 nothing is left of it, and vCPU 1 is\n"
        "never woken. No race is needed, only two idle vCPUs.",
        Pattern.INITIAL_STATE,
        Contrast("2026/lost-kick+B9=out", "2026/lost-kick", "P30", "isc 3 of vm0.gisa is pending, *"),
    ),
    Entry(
        "B10",
        "waiting for somebody who may not exist",
        ("HANG",),
        ("f87ef5723536",),
        "KVM: s390: fix gisa destroy operation might lead to cpu stalls",
        "6.6",
        "A VM ends while its GISA is in the alert list. kvm_s390_gisa_destroy() spins as long\n"
        "as gisa_in_alert_list(); but only gib_alert_irq_handler() runs\n"
        "process_gib_alert_list(), when an alert comes: perhaps for another VM, perhaps never\n"
        "(B43). A CPU stalls for good. IAM keeps its bits, too, so that a late interrupt can\n"
        "link the GISA again.",
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
        "A killed process has closed its VM. vfio closes the device with group_lock held, and\n"
        "vfio_ap_mdev_unset_kvm() drops the last reference: kvm_put_kvm(), kvm_destroy_vm(),\n"
        "kvm_vfio_destroy(), which tells the group that its VM is gone and takes group_lock\n"
        "for that in vfio_file_set_kvm(). One thread, one lock. The fix has kvm-vfio do that\n"
        "when its file is released.",
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
        "vfio opens and closes the device with group_lock held; vfio_ap_mdev_set_kvm() and\n"
        "unset_kvm() take kvm->lock below it. Since B11 kvm_device_release() calls\n"
        "kvm_vfio_release() with kvm->lock held, to tell the group that its VM is gone, and\n"
        "vfio_file_set_kvm() takes group_lock. The fix: a spinlock for the group's VM\n"
        "pointer.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("6.3/two-closers+B12=out", "6.3/two-closers", "P20", "*group_lock*"),
    ),
    Entry(
        "B13",
        "unmapping does not stop the writer",
        ("UAF", "LEAK"),
        ("2a54e347d990",),
        "vfio/ap: Validate iova during dma_unmap and trigger irq disable",
        "6.2",
        "User space unmaps a range with the NIB's page in it. vfio_ap_mdev_dma_unmap() unpins\n"
        "the first page of the range. If the NIB's is another it stays pinned:\n"
        "vfio_dma_do_unmap() calls back eleven times, then stops the host with a BUG. If it is\n"
        "that one, the card goes on writing into a page that is not pinned: nobody calls\n"
        "vfio_ap_irq_disable().",
        Pattern.POINTER_OUTLIVES,
        Contrast("2026/dma-unmap+B13=out", "2026/dma-unmap", "P10", "vm0: pages from 0x2 on stay pinned while *"),
        note="P5 and P7 show the second form; P8 breaks with the fix, too, which looks at I five times and goes on",
    ),
    Entry(
        "B14",
        "'reset done' is a guess",
        ("MISSED", "UAF"),
        ("62414d901c3a", "0daf9878a799", "3ba41768105c", "5a42b348adf9", "51d4d9877087", "7cb7636a1ac1"),
        "s390/vfio-ap: verify reset complete in separate function",
        "6.3",
        "The guest's own reset is running when vfio_ap_mdev_reset_queue() issues ZAPQ: 02,\n"
        "not accepted. When that reset is over ZAPQ is not issued again;\n"
        "vfio_ap_free_aqic_resources() gives NIB and GISC back for a queue that the host\n"
        "never reset. Up to 6.2 it did not even wait: one more ZAPQ, two looks by TAPQ at E\n"
        "and I whatever its response code, and all was given back.",
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
        "apq_reset_check() waits 200 ms for the end of a reset, then\n"
        "vfio_ap_mdev_reset_queue() goes on: vfio_ap_free_aqic_resources() unpins the NIB and\n"
        "unregisters the GISC of a queue that may still write there. Or the adapter is kept\n"
        "from the next guest without a word. Waits add up, with mdevs_lock held. The fix: a\n"
        "work item per queue, without limit.",
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
        "An adapter that is assigned is assigned again: assign_adapter_store() goes through\n"
        "all the same, and vfio_ap_mdev_link_queue() does hash_add() of a node that is in the\n"
        "table. Twice at the head of its bucket it is its own successor: who walks it, as\n"
        "vfio_ap_mdev_reset_queues(), never comes back, with mdevs_lock held.",
        Pattern.AGAIN,
        Contrast("2026/assign-twice+B16=out", "2026/assign-twice", "P14", "mdev0 has a queue twice"),
    ),
)

HALL = Hall(1, "the great ones", ENTRIES)

"""What the checker reports of today's driver: races of era 2026 with every fix in, as the model has them.

None of these is confirmed. Each follows from the model, and names the lines of the kernel on which it rests and the
assumption that it needs, if any. A test checks that the scenarios break what is listed here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

VERDICTS: Final[Sequence[tuple[str, str]]] = (
    ("kill-qemu", "one VM, vCPU, mdev and queue; QEMU is killed at any step"),
    ("unbind", "an administrator unbinds a queue"),
    ("unassign", "an administrator unassigns an adapter"),
    ("assign-beside-unbound", "one adapter, two domains, one of them unbound"),
    ("second-mdev", "two mdevs, one VM"),
    ("lost-kick", "two vCPUs idle with different CR6"),
    ("two-vms", "two VMs, the alert list, one of them destroyed"),
    ("attach-while-lost", "the host loses an adapter while the device is opened"),
    ("pv-switch", "a guest becomes a protected one while AQIC and closing go on"),
    ("gain-and-attach", "the host gains an adapter while the device is opened and closed"),
)
"""Scenarios of era 2026 that are searched for every property, and the situation that each stands for."""


@attrs.frozen
class Observation:
    """One thing that the checker reports."""

    title: str
    what: str  # what happens
    rests_on: str  # where in the model, and in the kernel
    shown_by: tuple[tuple[str, tuple[str, ...]], ...]  # scenarios, each with the properties that it breaks for this
    needs: str | None = None  # an assumption without which it does not happen


OBSERVATIONS: Final[Sequence[Observation]] = (
    Observation(
        "a refused AQIC(enable) keeps what it took",
        "The page of the NIB is pinned and the ISC registered before AQIC is issued. When that is answered "
        "anything but 00 or 07, the handler disables the interrupt, which gives back what is on record. The new "
        "pair is on no record: its pin and registration are lost, once for each try.",
        "`mainline/irq.py: irq_enable()`; vfio_ap_irq_enable(), the default of the switch over AQIC's response code",
        (
            ("reset-reenable-busy", ("P5", "P6")),
            ("lose-adapter", ("P5", "P6")),
            ("lose-domain", ("P5", "P6")),
            ("adapter-replaced", ("P5", "P6")),
            ("attach-while-lost", ("P5", "P6")),
            ("card-off", ("P3", "P5", "P6")),
            ("card-broken", ("P3", "P5", "P6")),
            ("two-cards", ("P5", "P6")),
        ),
    ),
    Observation(
        "AQIC(disable) gives up, and the page is unpinned all the same",
        "Six tries of AQIC, or five looks at the bit I, and the page and the ISC are given back, whether the interrupt "
        "is off or not. Hardware that takes longer writes a page that is not pinned any more. The model has no time: "
        "six times 20 ms are as short as it likes.",
        "`mainline/irq.py: irq_disable(), wait_for_irqclear()`; vfio_ap_irq_disable(), vfio_ap_wait_for_irqclear()",
        (("late-reply", ("P8",)), ("dma-unmap", ("P8",)), ("stale-restore", ("P8",)), ("reset-reenable-busy", ("P8",))),
    ),
    Observation(
        "a queue that its guest could not see is unassigned without a reset, and keeps its mdev",
        "Unassigning resets those queues that are in the shadow APCB, and only these forget their mdev. A queue "
        "that was filtered leaves the table with its pointer, its records and its interrupt. The handler of PQAP "
        "asks whether a queue is in the table, not whether the guest sees it, so the interrupt may be on: it is "
        "still aimed at the GISA when that is destroyed. And when the mdev is removed, unbinding the queue looks "
        "into freed memory.",
        "`mainline/mdev_sysfs.py: hot_unplug()`; vfio_ap_mdev_hot_unplug_adapters(), vfio_ap_unlink_apqn_fr_mdev(), "
        "handle_pqap(): vfio_ap_mdev_get_queue() looks into the table",
        (
            ("unassign-filtered", ("P9", "P13")),
            ("unassign-hidden", ("P1", "P3", "P5", "P6", "P7", "P13", "P52")),
            ("assign-back", ("P13", "P52")),
            ("gain-and-assign", ("P13",)),
        ),
        needs="P1 needs `aqic_intercepts_unassigned=yes`: AQIC outside the APCB exits to the host",
    ),
    Observation(
        "a guest does not get back an adapter when what has cost it is unassigned",
        "A queue without a driver costs the guest its adapter. When the domain of that queue is unassigned nothing "
        "speaks against the adapter any more; but unassigning only takes from the guest what it has, and does not "
        "filter. The guest gets the adapter at some later occasion: another assignment, or a queue that is bound.",
        "`mainline/mdev_sysfs.py: hot_unplug()`; vfio_ap_mdev_hot_unplug_domains(), vfio_ap_mdev_hot_unplug_adapters()",
        (("unassign-unbound", ("P36",)),),
    ),
    Observation(
        "the bus reads the driver of a device that has none",
        "After the masks were stored the bus walks its queue devices and looks at the flags of the driver of each, "
        "without the device's lock, and without asking whether there is one. No race is needed: a device that was "
        "unbound long ago has none, either. The lowest page of this machine can be read, so that the kernel does not "
        "stop there, but takes what is in that page for the flags.",
        "`host/bus_masks.py: revise_bindings()`; ap_bus_revise_bindings(), __ap_revise_reserved()",
        (("masks-and-unbind", ("P9",)),),
    ),
    Observation(
        "no lock is taken in request() and ap_config_show()",
        "The eventfd that asks user space to let go of a device is read without the lock that guards it, and so "
        "are the masks that the attribute ap_config shows.",
        "`mainline/vfio_events.py: request()`, `mainline/mdev_attributes.py: read()`; vfio_ap_mdev_request(), "
        "ap_config_show()",
        (
            ("attach-while-removed", ("P22",)),
            ("remove-open-mdev", ("P22",)),
            ("eventfd-kept", ("P22",)),
            ("read-attributes", ("P22",)),
        ),
    ),
    Observation(
        "an eventfd that nobody gives back",
        "User space registers an eventfd and closes the device, or dies, without taking it back. Only it gives an "
        "eventfd back, neither the last close nor the removal of the mdev does. Until then the next user's device "
        "still has the eventfd of the one before; afterwards it is lost.",
        "`mainline/vfio_events.py: set_irqs()`, `mainline/mdev_sysfs.py: remove()`; vfio_ap_set_request_irq(), "
        "vfio_ap_mdev_close_device(), vfio_ap_mdev_remove()",
        (("eventfd-kept", ("P7",)),),
    ),
    Observation(
        "a GISA ends while another processor has it in hand",
        "Since 6.6 gisa_destroy() does not wait for the alert list: it forces IAM to 0, and if that fails because the "
        "GISA is in the list it processes the list itself, once (B10). Two things escape it.\n\n"
        "- *The list is cut off already.* The handler of the alert interrupt, on another CPU, has exchanged the origin "
        "of the list and not yet come to this GISA. Setting IAM fails; the list that is then processed is empty. The "
        "timer is cancelled, and the page is freed with the GISA in the other's hands: P3, P9.\n"
        "- *The GISA is unlinked already.* Setting IAM succeeds; the timer that the other CPU is about to start is not "
        "armed yet when it is cancelled. It is started afterwards, for a VM that is gone: P28.\n\n"
        "What speaks against meeting it: every queue of the VM was reset, and each reset work sleeps 20 ms before it "
        "looks for the end, so that the handler would have to be held up that long between two of its lines. The "
        "variant `destroy_synchronizes` (empty the list, then wait for whoever processes it) removes both.",
        "`kvm/gib.py: _walk()`, `host/kvm_destroy.py: _leave_list()`; process_gib_alert_list(): the exchange of the "
        "origin, for each GISA the store to next_alert, then hrtimer_start(); kvm_s390_gisa_destroy()",
        (("two-vms", ("P3", "P9", "P28")),),
    ),
    Observation(
        "a guest that becomes a protected one loses its GISA, whoever is aimed at it",
        "Where the ultravisor does not know adapter interruptions KVM takes the GISA from a guest that becomes a "
        "protected one, and destroys it, while its devices are open. No driver is told: the queue stays enabled "
        "towards the GISA, whose page is not freed, and the ISC registered. A registration that is given back later "
        "is not found, and its count stays. Who gives one back meanwhile, in a reset by user space or an unmap, which "
        "do not take kvm->lock, has asked whether there is a GISA, and then follows the pointer to it once more: it "
        "is NULL.",
        "`host/protected.py: gisa_disable()`, `kvm/gisa_int.py: unregister()`; kvm_s390_gisa_disable(), "
        "kvm_s390_cpus_to_pv(), kvm_s390_gisc_unregister(): gi->origin, tested without ref_lock and read again under "
        "it",
        (("pv-without-aiv", ("P1", "P3", "P6", "P9")), ("pv-and-back", ("P1", "P3"))),
        needs="an ultravisor without the feature AIV, and a user space that leaves the device open",
    ),
    Observation(
        "who is registered before a guest gets its GISA back is counted, and not armed",
        "When the guest is a normal one again KVM sets a GISA up in the same page: alert.mask and IAM are 0, the "
        "counts of the registrations are as before. Who registers such an ISC again is not the first one, so that its "
        "bit is set in neither mask: the guest is told 00, and an interrupt of its queue raises no alert.",
        "`kvm/gisa_int.py: init(), register()`; kvm_s390_gisa_init(), which sets alert.mask and leaves "
        "alert.ref_count, kvm_s390_gisc_register()",
        (("pv-and-back", ("P25",)),),
        needs="an ultravisor without the feature AIV, and a user space that leaves the device open",
    ),
    Observation(
        "IAM is armed for nobody",
        "The timer reads the word of the GISA, then alert.mask, then swaps the word for one with that mask if it is "
        "still what it was. gisc_unregister() of the last user clears the mask and sets IAM to 0, under ref_lock, "
        "which the timer does not take. If IAM was 0 already, because the alert had taken it, the word does not "
        "change, and the swap arms the ISC again that nobody wants any more. What follows is little: one alert "
        "that should not be; since 6.6 gisa_destroy() sets IAM to 0 whatever it is. The variant `restore_locked` "
        "removes it, but takes in the timer's interrupt what gisc_register() holds with interrupts on: P20 finds "
        "that, an inconsistent lock state.",
        "`kvm/gisa_int.py: get_ipm_or_restore_iam()`, `kvm/gisc.py`; gisa_get_ipm_or_restore_iam(), whose comparison "
        "covers the word and not the mask; kvm_s390_gisc_unregister()",
        (("stale-restore", ("P25", "P29")),),
    ),
    Observation(
        "a card that was checkstopped comes back as it was",
        "A reset that is answered 04 counts as done. When the card recovers its queues notify as before.",
        "`mainline/reset.py: reset_queue()`; vfio_ap_mdev_reset_queue(), the case of AP_RESPONSE_CHECKSTOPPED",
        (("card-broken", ("P1", "P8", "P34")),),
        needs="that a queue recovers from a checkstop with its interrupt on: the architecture does not say",
    ),
)

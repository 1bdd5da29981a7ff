"""What gives the guarantee today, piece by piece, what falls when a piece is taken out, and what it rests on.

The tables of `docs/reference/guarantee.md` are written from these rows, and the tests check each.
"""

from __future__ import annotations

import attrs

from aprt.vfio_ap.host.assumed import FAILING_CARD, Assumed

ERA = "2026"


@attrs.frozen
class Element:
    """In era 2026 the property holds in the scenario, complete; without this element it is violated.

    what: the element. where: functions of the kernel that are it. breaks: the property, P1 or what stands next to it.
    why: one line. put_in, taken_out: the mistakes, or the fixes, by which the element is missing.
    """

    what: str
    where: str
    scenario: str
    breaks: str
    why: str
    put_in: tuple[str, ...] = ()
    taken_out: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What a user runs to see it fall."""
        words = [*(f"--with {word}" for word in self.put_in), *(f"--without {word}" for word in self.taken_out)]
        return " ".join(("aprt explore", f"{ERA}/{self.scenario}", f"--property {self.breaks}", *words))


ELEMENTS = (
    Element(
        "a VM reference while the device is open: the vfio core's or the driver's",
        "vfio_device_get_kvm_safe(), vfio_ap_mdev_set_kvm()",
        "kill-qemu",
        "P1",
        "the VM's own files may be closed first, and the GISA goes before the device",
        put_in=("no_core_ref",),
        taken_out=("B1",),
    ),
    Element(
        "the core takes its reference only of a VM that still has one",
        "vfio_device_get_kvm_safe()",
        "open-while-ending",
        "P9",
        "the VM that the group knows may end between its look-up and set_kvm",
        put_in=("no_core_ref",),
    ),
    Element(
        "close_device always runs: it is the release of the device file",
        "vfio_df_group_close()",
        "rogue-close",
        "P4",
        "the kvm-vfio file may be closed first: nobody detaches, and the VM is immortal",
        put_in=("close_needs_group",),
    ),
    Element(
        "the hook goes under the lock that running handlers hold",
        "vfio_ap_mdev_unset_kvm(), handle_pqap()",
        "remove-mdev",
        "P9",
        "a handler that has found the hook goes on in an mdev that is freed",
        taken_out=("B4",),
    ),
    Element(
        "the guest's masks are cleared before its queues are reset",
        "kvm_arch_crypto_clear_masks()",
        "close-and-use",
        "P11",
        "the guest uses the queue once more after the reset meant to clear it",
        put_in=("keep_apcb",),
    ),
    Element(
        "every queue of the mdev is reset",
        "vfio_ap_mdev_reset_queues()",
        "kill-qemu",
        "P1",
        "a queue that is not reset stays aimed at the GISA",
        put_in=("reset_skips_first",),
    ),
    Element(
        "the resets are waited for, without limit",
        "vfio_ap_mdev_reset_qlist(), apq_reset_check()",
        "kill-qemu",
        "P1",
        "an accepted reset has not ended: the interrupt is still on",
        put_in=("reset_unwaited",),
    ),
    Element(
        "a queue that is unassigned is reset",
        "vfio_ap_mdev_hot_unplug_adapters()",
        "unassign",
        "P11",
        "it leaves the mdev, and no later detach looks at it",
        taken_out=("B33",),
    ),
    Element(
        "unbinding a queue resets all queues of its adapter",
        "vfio_ap_mdev_remove_queue()",
        "sibling",
        "P11",
        "the guest loses the adapter, and another guest may get its other queues",
        taken_out=("B27",),
    ),
    Element(
        "queues that the filter takes from a guest are reset",
        "reset_queues_for_apids()",
        "assign-beside-unbound",
        "P11",
        "they come back to a guest with what the last one left",
        taken_out=("B28",),
    ),
    Element(
        "a queue that left the host's configuration gives back what it owns",
        "vfio_ap_mdev_remove_queue()",
        "lose-enabled",
        "P6",
        "it is not reset, and its registration is left to gisa_destroy",
        taken_out=("B18",),
    ),
    Element(
        "second line: gisa_destroy disarms what is left",
        "kvm_s390_gisa_destroy()",
        "card-off",
        "P29",
        "a registration that was lost leaves IAM armed in a page that is freed",
        taken_out=("B10",),
    ),
    Element(
        "second line: gisa_destroy takes the GISA out of the alert list itself",
        "kvm_s390_gisa_destroy(), process_gib_alert_list()",
        "end-listed",
        "P33",
        "it waits for a list that nobody is going to process",
        taken_out=("B10",),
    ),
)

_LOST = "a refused AQIC(enable) keeps what it took, unless it undoes that (`refused_undoes`, which no kernel has)"
_NO_RESET = "a ZAPQ answered 0b is no reset, and the driver only warns"

ASSUMED = (
    Assumed("kill-qemu", "off_is_silent=no"),
    Assumed("kill-qemu", "aqic_intercepts_unassigned=no"),
    Assumed("kill-qemu", "irq_off_at=accept"),
    Assumed("kill-qemu", "aqic_while_pending=otherwise_changed"),
    Assumed("kill-qemu", "busy_may_answer=yes", ("P3", "P5", "P6"), _LOST),
    Assumed("kill-qemu+refused_undoes", "busy_may_answer=yes"),
    Assumed("kill-qemu", "unexpected_rc=yes", ("P1", "P3", "P5", "P6", "P7", "P34", "P35"), _NO_RESET),
    Assumed(
        "kill-qemu",
        "reset_end=e_seen",
        ("P1", "P8", "P12", "P34", "P35"),
        "TAPQ answers 00 while the reset runs, and the reset work looks at nothing else",
    ),
    Assumed(
        "kill-qemu+guest=enable_disable",
        "aqic_while_pending=otherwise_changed",
        ("P8",),
        "AQIC(disable) is answered 07 while the enable is on its way, and gives up after five looks",
    ),
    *FAILING_CARD,
)

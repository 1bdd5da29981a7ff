"""What each of the six measures is for, and under which assumptions the six together are enough.

The tables of the README and of `docs/reference/measures.md` are written from these rows, and the tests check each.
"""

from __future__ import annotations

import attrs

from aprt.vfio_ap.host.assumed import FAILING_CARD, Assumed


@attrs.frozen
class Need:
    """With all measures the property holds in the scenario, complete; without this one it is violated.

    measure: the one left out. scenario, property: what is then violated, and where. why: one line.
    """

    measure: str
    scenario: str
    property: str
    why: str


NEEDS = (
    Need("vm_ref", "kill-qemu", "P1", "the VM's own files may be closed first, and the GISA goes before the device"),
    Need("hook_lock", "remove-mdev", "P9", "a vCPU that has read the hook calls into an mdev that is freed meanwhile"),
    Need("clear_apcb", "close-and-use", "P11", "the guest uses the queue once more after the reset meant to clear it"),
    Need("wait_reset", "kill-qemu", "P1", "an accepted reset has not ended: the interrupt is still on"),
    Need("cleanup_everywhere", "h5", "P4", "SET_KVM(NULL) forgets the VM but not its reference: the VM is immortal"),
    Need("one_mutex", "close-vs-unbind", "P9", "release walks to a queue that remove frees at the same time"),
)


_LOST = "AQIC(enable) is refused, and what was pinned and registered for it is lost: `refused_undoes`"

ASSUMED = (
    Assumed("kill-qemu", "off_is_silent=no"),
    Assumed("kill-qemu", "aqic_intercepts_unassigned=no"),
    Assumed("kill-qemu", "irq_off_at=accept"),
    Assumed("kill-qemu", "aqic_while_pending=otherwise_changed"),
    Assumed("kill-qemu", "busy_may_answer=yes", ("P3", "P5", "P6", "P29"), _LOST),
    Assumed("kill-qemu", "unexpected_rc=yes", ("P3", "P5", "P6", "P29"), _LOST),
    Assumed("kill-qemu", "reset_end=e_seen"),
    Assumed("kill-qemu+refused_undoes", "busy_may_answer=yes"),
    Assumed("kill-qemu+refused_undoes", "unexpected_rc=yes"),
    Assumed(
        "kill-qemu+guest=enable_disable",
        "aqic_while_pending=otherwise_changed",
        ("P8", "livelock"),
        "AQIC(disable) is answered 07 while the enable is on its way: the NIB is unpinned, the interrupt comes on, "
        "and the wait for it to be off never ends",
    ),
    *FAILING_CARD,
)

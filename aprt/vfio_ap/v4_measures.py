"""What each of the six measures is for: where the guarantee and its neighbours fail with all measures but that one.

The tables of the README and of `docs/reference/measures.md` are written from these rows, and the tests check each:
with all measures in the property holds, complete; without the one it is violated.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Need:
    """measure: the one left out. scenario, property: what is then violated, and where. why: one line."""

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

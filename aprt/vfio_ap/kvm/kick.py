"""kick: the timer of a GISA, which wakes idle vCPUs until somebody has taken what is pending.

A timer that has kicked, or found nobody to kick, is armed again for 50 us later and looks again. In virtual time
it fires again once the word of the GISA has changed; until then it would do the same as before. (A vCPU that goes
idle meanwhile looks for itself, so the set of idle vCPUs need not be watched.) So a pending interrupt that nobody
is able to take leaves a machine in which nothing happens any more, not one whose timer fires for ever.

Mirrors: arch/s390/kvm/interrupt.c: gisa_vcpu_kicker(), __airqs_kick_single_vcpu(). Left out: changes of the idle
mask while it is scanned; that an idle vCPU which is ended by a signal leaves its kick to nobody for 50 us.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.kvm.gisa_int import GisaParts, get_ipm_or_restore_iam
from aprt.vfio_ap.kvm.vcpu import Vcpu


async def gisa_timer(parts: GisaParts, vcpus: tuple[Vcpu, ...]) -> None:
    """Daemon: the GISA timer of one VM. vcpus: in the order of their index."""
    while True:
        await parts.interrupt.fire()
        if await gisa_vcpu_kicker(parts, vcpus):
            await parts.interrupt.rearm()
            await parts.gisa.changed()
        else:
            await parts.interrupt.finish()


async def gisa_vcpu_kicker(parts: GisaParts, vcpus: tuple[Vcpu, ...]) -> bool:
    """The callback: kick for what is pending, or restore IAM. Whether the timer is to fire again."""
    pending = await get_ipm_or_restore_iam(parts, polls=True)
    if pending:
        await kick_single_vcpu(parts, vcpus, pending)
    return pending != 0


@mirrors("__airqs_kick_single_vcpu")
async def kick_single_vcpu(parts: GisaParts, vcpus: tuple[Vcpu, ...], deliverable: int) -> None:
    """Wake the first idle vCPU that is open for one of the ISCs in `deliverable`, unless it was kicked before.

    2019: a vCPU that is idle but closed for some ISCs makes all later ones look closed for them too (B9).
    Repair keep_deliverable: each is compared with what is pending.
    """
    idle = await parts.interrupt.read_idle()
    for vcpu in vcpus:
        if vcpu.name not in idle:
            continue
        mask = await vcpu.open_mask()
        if mask is None:
            continue
        takes = deliverable & mask
        if takes:
            if not await parts.interrupt.test_and_set_kicked(vcpu.name):
                await vcpu.wake()
            return
        if not parts.rules.keep_deliverable:
            deliverable = takes

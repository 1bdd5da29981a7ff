"""What a guest's vCPU executes: a list of instructions, each through SIE or through an intercept.

Interpreted instructions (NQAP, DQAP, TAPQ, resets) are checked against the APCB by hardware and never seen
by the host; AQIC is intercepted. Linux as a guest uses `Reset` and never `Aqic(ir=False)`; others may.

Mirrors: arch/s390/kvm/intercept.c: kvm_handle_sie_intercept().
Left out: every other instruction and intercept.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.response import TRANSIENT, Rc, Status
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.kvm.vcpu import Vcpu, wait_for_interrupt


@attrs.frozen
class Nqap:
    """Send one request to the queue."""

    apqn: Apqn


@attrs.frozen
class Dqap:
    """Fetch one reply."""

    apqn: Apqn


@attrs.frozen
class Reset:
    """RAPQ or ZAPQ, invisible to the host. polls: whether the guest waits with TAPQ for 00 afterwards."""

    apqn: Apqn
    kind: Literal["RAPQ", "ZAPQ"] = "RAPQ"
    polls: bool = True


@attrs.frozen
class Confirm:
    """Poll with TAPQ until the interrupt is on, as Linux does after it enabled it."""

    apqn: Apqn


@attrs.frozen
class Insist:
    """Repeat an AQIC while it is answered 02 or 05, as Linux does."""

    aqic: Aqic


@attrs.frozen
class Wait:
    """Load a wait PSW: idle until an I/O interrupt comes."""


Instruction: TypeAlias = Aqic | Insist | Nqap | Dqap | Reset | Confirm | Wait


async def execute(machine: Machine, guest: Guest, vcpu: Vcpu, instruction: Instruction) -> None:
    """One instruction of the guest, from start to completion."""
    match instruction:
        case Aqic():
            await intercept(machine, guest, vcpu, instruction)
        case Insist(aqic):
            while await intercept(machine, guest, vcpu, aqic) in TRANSIENT:
                if await guest.process.signal_pending():
                    break
        case Wait():
            await wait_for_interrupt(guest.gisa, vcpu)
        case Reset(apqn, kind, polls):
            await _reset(machine, guest, apqn, kind, polls)
        case Confirm(apqn):
            await _confirm(machine, guest, apqn)
        case Nqap(apqn):
            if await guest.crycb.enter(apqn):
                await machine.queues[apqn].hw.nqap(guest.name)
                await guest.crycb.leave()
        case Dqap(apqn):
            if await guest.crycb.enter(apqn):
                await machine.queues[apqn].hw.dqap(guest.name)
                await guest.crycb.leave()


@mirrors("kvm_handle_sie_intercept")
async def intercept(machine: Machine, guest: Guest, vcpu: Vcpu, aqic: Aqic) -> Rc | None:
    """PQAP(AQIC): exits to KVM; the answer, which is replied too, goes to GR1 and the condition code.

    With `aqic_intercepts_unassigned=no` an APQN outside the APCB is answered 01 by hardware. When nobody handles
    the instruction QEMU injects an operation exception: the guest gets no answer.
    """
    if not guest.uv_aiv:
        aqic = attrs.evolve(aqic, aiv=await vcpu.has_aiv())
    if machine.variant("aqic_intercepts_unassigned") == "no":
        if not await guest.crycb.enter(aqic.apqn):
            return await _tell(vcpu, aqic, Rc.Q_NOT_AVAIL)
        await guest.crycb.leave()
    answer = await machine.ops.pqap(machine, guest, aqic)
    if not isinstance(answer, Rc):
        await vcpu.operation_exception()
        return None
    return await _tell(vcpu, aqic, Rc.NORMAL if machine.on("wrong_rc") else answer)


async def _tell(vcpu: Vcpu, aqic: Aqic, rc: Rc) -> Rc:
    await vcpu.answer(aqic.ir, aqic.isc, aqic.nib, rc, 3 if rc else 0)
    return rc


async def _reset(machine: Machine, guest: Guest, apqn: Apqn, kind: str, polls: bool) -> None:
    status = await _interpreted_reset(machine, guest, apqn, kind)
    while polls and status is not None and status.rc is not Rc.Q_NOT_AVAIL:
        status = await interpreted_tapq(machine, guest, apqn)
        if status is None or status.rc is Rc.NORMAL:
            return


async def _confirm(machine: Machine, guest: Guest, apqn: Apqn) -> None:
    while not await guest.process.signal_pending():
        status = await interpreted_tapq(machine, guest, apqn)
        if status is None or status.irq_enabled or status.rc not in (Rc.NORMAL, *TRANSIENT):
            return


async def _interpreted_reset(machine: Machine, guest: Guest, apqn: Apqn, kind: str) -> Status | None:
    if not await guest.crycb.enter(apqn):
        return None
    status = await machine.queues[apqn].hw.reset(kind, guest.name)
    await guest.crycb.leave()
    return status


async def interpreted_tapq(machine: Machine, guest: Guest, apqn: Apqn) -> Status | None:
    """TAPQ by the guest; None: the APQN is not in its APCB."""
    if not await guest.crycb.enter(apqn):
        return None
    status = await machine.queues[apqn].hw.tapq(guest.name)
    await guest.crycb.leave()
    return status

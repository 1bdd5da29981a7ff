"""vCPU: the registers that the interrupt path and PQAP need, and the idle wait.

A vCPU that loads a wait PSW leaves SIE and sleeps in the kernel. The sleep is the kernel's usual one, in an order
that must not lose a wake-up: get in line (`prepare`), look whether anything is deliverable, then sleep.

    awake --prepare--> prepared --schedule--> asleep
    awake <------------- wake, signal -------------

Mirrors: arch/s390/kvm/interrupt.c: kvm_s390_handle_wait(), kvm_s390_vcpu_has_irq(), __deliver_io(), pending_irqs();
arch/s390/kvm/kvm-s390.h: kvm_s390_get_gisa_desc(); arch/s390/kvm/kvm-s390.c: kvm_arch_vcpu_runnable(), vcpu_pre_run();
virt/kvm/kvm_main.c: kvm_vcpu_block().
Left out: clock comparator and CPU timer, halt polling, floating interrupts of other kinds, the fast path before the
idle bit is set.
"""

from __future__ import annotations

from typing import Literal

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.chain import mirrors
from aprt.core.notes import Broken, Owes
from aprt.vfio_ap.kvm.gisa import first_isc
from aprt.vfio_ap.kvm.gisa_int import GisaParts, get_ipm_or_restore_iam
from aprt.vfio_ap.kvm.gisa_switches import GisaRules


@attrs.frozen
class VcpuState:
    """cc, gr1: what the last PQAP answered: condition code and response code. cr6: open ISCs, bit 0x80 >> isc.

    io_open: the I/O mask of the PSW. exception: the last PQAP ended in an operation exception instead.
    aiv: ECA.AIV in its control block: it runs with the GISA of its VM.
    """

    cc: int | None = None
    gr1: int | None = None
    exception: bool = False
    io_open: bool = True
    cr6: int = 0xFF
    sleep: Literal["awake", "prepared", "asleep"] = "awake"
    signalled: bool = False
    # written under vcpu->mutex, which keeps the vCPU out of SIE:
    aiv: bool = True

    @property
    def asleep(self) -> bool:
        return self.sleep == "asleep"

    @property
    def open(self) -> int:
        """The ISCs that may interrupt."""
        return self.cr6 if self.io_open else 0


@attrs.frozen(eq=False)
class Vcpu(Actor[VcpuState]):
    """One vCPU, called `VM.NAME`. idle_as: whose place in the idle mask its vcpu_id names, if ids are sparse."""

    atomic = ("sleep", "signalled")

    io_open: bool = True
    cr6: int = 0xFF
    idle_as: str | None = None

    @property
    def vm(self) -> str:
        """The VM it belongs to."""
        return self.name.rpartition(".")[0]

    def initial(self) -> VcpuState:
        return VcpuState(io_open=self.io_open, cr6=self.cr6)

    @handler(reads="", writes="cc gr1 exception")
    def answer(
        self, state: VcpuState, by: Caller, ir: bool, isc: int, nib: int, rc: int, cc: int
    ) -> Outcome[VcpuState, None]:
        """PQAP(AQIC) with these operands is complete: GR1 holds the response code `rc`, and the condition code."""
        return attrs.evolve(state, cc=cc, gr1=rc, exception=False), None

    @handler(reads="", writes="cc gr1 exception")
    def operation_exception(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """The instruction was not for this guest: no answer."""
        return attrs.evolve(state, cc=None, gr1=None, exception=True), None

    @handler(reads="aiv")
    def has_aiv(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, bool]:
        return state, state.aiv

    @handler(reads="", writes="aiv")
    def set_aiv(self, state: VcpuState, by: Caller, on: bool) -> Outcome[VcpuState, None]:
        """With or without GISA from the next entry into SIE on. Locks: vcpu->mutex held, where it is modelled."""
        return (state if state.aiv == on else attrs.evolve(state, aiv=on)), None

    @handler(reads="io_open cr6")
    def open_mask(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, int | None]:
        """The open ISCs; None when the PSW is closed for I/O."""
        return state, state.cr6 if state.io_open else None

    @handler(reads="")
    def enter_sie(self, state: VcpuState, by: Caller, gd: str) -> Outcome[VcpuState, bool]:
        """Hardware: into SIE and out again with this designation, "0" for no GISA. False: a validity intercept."""
        if gd == "0":
            return state, True
        return state, False, (Broken("P48", f"{self.name} cannot enter SIE: its GISA designation is {gd}"),)

    @handler(reads="", writes="sleep")
    def prepare(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """From here on a wake-up reaches the vCPU."""
        return attrs.evolve(state, sleep="prepared"), None

    @handler(reads="sleep signalled", writes="sleep")
    def schedule(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, bool]:
        """Go to sleep, unless woken since `prepare`. False: a signal is pending, no sleep."""
        if state.signalled:
            return attrs.evolve(state, sleep="awake"), False
        return attrs.evolve(state, sleep="asleep") if state.sleep == "prepared" else state, True

    @handler(reads="sleep", sleeps=True, interruptible=True, orders="acquire")
    def sleep(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """Blocks until woken."""
        return BLOCK if state.asleep else (state, None)

    @handler(reads="sleep", writes="sleep")
    def finish(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """Out of line."""
        return _awake(state), None

    @handler(reads="sleep", writes="sleep", orders="release")
    def wake(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """A kick arrives; the kicker no longer owes it. Nothing happens unless the vCPU is in line."""
        return _awake(state), None, (Owes(("kick", self.name), -1),)

    @handler(reads="", writes="sleep signalled", orders="release")
    def signal(self, state: VcpuState, by: Caller) -> Outcome[VcpuState, None]:
        """A signal for the thread: an idle wait ends, and every later one at once."""
        return attrs.evolve(state, sleep="awake", signalled=True), None


def _awake(state: VcpuState) -> VcpuState:
    return state if state.sleep == "awake" else attrs.evolve(state, sleep="awake")


async def wait_for_interrupt(parts: GisaParts, vcpu: Vcpu) -> int | None:
    """The guest waits for an I/O interrupt, in and out of SIE; the ISC of the one it took.

    None: a signal came first, or the PSW is closed for I/O (disabled wait), or SIE cannot be entered. Locks: none on
    entry.
    """
    mask = await vcpu.open_mask()
    if mask is None:
        return None
    while True:
        if parts.rules.no_gisa:
            if not await vcpu.enter_sie(_designation_of_nothing(parts.rules)):
                return None
        else:
            await parts.gisa.enter(vcpu.name, mask)
            isc = await parts.gisa.leave(vcpu.name)
            if isc is not None:
                return isc
        deliverable = await handle_wait(parts, vcpu, mask)
        if deliverable is None:
            return None
        await parts.interrupt.clear_kicked(vcpu.name)
        isc = first_isc(deliverable)
        if await parts.gisa.tac_ipm(isc):
            return isc


def _designation_of_nothing(rules: GisaRules) -> str:
    """kvm_s390_get_gisa_desc() of a VM without GISA. Without fix B42 it is the physical address of the pointer NULL."""
    return "virt_to_phys(NULL)" if rules.moved_kernel and not rules.gd_of_nothing else "0"


@mirrors("kvm_s390_handle_wait")
async def handle_wait(parts: GisaParts, vcpu: Vcpu, mask: int) -> int | None:
    """Sleep until something that `mask` lets through is pending; which ISCs, or None for a signal.

    It may be gone when the vCPU gets there: another one may be quicker.
    """
    if not parts.rules.no_gisa:
        deliverable = await get_ipm_or_restore_iam(parts) & mask
        if deliverable:
            return deliverable
    place = vcpu.name if parts.rules.idle_by_index or vcpu.idle_as is None else vcpu.idle_as
    await parts.interrupt.set_idle(place)
    seen = await _block(parts, vcpu, mask)
    await parts.interrupt.clear_idle(place)
    return seen


async def _block(parts: GisaParts, vcpu: Vcpu, mask: int) -> int | None:
    while True:
        await vcpu.prepare()
        deliverable = await _pending(parts, vcpu) & mask
        if deliverable:
            await vcpu.finish()
            return deliverable
        if not await vcpu.schedule():
            return None
        await vcpu.sleep()


async def _pending(parts: GisaParts, vcpu: Vcpu) -> int:
    """What `runnable` looks at. The kicked bit, without the repair clear_kicked, stays until SIE is entered.

    Before fix B46 the pending mask is read through the pointer to the GISA even if there is none.
    """
    if parts.rules.clear_kicked:
        await parts.interrupt.clear_kicked(vcpu.name)
    if not parts.rules.no_gisa:
        return await parts.gisa.get_ipm()
    if not parts.rules.ipm_of_nothing:
        await parts.interrupt.null_dereference("origin")
    return 0

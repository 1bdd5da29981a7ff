"""CRYCB: the crypto control block of a VM with its APCB, which the hardware reads for every AP instruction in SIE.

The handler `enter` is the hardware's look into the APCB at the start of an interpreted instruction and `leave` its
end. Software changes the masks only while no vCPU is inside: it takes all of them out of SIE first. In the lock order
a vCPU that is inside holds SIE for reading, and a change of the masks asks for it for writing.

Mirrors: arch/s390/kvm/kvm-s390.c: kvm_arch_crypto_set_masks(), kvm_arch_crypto_clear_masks();
arch/s390/kvm/kvm-s390.h: kvm_s390_vcpu_block_all(). Left out: formats 0 to 2, the shadow CRYCB of nested guests.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Hold, Took
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix


@attrs.frozen
class CrycbState:
    live: bool = True
    inside: tuple[str, ...] = ()  # contexts with an interpreted instruction in progress, sorted
    # guarded by kvm->lock:
    apcb: Matrix = Matrix()


@attrs.frozen(eq=False)
class Crycb(Object[CrycbState]):
    """The page part that holds the APCB; it dies with the page of the GISA.

    waits: for all vCPUs to be out of SIE before the masks are written (out: mutant masks_in_sie).
    """

    atomic = ("inside", "apcb")  # read by the machine

    kvm_lock: Mutex
    waits: bool = True

    def initial(self) -> CrycbState:
        return CrycbState()

    def hold(self, mode: str = "exclusive", *, atomic: bool = False) -> Hold:
        """SIE, as a lock."""
        return Hold(f"{self.name}.sie", mode, atomic, "sie")

    @handler(reads="inside apcb", writes="inside")
    def enter(self, state: CrycbState, by: Caller, apqn: Apqn) -> Outcome[CrycbState, bool]:
        """An AP instruction starts in SIE. False: the APQN is not in the guest's APCB, nothing was entered."""
        if apqn not in state.apcb:
            return state, False
        after = attrs.evolve(state, inside=tuple(sorted((*state.inside, by.context))))
        return after, True, (Took(self.hold("read")),)

    @handler(reads="inside", writes="inside")
    def leave(self, state: CrycbState, by: Caller) -> Outcome[CrycbState, None]:
        after = attrs.evolve(state, inside=tuple(c for c in state.inside if c != by.context))
        return after, None, (Gave(self.hold().lock),)

    @handler(reads="inside apcb", writes="apcb", guarded_by="kvm_lock", acquires="write")
    def set_masks(self, state: CrycbState, by: Caller, masks: Matrix) -> Outcome[CrycbState, None]:
        """Blocks until every vCPU is out of SIE, then replaces all three masks."""
        if state.inside and self.waits:
            return BLOCK
        return (state if state.apcb == masks else attrs.evolve(state, apcb=masks)), None

    @handler(reads="inside apcb", writes="apcb", guarded_by="kvm_lock", acquires="write")
    def drop_adapter(self, state: CrycbState, by: Caller, apid: int) -> Outcome[CrycbState, None]:
        """Take one adapter from the guest (only the adapter mask may change under a running guest)."""
        if state.inside and self.waits:
            return BLOCK
        if apid not in state.apcb.apm:
            return state, None
        return attrs.evolve(state, apcb=state.apcb.without_bit("apm", apid)), None

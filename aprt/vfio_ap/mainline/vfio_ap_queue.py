"""vfio_ap_queue: what the driver knows of one queue, from probe to remove.

The records say what the queue *owns*: a registration of a guest ISC and a pin of the page with its NIB. The kernel
keeps only the ISC and the address; whose they are is kept here too, for the properties.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct vfio_ap_queue (6.12).
"""

from __future__ import annotations

from collections.abc import Hashable

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Note, Owes
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.kernel.workqueue import Work
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.memory import PAGE


@attrs.frozen
class SavedIsc:
    """A registration. vm: of which VM. isc: guest subclass, 0..7."""

    vm: str
    isc: int

    @property
    def resource(self) -> tuple[str, str, int]:
        return ("gisc", self.vm, self.isc)

    def __str__(self) -> str:
        return f"{self.vm} isc {self.isc}"


@attrs.frozen
class SavedIova:
    """A pin. vm: of whose memory. iova: guest address of the NIB, bytes."""

    vm: str
    iova: int

    @property
    def resource(self) -> tuple[str, str, int]:
        return ("pin", self.vm, self.iova >> PAGE)

    def __str__(self) -> str:
        return f"{self.vm} nib {self.iova:#x}"


@attrs.frozen
class VfioApQueueState:
    live: bool = False  # allocated by probe, freed by remove
    generation: int = 0
    # guarded by mdevs_lock; the queue's reset work relies on the lock of whoever flushes it:
    mdev: str | None = None  # matrix_mdev
    isc: SavedIsc | None = None
    iova: SavedIova | None = None
    reset_rc: Rc = Rc.NORMAL  # what the last ZAPQ was answered


@attrs.frozen(eq=False)
class VfioApQueue(Object[VfioApQueueState]):
    """The queue object of one APQN. Every message names the generation its sender's pointer was made for."""

    apqn: Apqn
    mdevs_lock: Mutex
    reset_work: Work

    def initial(self) -> VfioApQueueState:
        return VfioApQueueState()

    def owns(self, state: VfioApQueueState) -> tuple[Hashable, ...]:
        return tuple(saved.resource for saved in (state.isc, state.iova) if saved is not None)

    @handler(reads="generation", writes="live generation mdev isc iova reset_rc", on_freed=True)
    def alloc(self, state: VfioApQueueState, by: Caller) -> Outcome[VfioApQueueState, int]:
        """A new object without records or mdev; replies its generation."""
        return VfioApQueueState(True, state.generation + 1), state.generation + 1

    @handler(reads="generation")
    def read_generation(self, state: VfioApQueueState, by: Caller) -> Outcome[VfioApQueueState, int]:
        """For who has the object itself in hand, not a pointer to it: the work item that is embedded in it."""
        return state, state.generation

    @handler(reads="generation mdev", guarded_by="mdevs_lock | reset_work")
    def read_mdev(self, state: VfioApQueueState, by: Caller, generation: int) -> Outcome[VfioApQueueState, str | None]:
        return state, state.mdev, self.stale(generation, state.generation)

    @handler(reads="generation mdev")
    def peek_mdev(self, state: VfioApQueueState, by: Caller, generation: int) -> Outcome[VfioApQueueState, str | None]:
        """matrix_mdev, read before mdevs_lock is taken, to know which VM's lock comes first."""
        return state, state.mdev, self.stale(generation, state.generation)

    @handler(reads="generation mdev", writes="mdev", guarded_by="mdevs_lock")
    def set_mdev(
        self, state: VfioApQueueState, by: Caller, generation: int, mdev: str | None
    ) -> Outcome[VfioApQueueState, None]:
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        return (state if state.mdev == mdev else attrs.evolve(state, mdev=mdev)), None

    @handler(reads="generation reset_rc", guarded_by="mdevs_lock | reset_work")
    def reset_status(self, state: VfioApQueueState, by: Caller, generation: int) -> Outcome[VfioApQueueState, Rc]:
        return state, state.reset_rc, self.stale(generation, state.generation)

    @handler(reads="generation reset_rc", writes="reset_rc", guarded_by="mdevs_lock | reset_work")
    def set_reset_status(
        self, state: VfioApQueueState, by: Caller, generation: int, rc: Rc
    ) -> Outcome[VfioApQueueState, None]:
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        return (state if state.reset_rc is rc else attrs.evolve(state, reset_rc=rc)), None

    @handler(reads="generation isc iova", guarded_by="mdevs_lock | reset_work")
    def records(
        self, state: VfioApQueueState, by: Caller, generation: int
    ) -> Outcome[VfioApQueueState, tuple[SavedIsc | None, SavedIova | None]]:
        return state, (state.isc, state.iova), self.stale(generation, state.generation)

    @handler(reads="generation", writes="isc iova", guarded_by="mdevs_lock")
    def record(
        self, state: VfioApQueueState, by: Caller, generation: int, isc: SavedIsc, iova: SavedIova
    ) -> Outcome[VfioApQueueState, None]:
        """From here on the queue owns both; what stood there before is overwritten, owned or not."""
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        return attrs.evolve(state, isc=isc, iova=iova), None, (Owes(isc.resource, -1), Owes(iova.resource, -1))

    @handler(reads="generation isc", writes="isc", guarded_by="mdevs_lock | reset_work")
    def forget_isc(
        self, state: VfioApQueueState, by: Caller, generation: int, released: bool, after_reset: bool
    ) -> Outcome[VfioApQueueState, None]:
        """Erase the ISC. released: the registration was given back. after_reset: a reset of the queue is over (P12)."""
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        if state.isc is None:
            return state, None
        notes: tuple[Note, ...] = (Owes(state.isc.resource, 1),) if released else ()
        return attrs.evolve(state, isc=None), None, notes

    @handler(reads="generation iova", writes="iova", guarded_by="mdevs_lock | reset_work")
    def forget_iova(
        self, state: VfioApQueueState, by: Caller, generation: int, after_reset: bool
    ) -> Outcome[VfioApQueueState, None]:
        """Erase the address, whose page is unpinned. after_reset: see `forget_isc`."""
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        if state.iova is None:
            return state, None
        return attrs.evolve(state, iova=None), None, (Owes(state.iova.resource, 1),)

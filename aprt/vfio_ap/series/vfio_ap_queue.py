"""vfio_ap_queue: what the driver knows of one queue, from probe to remove.

The records say what the queue *owns*: a registration of a guest ISC and a pin of the page with its NIB. Pointers
to the object carry the generation that `alloc` gave, so that a pointer kept over a remove and a new probe is seen.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct vfio_ap_queue (v4 of the series; its cover letter).
"""

from __future__ import annotations

from collections.abc import Hashable

import attrs

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Note, Owes
from aprt.kernel.object import Object
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.memory import PAGE


@attrs.frozen
class Saved:
    """What an enabled queue owns. vm: whose. isc: guest subclass, 0..7. nib: guest address, bytes, not 0."""

    vm: str
    isc: int
    nib: int

    def __str__(self) -> str:
        return f"{self.vm} isc {self.isc} nib {self.nib:#x}"

    @property
    def gisc(self) -> tuple[str, str, int]:
        """The resource name of the registration."""
        return ("gisc", self.vm, self.isc)

    @property
    def pin(self) -> tuple[str, str, int]:
        """The resource name of the pin."""
        return ("pin", self.vm, self.nib >> PAGE)


@attrs.frozen
class VfioApQueueState:
    # what guards a field depends on the variants and measures, see `mdev`
    live: bool = False  # allocated by probe, freed by remove
    generation: int = 0
    saved: Saved | None = None
    mdev: str | None = None


@attrs.frozen(eq=False)
class VfioApQueue(Object[VfioApQueueState]):
    """The queue object of one APQN. Every message names the generation its sender's pointer was made for."""

    apqn: Apqn

    def initial(self) -> VfioApQueueState:
        return VfioApQueueState()

    def owns(self, state: VfioApQueueState) -> tuple[Hashable, ...]:
        return () if state.saved is None else (state.saved.gisc, state.saved.pin)

    @handler(reads="generation", writes="live generation saved mdev", on_freed=True)
    def alloc(self, state: VfioApQueueState, by: Caller) -> Outcome[VfioApQueueState, int]:
        """A new object without records or mdev; replies its generation."""
        return VfioApQueueState(True, state.generation + 1), state.generation + 1

    @handler(reads="generation saved")
    def records(self, state: VfioApQueueState, by: Caller, generation: int) -> Outcome[VfioApQueueState, Saved | None]:
        return state, state.saved, self.stale(generation, state.generation)

    @handler(reads="generation", writes="saved")
    def record(
        self, state: VfioApQueueState, by: Caller, generation: int, saved: Saved
    ) -> Outcome[VfioApQueueState, None]:
        """From here on the queue owns `saved`; what stood there before is overwritten, owned or not."""
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        return attrs.evolve(state, saved=saved), None, (Owes(saved.gisc, -1), Owes(saved.pin, -1))

    @handler(reads="generation saved", writes="saved")
    def forget(
        self, state: VfioApQueueState, by: Caller, generation: int, isc_released: bool, after_reset: bool
    ) -> Outcome[VfioApQueueState, None]:
        """Erase the records, whose pin is released. isc_released: so is the registration. after_reset: see P12."""
        if stale := self.stale(generation, state.generation):
            return state, None, stale
        if state.saved is None:
            return state, None
        notes: tuple[Note, ...] = (Owes(state.saved.pin, 1),)
        if isc_released:
            notes += (Owes(state.saved.gisc, 1),)
        return attrs.evolve(state, saved=None), None, notes

    @handler(reads="generation mdev")
    def read_mdev(self, state: VfioApQueueState, by: Caller, generation: int) -> Outcome[VfioApQueueState, str | None]:
        return state, state.mdev, self.stale(generation, state.generation)

    @handler(reads="generation mdev", writes="mdev")
    def set_mdev(self, state: VfioApQueueState, by: Caller, mdev: str | None) -> Outcome[VfioApQueueState, int]:
        """Enter or leave an mdev; replies the generation."""
        return (state if state.mdev == mdev else attrs.evolve(state, mdev=mdev)), state.generation

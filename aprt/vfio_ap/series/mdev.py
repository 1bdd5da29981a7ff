"""ap_matrix_mdev: the mediated device of one guest: its matrix, its VM and the bucket of its queues.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix_mdev, as the v4 series extends it (cover letter).
The hook that KVM calls is embedded here; the VM stores only its address, that is, this actor's name.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Note, Owes
from aprt.kernel.object import Object
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Dimension, Matrix


@attrs.frozen
class MdevState:
    # what guards a field depends on the variants and measures: each procedure says what it takes
    live: bool = False  # made by `create`
    matrix: Matrix = Matrix()
    kvm: str | None = None
    detaching: bool = False  # a cleanup has claimed the VM pointer (measure one_mutex)
    opened: bool = False
    qlist: tuple[QueuePointer, ...] = ()  # the bucket, in order of arrival


@attrs.frozen(eq=False)
class Mdev(Object[MdevState]):
    """One mediated device; its name is its short UUID."""

    atomic = ("opened",)

    def initial(self) -> MdevState:
        return MdevState()

    def owns(self, state: MdevState) -> tuple[str, ...]:
        return () if state.kvm is None else (state.kvm,)

    @handler(reads="live", writes="live matrix kvm detaching opened qlist", on_freed=True)
    def create(self, state: MdevState, by: Caller) -> Outcome[MdevState, bool]:
        """False: it exists already."""
        return (state, False) if state.live else (MdevState(live=True), True)

    @handler(reads="", writes="opened", orders="release")
    def set_opened(self, state: MdevState, by: Caller, opened: bool) -> Outcome[MdevState, None]:
        return attrs.evolve(state, opened=opened), None

    @handler(reads="opened", orders="acquire")
    def wait_closed(self, state: MdevState, by: Caller) -> Outcome[MdevState, None]:
        """mdev removal waits until user space has let go of the device."""
        return BLOCK if state.opened else (state, None)

    @handler(reads="kvm")
    def read_kvm(self, state: MdevState, by: Caller) -> Outcome[MdevState, str | None]:
        return state, state.kvm

    @handler(reads="kvm", writes="kvm")
    def set_kvm(self, state: MdevState, by: Caller, vm: str | None) -> Outcome[MdevState, None]:
        return (state if state.kvm == vm else attrs.evolve(state, kvm=vm)), None

    @handler(reads="kvm")
    def begin_detach(self, state: MdevState, by: Caller) -> Outcome[MdevState, str | None]:
        """The VM pointer, for a caller that will clean up if there is one. Nothing keeps a second caller out."""
        return state, state.kvm, self._detaching(state.kvm, 1)

    @handler(reads="kvm detaching", writes="detaching")
    def claim(self, state: MdevState, by: Caller) -> Outcome[MdevState, str | None]:
        """The VM pointer, for the one caller that will clean up; None: there is none, or it is claimed."""
        if state.kvm is None or state.detaching:
            return state, None
        return attrs.evolve(state, detaching=True), state.kvm, self._detaching(state.kvm, 1)

    @handler(reads="", writes="kvm detaching")
    def end_detach(self, state: MdevState, by: Caller) -> Outcome[MdevState, None]:
        """The cleanup is done: no VM any more."""
        after = attrs.evolve(state, kvm=None, detaching=False)
        return after, None, self._detaching(self.name, -1)

    @handler(reads="matrix")
    def read_matrix(self, state: MdevState, by: Caller) -> Outcome[MdevState, Matrix]:
        return state, state.matrix

    @handler(reads="matrix", writes="matrix")
    def set_bit(self, state: MdevState, by: Caller, dimension: Dimension, n: int) -> Outcome[MdevState, None]:
        if state.matrix.has(dimension, n):
            return state, None
        return attrs.evolve(state, matrix=state.matrix.with_bit(dimension, n)), None

    @handler(reads="matrix", writes="matrix")
    def clear_bit(self, state: MdevState, by: Caller, dimension: Dimension, n: int) -> Outcome[MdevState, None]:
        if not state.matrix.has(dimension, n):
            return state, None
        return attrs.evolve(state, matrix=state.matrix.without_bit(dimension, n)), None

    @handler(reads="qlist")
    def find(self, state: MdevState, by: Caller, apqn: Apqn) -> Outcome[MdevState, QueuePointer | None]:
        """Search the bucket for an APQN, as the PQAP handler does."""
        return state, next((found for found in state.qlist if found.apqn == apqn), None)

    @handler(reads="qlist")
    def queues(self, state: MdevState, by: Caller) -> Outcome[MdevState, tuple[QueuePointer, ...]]:
        return state, state.qlist

    @handler(reads="qlist", writes="qlist")
    def link(self, state: MdevState, by: Caller, queue: QueuePointer) -> Outcome[MdevState, None]:
        """Put a queue into the bucket."""
        return attrs.evolve(state, qlist=(*state.qlist, queue)), None

    @handler(reads="qlist", writes="qlist")
    def unlink(self, state: MdevState, by: Caller, apqn: Apqn) -> Outcome[MdevState, QueuePointer | None]:
        """Take a queue out of the bucket; None: it was not there."""
        found = next((q for q in state.qlist if q.apqn == apqn), None)
        if found is None:
            return state, None
        rest = tuple(q for q in state.qlist if q.apqn != apqn)
        return attrs.evolve(state, qlist=rest), found

    def _detaching(self, vm: str | None, count: int) -> tuple[Note, ...]:
        return (Owes(("detach", self.name), count),) if vm is not None else ()

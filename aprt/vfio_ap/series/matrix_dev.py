"""ap_matrix_dev: the one matrix device: the list of mdevs and the free list, the bucket of unassigned queues.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix_dev, as the v4 series extends it (cover letter).
"""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel.mutex import Mutex
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer

INSTANCES = 65536


@attrs.frozen
class MatrixDevState:
    # guarded by matrix_lock, in those procedures that take it (variants `remove_lock`, `handler_lock`):
    mdevs: tuple[str, ...] = ()
    free_list: tuple[QueuePointer, ...] = ()


@attrs.frozen(eq=False)
class MatrixDev(Actor[MatrixDevState]):
    """`lock` is the series' one mutex; which procedures take it is a matter of variants."""

    lock: Mutex

    def initial(self) -> MatrixDevState:
        return MatrixDevState()

    @handler(reads="mdevs")
    def list_mdevs(self, state: MatrixDevState, by: Caller) -> Outcome[MatrixDevState, tuple[str, ...]]:
        return state, state.mdevs

    @handler(reads="mdevs", writes="mdevs", guarded_by="lock")
    def add_mdev(self, state: MatrixDevState, by: Caller, mdev: str) -> Outcome[MatrixDevState, None]:
        return attrs.evolve(state, mdevs=(*state.mdevs, mdev)), None

    @handler(reads="mdevs", writes="mdevs", guarded_by="lock")
    def drop_mdev(self, state: MatrixDevState, by: Caller, mdev: str) -> Outcome[MatrixDevState, None]:
        return attrs.evolve(state, mdevs=tuple(m for m in state.mdevs if m != mdev)), None

    @handler(reads="free_list")
    def find(
        self, state: MatrixDevState, by: Caller, apqns: tuple[Apqn, ...]
    ) -> Outcome[MatrixDevState, tuple[QueuePointer, ...]]:
        """Those of `apqns` that are on the free list, in the order asked."""
        on_list = {found.apqn: found for found in state.free_list}
        return state, tuple(on_list[apqn] for apqn in apqns if apqn in on_list)

    @handler(reads="free_list", writes="free_list")
    def give(self, state: MatrixDevState, by: Caller, queue: QueuePointer) -> Outcome[MatrixDevState, None]:
        """Append a queue to the free list."""
        return attrs.evolve(state, free_list=(*state.free_list, queue)), None

    @handler(reads="free_list", writes="free_list")
    def take(self, state: MatrixDevState, by: Caller, apqn: Apqn) -> Outcome[MatrixDevState, QueuePointer | None]:
        """Take a queue from the free list; None: it was not there."""
        found = next((q for q in state.free_list if q.apqn == apqn), None)
        if found is None:
            return state, None
        rest = tuple(q for q in state.free_list if q.apqn != apqn)
        return attrs.evolve(state, free_list=rest), found

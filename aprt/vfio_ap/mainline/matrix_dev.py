"""ap_matrix_dev: the one matrix device: the list of mdevs, and the host's configuration as the driver knows it.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix_dev (6.12).
"""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Broken
from aprt.kernel.mutex import Mutex
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix

INSTANCES = 65536


@attrs.frozen
class MatrixDevState:
    # guarded by guests_lock; `info` may be read under mdevs_lock as well:
    mdevs: tuple[str, ...] = ()
    info: Matrix = Matrix()


@attrs.frozen(eq=False)
class MatrixDev(Actor[MatrixDevState]):
    """In kernels that have one lock for everything both locks are that one."""

    guests_lock: Mutex
    mdevs_lock: Mutex

    def initial(self) -> MatrixDevState:
        return MatrixDevState()

    @handler(reads="mdevs", guarded_by="guests_lock")
    def list_mdevs(self, state: MatrixDevState, by: Caller) -> Outcome[MatrixDevState, tuple[str, ...]]:
        return state, state.mdevs

    @handler(reads="mdevs")
    def has_room(self, state: MatrixDevState, by: Caller) -> Outcome[MatrixDevState, bool]:
        """Whether there may be another mdev; the mdev core counts them itself."""
        return state, len(state.mdevs) < INSTANCES

    @handler(reads="mdevs", writes="mdevs", guarded_by="guests_lock")
    def add_mdev(self, state: MatrixDevState, by: Caller, mdev: str) -> Outcome[MatrixDevState, None]:
        return attrs.evolve(state, mdevs=(*state.mdevs, mdev)), None

    @handler(reads="mdevs", writes="mdevs", guarded_by="guests_lock")
    def drop_mdev(self, state: MatrixDevState, by: Caller, mdev: str) -> Outcome[MatrixDevState, None]:
        return attrs.evolve(state, mdevs=tuple(m for m in state.mdevs if m != mdev)), None

    @handler(reads="")
    def waited_for_reset(
        self, state: MatrixDevState, by: Caller, apqn: Apqn, over: bool, warns: bool
    ) -> Outcome[MatrixDevState, None]:
        """Before 6.3 the driver goes on after a reset. over: it saw the end. warns: the kernel does. Finding P50."""
        if over or warns:
            return state, None
        return state, None, (Broken("P50", f"nobody is told that the reset of {apqn} was not seen to end"),)

    @handler(reads="info", guarded_by="guests_lock | mdevs_lock")
    def read_info(self, state: MatrixDevState, by: Caller) -> Outcome[MatrixDevState, Matrix]:
        return state, state.info

    @handler(reads="info", writes="info", guarded_by="guests_lock")
    def set_info(self, state: MatrixDevState, by: Caller, info: Matrix) -> Outcome[MatrixDevState, None]:
        return (state if state.info == info else attrs.evolve(state, info=info)), None

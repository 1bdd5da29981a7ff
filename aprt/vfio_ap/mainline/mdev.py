"""ap_matrix_mdev: the mediated device of one guest: what is assigned, what the guest sees of it, its VM, its queues.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix_mdev (6.12). The hook that KVM calls is embedded
here; the VM stores only its address, that is, this actor's name. Left out: the eventfds behind the triggers.
"""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel.attribute import Attribute
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.kernel.workqueue import Work
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.mainline.vfio_device import VfioDevice


@attrs.frozen
class MdevState:
    live: bool = False  # made by `create`
    # written under guests_lock and mdevs_lock, read under either:
    matrix: Matrix = Matrix()
    # written under guests_lock, kvm->lock and mdevs_lock; read under guests_lock, mdevs_lock or (closing) dev_set_lock:
    kvm: str | None = None
    # guarded by mdevs_lock:
    shadow: Matrix = Matrix()
    qtable: tuple[QueuePointer, ...] = ()  # in order of arrival
    added: Matrix = Matrix()  # apm_add, aqm_add, adm_add: what the host got and scan_complete will look at
    req_trigger: bool = False
    cfg_chg_trigger: bool = False
    detaching: bool = False  # no field of the kernel's: unset_kvm is between its first step and its last


@attrs.frozen(eq=False)
class Mdev(Object[MdevState]):
    """One mediated device; its name is its short UUID. In kernels that have one lock both locks are that one.

    device: what the vfio core has of it. sysfs: its attributes. works: the reset works, which read the VM pointer while
    whoever flushes them holds mdevs_lock.
    """

    guests_lock: Mutex
    mdevs_lock: Mutex
    device: VfioDevice
    sysfs: Attribute
    works: tuple[Work, ...] = ()

    @property
    def dev_set_locks(self) -> tuple[Mutex, ...]:
        """The lock under which unset_kvm reads the VM pointer; empty, where there is none, guards nothing."""
        return () if self.device.dev_set_lock is None else (self.device.dev_set_lock,)

    def parts(self) -> tuple[Actor[Any], ...]:
        """Its attributes and its device, with the locks of that."""
        return (self.sysfs, *self.device.actors())

    def initial(self) -> MdevState:
        return MdevState()

    def owns(self, state: MdevState) -> tuple[str, ...]:
        return () if state.kvm is None else (state.kvm,)

    @handler(reads="live", writes="*", on_freed=True)
    def create(self, state: MdevState, by: Caller) -> Outcome[MdevState, bool]:
        """False: it exists already."""
        return (state, False) if state.live else (MdevState(live=True), True)

    @handler(reads="")
    def read_handler(self, state: MdevState, by: Caller) -> Outcome[MdevState, None]:
        """KVM has followed the hook to this object, and reads from it which function to call."""
        return state, None

    # the VM

    @handler(reads="kvm", guarded_by="guests_lock | mdevs_lock | dev_set_locks | works")
    def read_kvm(self, state: MdevState, by: Caller) -> Outcome[MdevState, str | None]:
        return state, state.kvm

    @handler(reads="kvm", writes="kvm detaching", guarded_by="guests_lock mdevs_lock")
    def set_kvm(self, state: MdevState, by: Caller, vm: str | None) -> Outcome[MdevState, None]:
        """With None: the last step of unset_kvm."""
        return attrs.evolve(state, kvm=vm, detaching=False), None

    @handler(reads="", writes="detaching", guarded_by="guests_lock mdevs_lock")
    def begin_detach(self, state: MdevState, by: Caller) -> Outcome[MdevState, None]:
        """unset_kvm has all its locks and goes to work; for properties that look at a detach as a whole."""
        return attrs.evolve(state, detaching=True), None

    # the masks

    @handler(reads="matrix", guarded_by="guests_lock | mdevs_lock")
    def read_matrix(self, state: MdevState, by: Caller) -> Outcome[MdevState, Matrix]:
        return state, state.matrix

    @handler(reads="matrix", writes="matrix", guarded_by="guests_lock mdevs_lock")
    def set_matrix(self, state: MdevState, by: Caller, matrix: Matrix) -> Outcome[MdevState, None]:
        return (state if state.matrix == matrix else attrs.evolve(state, matrix=matrix)), None

    @handler(reads="shadow", guarded_by="mdevs_lock")
    def read_shadow(self, state: MdevState, by: Caller) -> Outcome[MdevState, Matrix]:
        return state, state.shadow

    @handler(reads="shadow", writes="shadow", guarded_by="mdevs_lock")
    def set_shadow(self, state: MdevState, by: Caller, shadow: Matrix) -> Outcome[MdevState, None]:
        return (state if state.shadow == shadow else attrs.evolve(state, shadow=shadow)), None

    @handler(reads="added", guarded_by="mdevs_lock")
    def read_added(self, state: MdevState, by: Caller) -> Outcome[MdevState, Matrix]:
        return state, state.added

    @handler(reads="added", writes="added", guarded_by="mdevs_lock")
    def set_added(self, state: MdevState, by: Caller, added: Matrix) -> Outcome[MdevState, None]:
        return (state if state.added == added else attrs.evolve(state, added=added)), None

    # the table of queues

    @handler(reads="qtable", guarded_by="mdevs_lock")
    def find(self, state: MdevState, by: Caller, apqn: Apqn) -> Outcome[MdevState, QueuePointer | None]:
        """The first entry of that APQN."""
        return state, next((found for found in state.qtable if found.apqn == apqn), None)

    @handler(reads="qtable", guarded_by="mdevs_lock")
    def queues(self, state: MdevState, by: Caller) -> Outcome[MdevState, tuple[QueuePointer, ...]]:
        """All entries. Never comes back when one is in the table twice: it is its own successor then."""
        return BLOCK if len(set(state.qtable)) < len(state.qtable) else (state, state.qtable)

    @handler(reads="qtable", writes="qtable", guarded_by="mdevs_lock")
    def hash_add(self, state: MdevState, by: Caller, queue: QueuePointer) -> Outcome[MdevState, None]:
        """Puts it into the table, whether it is there or not."""
        return attrs.evolve(state, qtable=(*state.qtable, queue)), None

    @handler(reads="qtable", writes="qtable", guarded_by="mdevs_lock")
    def hash_del(self, state: MdevState, by: Caller, queue: QueuePointer) -> Outcome[MdevState, None]:
        """Takes it out of the table, if it is there."""
        if queue not in state.qtable:
            return state, None
        return attrs.evolve(state, qtable=tuple(found for found in state.qtable if found != queue)), None

    # eventfds

    @handler(reads="req_trigger", guarded_by="mdevs_lock")
    def signal_req(self, state: MdevState, by: Caller) -> Outcome[MdevState, bool]:
        """User space is told that it should let go of the device, if it asked for that."""
        return state, state.req_trigger

    @handler(reads="cfg_chg_trigger", guarded_by="mdevs_lock")
    def signal_cfg_chg(self, state: MdevState, by: Caller) -> Outcome[MdevState, bool]:
        """User space is told that the guest's configuration changed, if it asked for that."""
        return state, state.cfg_chg_trigger

    @handler(reads="", writes="req_trigger cfg_chg_trigger", guarded_by="mdevs_lock")
    def set_irqs(self, state: MdevState, by: Caller, index: str, on: bool) -> Outcome[MdevState, None]:
        """VFIO_DEVICE_SET_IRQS of "req" or "cfg_chg"."""
        if index == "req":
            return attrs.evolve(state, req_trigger=on), None
        return attrs.evolve(state, cfg_chg_trigger=on), None

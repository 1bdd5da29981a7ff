"""The vfio core's side of one mdev: its device and its group, with their locks and the VM they know.

Mirrors: include/linux/vfio.h: struct vfio_device (refcount, open_count, kvm); drivers/vfio/vfio_main.c:
vfio_unregister_group_dev(); drivers/vfio/vfio.h: struct vfio_group (kvm, kvm_ref_lock, group_lock);
drivers/vfio/group.c: vfio_device_get_from_name() (6.12). Before 5.19 the group has a notifier instead: `kvm.group`.
Left out: containers, iommufd, several devices in a group.
"""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.kernel.mutex import Mutex
from aprt.kernel.spinlock import Spinlock


@attrs.frozen
class VfioDeviceState:
    registered: bool = True
    users: int = 0  # open files: from before the device is opened until after it is closed
    # guarded by dev_set_lock, before 5.15 by nothing:
    open_count: int = 0
    kvm: str | None = None  # what the core read from the group at the first open; since 6.3 (B12) with a reference
    # guarded by kvm_ref_lock, before 6.3 by group_lock:
    group_kvm: str | None = None  # what kvm-vfio recorded


@attrs.frozen(eq=False)
class VfioDevice(Actor[VfioDeviceState]):
    """dev_set_lock: since 5.15. group_lock: where the core reads the group's VM, since 6.0. kvm_ref_lock: since 6.3."""

    atomic = ("registered", "users")

    dev_set_lock: Mutex | None
    group_lock: Mutex | None
    kvm_ref_lock: Spinlock | None

    def initial(self) -> VfioDeviceState:
        return VfioDeviceState()

    def actors(self) -> tuple[Actor[Any], ...]:
        """The device and its locks."""
        locks = (self.dev_set_lock, self.group_lock, self.kvm_ref_lock)
        return (self, *(lock for lock in locks if lock is not None))

    def owns(self, state: VfioDeviceState) -> tuple[str, ...]:
        return tuple({vm for vm in (state.kvm, state.group_kvm) if vm is not None})

    @handler(reads="", writes="registered")
    def register(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, None]:
        """From now on it can be opened."""
        return attrs.evolve(state, registered=True), None

    @handler(reads="registered users", writes="users")
    def get_registration(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, bool]:
        """Somebody is about to open it. False: it is not there any more."""
        if not state.registered:
            return state, False
        return attrs.evolve(state, users=state.users + 1), True

    @handler(reads="users", writes="users", orders="release")
    def put_registration(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, None]:
        """A file is closed, and the driver done with it."""
        return attrs.evolve(state, users=state.users - 1), None

    @handler(reads="users", writes="registered")
    def unregister(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, bool]:
        """From now on nobody can open it. Replies whether it has users, who are to be asked to let go."""
        return attrs.evolve(state, registered=False), state.users > 0

    @handler(reads="users", orders="acquire")
    def wait_unused(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, None]:
        """Blocks until the last user has closed the device."""
        return BLOCK if state.users else (state, None)

    @property
    def group_kvm_lock(self) -> Mutex | Spinlock | None:
        """What guards the group's VM."""
        return self.kvm_ref_lock or self.group_lock

    @handler(reads="group_kvm", guarded_by="group_kvm_lock")
    def recorded_kvm(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, str | None]:
        return state, state.group_kvm

    @handler(reads="group_kvm", writes="group_kvm", guarded_by="group_kvm_lock")
    def record_kvm(self, state: VfioDeviceState, by: Caller, vm: str | None) -> Outcome[VfioDeviceState, None]:
        """kvm-vfio gets or loses the group."""
        return (state if state.group_kvm == vm else attrs.evolve(state, group_kvm=vm)), None

    @handler(reads="open_count", writes="open_count", guarded_by="dev_set_lock")
    def opened(self, state: VfioDeviceState, by: Caller, by_how_many: int) -> Outcome[VfioDeviceState, int]:
        """One open file more or less; replies how many there are now."""
        count = state.open_count + by_how_many
        return attrs.evolve(state, open_count=count), count

    @handler(reads="kvm", guarded_by="dev_set_lock")
    def read_kvm(self, state: VfioDeviceState, by: Caller) -> Outcome[VfioDeviceState, str | None]:
        return state, state.kvm

    @handler(reads="kvm", writes="kvm", guarded_by="dev_set_lock")
    def set_kvm(self, state: VfioDeviceState, by: Caller, vm: str | None) -> Outcome[VfioDeviceState, None]:
        return (state if state.kvm == vm else attrs.evolve(state, kvm=vm)), None

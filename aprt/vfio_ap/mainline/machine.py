"""The machine with what the driver keeps: the matrix device, its locks, mdevs, queue objects, and the vfio devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.kernel.attribute import Attribute
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.workqueue import Work
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.mainline.kvm_busy import KvmBusy
from aprt.vfio_ap.mainline.matrix_dev import MatrixDev
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.vfio_ap_queue import VfioApQueue
from aprt.vfio_ap.mainline.vfio_device import VfioDevice
from aprt.vfio_ap.memory import Memory


@attrs.frozen(eq=False, kw_only=True)
class Queue(host.Queue):
    """One APQN, with the driver's object for it, its reset work, and the attribute `status` of its device."""

    object: VfioApQueue
    reset_work: Work
    status: Attribute

    def actors(self) -> tuple[Actor[Any], ...]:
        return (self.hw, self.object, self.reset_work, self.status, self.device_lock)


@attrs.frozen(eq=False, kw_only=True)
class Guest(host.Guest):
    """One VM. hook_rwsem: pqap_hook_rwsem. has_notifier: its group has one, and is part of the machine then."""

    hook_rwsem: RwSem
    has_notifier: bool
    mdev: Mdev

    @property
    def device(self) -> VfioDevice:
        """The vfio device of its mdev."""
        return self.mdev.device

    def actors(self) -> tuple[Actor[Any], ...]:
        group = (self.group,) if self.has_notifier else ()
        return (*super().actors(), self.hook_rwsem, *group)


@attrs.frozen(eq=False, kw_only=True)
class Machine(host.Machine):
    """The host under the driver of a release.

    perms_mutex: ap_perms_mutex. guests_lock, mdevs_lock: before 6.0 both are the driver's one lock.
    kvm_busy: the flags of the mdevs, where they have some (B2, until B3).
    """

    matrix_dev: MatrixDev
    perms_mutex: Mutex
    guests_lock: Mutex
    mdevs_lock: Mutex
    kvm_busy: Mapping[str, KvmBusy]
    mdevs: tuple[Mdev, ...]
    queues: Mapping[Apqn, Queue]
    guests: tuple[Guest, ...]

    def container(self, mdev: Mdev) -> Memory:
        """The memory that the vfio device of an mdev pins pages of: that of the VM whose QEMU opens it."""
        return next(guest for guest in self.guests if guest.mdev == mdev).memory

    def driver_actors(self) -> tuple[Actor[Any], ...]:
        locks = (self.guests_lock, self.mdevs_lock) if self.on("dynamic_config") else (self.mdevs_lock,)
        parts = (actor for mdev in self.mdevs for actor in mdev.parts())
        flags = (actor for busy in self.kvm_busy.values() for actor in busy.actors())
        return (self.module, self.perms_mutex, self.matrix_dev, *locks, *flags, *parts)

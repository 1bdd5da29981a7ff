"""The machine: every component of one host, by name. Behaviours get it and reach data through its actors."""

from __future__ import annotations

from typing import Any

import attrs
from pyrsistent import PMap, pmap

from aprt.core.actor import Actor
from aprt.core.errors import ModelError
from aprt.core.scenario import Settings
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.vfio_ap.ap.ap_bus import ApBus
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix_dev import MatrixDev
from aprt.vfio_ap.ap.mdev import Mdev
from aprt.vfio_ap.ap.module import Module
from aprt.vfio_ap.ap.vfio_ap_queue import VfioApQueue
from aprt.vfio_ap.kvm.crycb import Crycb
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa_int import GisaParts
from aprt.vfio_ap.kvm.group import Group
from aprt.vfio_ap.kvm.kvm import Kvm
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.memory import Memory
from aprt.vfio_ap.process import Process


@attrs.frozen(eq=False)
class Queue:
    """One APQN: the hardware queue, the driver's object for it, and the device lock of the driver core."""

    apqn: Apqn
    hw: ApQueue
    object: VfioApQueue
    device_lock: Mutex

    def actors(self) -> tuple[Actor[Any], ...]:
        return (self.hw, self.object, self.device_lock)


@attrs.frozen(eq=False)
class Guest:
    """One VM with all that belongs to it, and the group of the mdev its QEMU opens."""

    vm: Kvm
    crycb: Crycb
    kvm_lock: Mutex
    hook_lock: RwSem  # taken only with the measure hook_lock
    gisa: GisaParts
    memory: Memory
    process: Process
    vcpus: tuple[Vcpu, ...]
    group: Group
    mdev: Mdev

    @property
    def name(self) -> str:
        return self.vm.name

    def actors(self) -> tuple[Actor[Any], ...]:
        own = (self.vm, self.crycb, self.kvm_lock, self.hook_lock, self.memory, self.process, self.group)
        return (*own, self.gisa.gisa, self.gisa.interrupt, self.gisa.ref_lock, *self.vcpus)


@attrs.frozen(eq=False)
class Machine:
    """The host. `settings` are the switches in force; behaviours ask `on` and `variant`."""

    settings: Settings
    bus: ApBus
    scan_mutex: Mutex
    matrix_dev: MatrixDev
    matrix_lock: Mutex
    module: Module
    gib: Gib
    queues: PMap[Apqn, Queue]
    mdevs: tuple[Mdev, ...]
    guests: tuple[Guest, ...]

    def on(self, flag: str) -> bool:
        """Whether a measure, mutant or option is in."""
        return self.settings.on(flag)

    def variant(self, name: str) -> str:
        """The value of a switch that has several."""
        return self.settings[name]

    def guest(self, vm: str) -> Guest:
        """The guest whose VM has that name."""
        for guest in self.guests:
            if guest.name == vm:
                return guest
        raise ModelError(f"the machine has no VM {vm!r}")

    def mdev(self, name: str) -> Mdev:
        """The mediated device of that name."""
        for mdev in self.mdevs:
            if mdev.name == name:
                return mdev
        raise ModelError(f"the machine has no mdev {name!r}")

    def gisas(self) -> PMap[str, GisaParts]:
        """The interrupt parts of all guests, by the name of the GISA."""
        return pmap({guest.gisa.gisa.name: guest.gisa for guest in self.guests})

    def actors(self) -> tuple[Actor[Any], ...]:
        """All of them, in the order that tables show them."""
        host = (self.bus, self.scan_mutex, self.matrix_dev, self.matrix_lock, self.module, self.gib)
        queues = tuple(actor for apqn in sorted(self.queues) for actor in self.queues[apqn].actors())
        guests = tuple(actor for guest in self.guests for actor in guest.actors())
        return (*host, *queues, *self.mdevs, *guests)

"""The machine: every component of one host, by name. Behaviours get it and reach data through its actors.

Whatever the driver, it has an object a queue, an mdev a guest and the matrix device. What these are, and what else it
keeps, is said by its own package, in classes that extend these.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

import attrs
from pyrsistent import PMap, pmap

from aprt.core.actor import Actor
from aprt.core.errors import ModelError
from aprt.core.scenario import Settings
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.vfio_ap.ap.ap_bus import ApBus
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.module import Module
from aprt.vfio_ap.host.ops import Ops
from aprt.vfio_ap.kvm.crycb import Crycb
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa_int import GisaParts
from aprt.vfio_ap.kvm.group import Group
from aprt.vfio_ap.kvm.kvm import Kvm
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.memory import Memory
from aprt.vfio_ap.process import Process


class Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)
N_co = TypeVar("N_co", bound=Named, covariant=True)


class HasGuests(Protocol[N_co]):
    """A machine whose guests are of a driver's own class."""

    @property
    def guests(self) -> tuple[N_co, ...]: ...


class HasMdevs(Protocol[N_co]):
    """A machine whose mdevs are of a driver's own class."""

    @property
    def mdevs(self) -> tuple[N_co, ...]: ...


@attrs.frozen(eq=False, kw_only=True)
class Queue:
    """One APQN: the hardware queue, the driver's object for it, and the device lock of the driver core."""

    apqn: Apqn
    hw: ApQueue
    object: Object[Any]
    device_lock: Mutex

    def actors(self) -> tuple[Actor[Any], ...]:
        return (self.hw, self.object, self.device_lock)


@attrs.frozen(eq=False, kw_only=True)
class Guest:
    """One VM with all that belongs to it, the process that runs it, and the mdev that this opens.

    group: of the mdev's device. vcpu_mutexes: one a vCPU, where modelled.
    kvm_vfio_lock: kvm-vfio's own, which guards its list of groups, where modelled.
    uv_aiv: the ultravisor of the machine knows adapter interruptions, so that a protected guest has a GISA, too.
    """

    vm: Kvm
    crycb: Crycb
    kvm_lock: Mutex
    gisa: GisaParts
    memory: Memory
    process: Process
    vcpus: tuple[Vcpu, ...]
    vcpu_mutexes: tuple[Mutex, ...]
    mdev: Object[Any]
    group: Group
    kvm_vfio_lock: Mutex | None = None
    uv_aiv: bool = True

    @property
    def name(self) -> str:
        return self.vm.name

    def vcpu_mutex(self, vcpu: Vcpu) -> Mutex | None:
        """vcpu->mutex, which every ioctl of the vCPU holds; None where that is not modelled."""
        return self.vcpu_mutexes[self.vcpus.index(vcpu)] if self.vcpu_mutexes else None

    def actors(self) -> tuple[Actor[Any], ...]:
        own = (self.vm, self.crycb, self.kvm_lock, self.memory, self.process)
        locks = (*self.vcpu_mutexes, *(() if self.kvm_vfio_lock is None else (self.kvm_vfio_lock,)))
        return (*own, self.gisa.gisa, self.gisa.interrupt, self.gisa.ref_lock, *self.vcpus, *locks)


@attrs.frozen(eq=False, kw_only=True)
class Machine(abc.ABC):
    """The host. `settings` are the switches in force; behaviours ask `on` and `variant`.

    ops, module: the driver. perms_mutex: ap_perms_mutex; None: the masks do not change under the driver of this era.
    """

    settings: Settings
    ops: Ops
    module: Module
    matrix_dev: Actor[Any]
    mdevs: tuple[Object[Any], ...]
    bus: ApBus
    scan_mutex: Mutex
    perms_mutex: Mutex | None = None
    gib: Gib
    queues: Mapping[Apqn, Queue]
    guests: tuple[Guest, ...]

    def on(self, flag: str) -> bool:
        """Whether a measure, fix, mutant or option is in."""
        return self.settings.on(flag)

    def variant(self, name: str) -> str:
        """The value of a switch that has several."""
        return self.settings[name]

    def gisas(self) -> PMap[str, GisaParts]:
        """The interrupt parts of all guests, by the name of the GISA."""
        return pmap({guest.gisa.gisa.name: guest.gisa for guest in self.guests})

    def guest(self: HasGuests[N], vm: str) -> N:
        """The guest whose VM has that name."""
        return named(self.guests, vm)

    def mdev(self: HasMdevs[N], name: str) -> N:
        """The mediated device of that name."""
        return named(self.mdevs, name)

    def actors(self) -> tuple[Actor[Any], ...]:
        """All of them, in the order that tables show them."""
        queues = tuple(actor for apqn in sorted(self.queues) for actor in self.queues[apqn].actors())
        guests = tuple(actor for guest in self.guests for actor in guest.actors())
        return (self.bus, self.scan_mutex, *self.driver_actors(), self.gib, *queues, *self.mdevs, *guests)

    @abc.abstractmethod
    def driver_actors(self) -> tuple[Actor[Any], ...]:
        """What the driver has once."""


def named(things: Iterable[N], name: str) -> N:
    """The one of that name. Raises: `ModelError` when there is none."""
    for thing in things:
        if thing.name == name:
            return thing
    raise ModelError(f"the machine has no {name!r}")

"""A topology: one host, its mediated devices, the guests that use them, and a script of what happens.

Values only, all frozen. `files.load_topology` makes them from a directory and has checked whatever can be
wrong between them; the rules are in docs/reference/topology.md. Bringing a topology to life is another file's job.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

import attrs
import msgspec
from msgspec import Meta

from aprt.core.errors import ModelError
from aprt.vfio_ap.ap.apqn import HIGHEST, Apqn
from aprt.vfio_ap.ap.matrix import Dimension, Matrix

Attribute: TypeAlias = Literal["assign_adapter", "assign_domain", "assign_control_domain"]

DIMENSIONS: Mapping[Attribute, Dimension] = MappingProxyType(
    {"assign_adapter": "apm", "assign_domain": "aqm", "assign_control_domain": "adm"}
)

CONFIG_MASKS: Mapping[Dimension, str] = MappingProxyType(
    {"apm": "ap_adapter_mask", "aqm": "ap_usage_domain_mask", "adm": "ap_control_domain_mask"}
)


@attrs.frozen
class Host:
    """The AP configuration of the host.

    config: what the machine gives the host. reserved: apmask x aqmask, the APQNs of the host's own drivers.
    max_adapter, max_domain: the highest numbers of the machine.
    """

    config: Matrix
    reserved: Matrix = Matrix()
    max_adapter: int = HIGHEST
    max_domain: int = HIGHEST

    def queues(self) -> tuple[Apqn, ...]:
        """Every queue that the host has, ascending: those of its own drivers as well."""
        return self.config.apqns()

    def highest(self, dimension: Dimension) -> int:
        """The highest adapter, or (usage or control) domain."""
        return self.max_adapter if dimension == "apm" else self.max_domain


@attrs.frozen
class Assignment:
    """One write to an attribute of an mdev: `number` to `attribute`."""

    attribute: Attribute
    number: int  # 0..255

    @property
    def dimension(self) -> Dimension:
        return DIMENSIONS[self.attribute]


@attrs.frozen
class MdevDefinition:
    """A mediated device as mdevctl keeps it. uuid: lower case. assignments: in the order they are written."""

    uuid: str
    start: Literal["auto", "manual"] = "manual"
    assignments: tuple[Assignment, ...] = ()

    @property
    def matrix(self) -> Matrix:
        """What the assignments add up to."""
        matrix = Matrix()
        for assignment in self.assignments:
            matrix = matrix.with_bit(assignment.dimension, assignment.number)
        return matrix


@attrs.frozen
class GuestDefinition:
    """A libvirt domain. mdev: the UUID, lower case, of the one vfio-ap device it has."""

    name: str
    mdev: str
    vcpus: int = 1


Vcpu: TypeAlias = Annotated[int, Meta(ge=0)] | None  # which vCPU of the guest does it, from 0; None: any


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag=str.lower):
    pass


class Boot(_Action, frozen=True):
    """QEMU of the guest starts: it opens the mdev and tells it its VM, then the vCPUs run."""

    guest: str


class Enable(_Action, frozen=True):
    """The guest switches the interrupt of a queue on: PQAP(AQIC)."""

    guest: str
    queue: Apqn
    isc: Annotated[int, Meta(ge=0, le=7)] = 6  # guest interruption subclass; Linux uses 6 for AP
    vcpu: Vcpu = None


class Disable(_Action, frozen=True):
    """The guest switches it off with PQAP(AQIC); Linux never does, other guests may."""

    guest: str
    queue: Apqn
    vcpu: Vcpu = None


class Request(_Action, frozen=True):
    """The guest sends `count` requests to a queue and fetches the replies."""

    guest: str
    queue: Apqn
    count: Annotated[int, Meta(ge=1, le=100)] = 1
    vcpu: Vcpu = None


class Reset(_Action, frozen=True):
    """The guest resets a queue; the host does not see it."""

    guest: str
    queue: Apqn
    vcpu: Vcpu = None


class Kill(_Action, frozen=True):
    """QEMU of the guest gets SIGKILL."""

    guest: str


class Unbind(_Action, frozen=True):
    """The administrator takes a queue away from its driver."""

    queue: Apqn


class Bind(_Action, frozen=True):
    """The administrator lets the bus find a driver for a queue again."""

    queue: Apqn


VcpuAction: TypeAlias = Enable | Disable | Request | Reset
GuestAction: TypeAlias = Boot | VcpuAction | Kill
QueueAction: TypeAlias = VcpuAction | Unbind | Bind
Action: TypeAlias = GuestAction | QueueAction


_KEYS = MappingProxyType({"steps": "step", "put_in": "with", "taken_out": "without"})


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=_KEYS):
    """What happens, and in which model.

    era, put_in, taken_out: as on a command line (`--era`, `--with`, `--without`), not looked at here.
    order: `sequence`: a step begins when the one before it has ended. `any`: only these keep their order: the steps
    of one guest that name no vCPU, those that name the same one, and those of the administrator (unbind, bind). All
    of a guest's steps come after its boot, a kill at any time after.
    """

    steps: Annotated[tuple[Action, ...], Meta(min_length=1, max_length=1000)]
    era: str = "v4"
    put_in: tuple[str, ...] = ("all-measures",)
    taken_out: tuple[str, ...] = ()
    order: Literal["sequence", "any"] = "sequence"


@attrs.frozen
class Topology:
    """Everything a directory says. mdevs are sorted by UUID, guests by name.

    A guest's mdev is defined and is no other guest's; no APQN is in two mdevs; every APQN of an mdev is one of
    the host's, and not reserved; the script names known guests, and queues they have.
    """

    host: Host
    mdevs: tuple[MdevDefinition, ...]
    guests: tuple[GuestDefinition, ...]
    script: Script

    def apqns(self) -> tuple[Apqn, ...]:
        """Every APQN that is assigned to an mdev, ascending."""
        return tuple(sorted(apqn for mdev in self.mdevs for apqn in mdev.matrix.apqns()))

    def guest(self, name: str) -> GuestDefinition:
        """The guest of that name. Raises: `ModelError`."""
        for guest in self.guests:
            if guest.name == name:
                return guest
        raise ModelError(f"the topology has no guest {name!r}")

    def mdev_of(self, guest: str) -> MdevDefinition:
        """The mdev that the guest of that name uses. Raises: `ModelError`."""
        uuid = self.guest(guest).mdev
        for mdev in self.mdevs:
            if mdev.uuid == uuid:
                return mdev
        raise ModelError(f"the topology has no mdev {uuid}")

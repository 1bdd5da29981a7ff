"""Virtual machines with their memory and their process, and vCPUs."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, TypeVar

import attrs

from aprt.core.actor import Actor
from aprt.core.system import System
from aprt.vfio_ap.kvm.crycb import Crycb
from aprt.vfio_ap.kvm.group import Group
from aprt.vfio_ap.kvm.kvm import Kvm
from aprt.vfio_ap.kvm.vcpu import Vcpu, VcpuState
from aprt.vfio_ap.memory import Memory
from aprt.vfio_ap.process import Process, ProcessState
from aprt.view.tables.kinds import Actors, Looked
from aprt.view.tables.mdevs import matrix
from aprt.view.tables.sheet import Cell, Column, Sheet, bad, busy, good, listed, mask, plain, quiet

A = TypeVar("A", bound=Actor[Any])

VMS: Final = (
    Column("VM"),
    Column("LIFE"),
    Column("USERS", right=True),
    Column("HOOK"),
    Column("APCB"),
    Column("GROUP", drop=4),
    Column("PINNED"),
    Column("PROCESS", drop=2),
    Column("FILES", drop=3),
    Column("NIB SET", drop=5),
)
VCPUS: Final = (
    Column("VCPU"),
    Column("CPU"),
    Column("CC", right=True),
    Column("RC", right=True),
    Column("OPEN", drop=1),
)


@attrs.frozen(eq=False)
class _Guest:
    """What belongs to one VM, by name (`vm0.memory` to `vm0`), as far as the system has it."""

    vm: Kvm
    crycb: Crycb | None
    group: Group | None
    memory: Memory | None
    process: Process | None

    @property
    def actors(self) -> tuple[Actor[Any], ...]:
        parts = (self.vm, self.crycb, self.group, self.memory, self.process)
        return tuple(part for part in parts if part is not None)


def vms(system: System) -> Actors | None:
    """One row per VM; None for a system without any."""
    found = tuple(_guest(system, actor) for actor in system.actors if isinstance(actor, Kvm))
    read = tuple(actor for guest in found for actor in guest.actors)
    return Actors("vms", read, partial(_vms, found)) if found else None


def vcpus(system: System) -> Actors | None:
    """One row per vCPU; None for a system without any."""
    found = tuple(actor for actor in system.actors if isinstance(actor, Vcpu))
    return Actors("vcpus", found, partial(_vcpus, found)) if found else None


def _guest(system: System, vm: Kvm) -> _Guest:
    def part(kind: type[A]) -> A | None:
        mine = (a for a in system.actors if isinstance(a, kind) and a.name.startswith(f"{vm.name}."))
        return next(mine, None)

    return _Guest(vm, part(Crycb), part(Group), part(Memory), part(Process))


def _vms(guests: tuple[_Guest, ...], view: Looked) -> Sheet:
    return Sheet("vms", VMS, tuple(_vm(guest, view) for guest in guests))


def _vm(guest: _Guest, view: Looked) -> tuple[Cell, ...]:
    vm = view(guest.vm)
    crycb = view(guest.crycb) if guest.crycb else None
    group = view(guest.group) if guest.group else None
    memory = view(guest.memory) if guest.memory else None
    process = view(guest.process) if guest.process else None
    return (
        plain(guest.vm.name),
        view.life(guest.vm),
        plain(vm.users),
        plain(vm.hook),
        plain(crycb and matrix(crycb.apcb)),
        plain(group and group.kvm),
        listed(f"{page:#x}:{count}" for page, count in sorted(memory.pins.items())) if memory else plain(None),
        _process(process, view.born(guest.vm)),
        listed(sorted(process.fds)) if process else plain(None),
        listed(f"{nib:#x}" for nib in sorted(memory.written)) if memory else plain(None),
    )


def _process(state: ProcessState | None, born: bool) -> Cell:
    """What state a process is in. One whose vCPUs have ended lives until it is killed or has closed its files."""
    if state is None or not born:
        return plain(None)
    if not state.fds and not state.threads:
        return bad("killed, gone") if state.killed else quiet("files closed")
    if state.killed:
        return busy("killed" if state.threads else "killed, closing")
    return good("runs") if state.threads else quiet("vcpus ended")


def _vcpus(found: tuple[Vcpu, ...], view: Looked) -> Sheet:
    return Sheet("vcpus", VCPUS, tuple(_vcpu(vcpu, view(vcpu)) for vcpu in found))


def _vcpu(vcpu: Vcpu, state: VcpuState) -> tuple[Cell, ...]:
    answer = bad("exception") if state.exception else plain(None if state.gr1 is None else f"{state.gr1:02x}")
    cpu = quiet("asleep") if state.asleep else good("awake")
    return plain(vcpu.name), cpu, plain(state.cc), answer, mask(state.open)

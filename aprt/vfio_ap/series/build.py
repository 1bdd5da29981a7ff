"""Builds machines under the driver of the series, and the states of a guest that is already attached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyrsistent import pmap

from aprt.core.scenario import Settings
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.vfio_ap.ap.ap_bus import ApBusState
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.module import Module, ModuleState
from aprt.vfio_ap.host.build import GuestPlan, guest_parts, make_bus, queue_parts
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa_switches import GisaRules
from aprt.vfio_ap.kvm.group import GroupState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.series.driver import OPS
from aprt.vfio_ap.series.machine import Guest, Machine, Queue
from aprt.vfio_ap.series.matrix_dev import MatrixDev, MatrixDevState
from aprt.vfio_ap.series.mdev import Mdev, MdevState
from aprt.vfio_ap.series.vfio_ap_queue import VfioApQueue, VfioApQueueState


def make_machine(
    settings: Settings, apqns: Iterable[Apqn], guests: Iterable[GuestPlan], spare_mdevs: Iterable[str] = ()
) -> Machine:
    """The actors of a host that has `apqns`, with a VM and an mdev for each plan, and further mdevs."""
    apqns, guests = sorted(apqns), tuple(guests)
    matrix_lock = Mutex("matrix_lock")
    mdevs = {name: Mdev(name) for name in (*(plan.mdev for plan in guests), *spare_mdevs)}
    return Machine(
        settings=settings,
        ops=settings.patched(OPS),
        bus=make_bus(tuple(apqns)),
        scan_mutex=Mutex("ap_scan_bus_mutex"),
        matrix_dev=MatrixDev("matrix_dev", matrix_lock),
        matrix_lock=matrix_lock,
        module=Module("vfio_ap.ko"),
        gib=Gib("gib", GisaRules.of(settings)),
        queues=pmap({apqn: _queue(settings, apqn) for apqn in apqns}),
        mdevs=tuple(mdevs.values()),
        guests=tuple(_guest(settings, plan, mdevs[plan.mdev]) for plan in guests),
    )


def _queue(settings: Settings, apqn: Apqn) -> Queue:
    return Queue(**queue_parts(settings, apqn), object=VfioApQueue(f"q {apqn}", apqn))


def _guest(settings: Settings, plan: GuestPlan, mdev: Mdev) -> Guest:
    hook_lock = RwSem(f"{plan.vm}.hook_lock", lock_class="hook_lock")
    return Guest(**guest_parts(settings, plan), hook_lock=hook_lock, mdev=mdev)


def states(machine: Machine, guests: Iterable[GuestPlan], unbound: Iterable[Apqn] = ()) -> dict[str, Any]:
    """Initial states: all queues bound to vfio_ap except `unbound`, mdevs made and assigned, guests attached."""
    plans, unbound = tuple(guests), frozenset(unbound)
    bound = [apqn for apqn in sorted(machine.queues) if apqn not in unbound]
    owner = {apqn: plan for plan in plans for apqn in plan.matrix.apqns() if apqn in bound}
    found = {apqn: QueuePointer(apqn, 1) for apqn in bound}
    result: dict[str, Any] = {
        machine.bus.name: ApBusState(
            machine.bus.config,
            machine.bus.config,
            machine.bus.reserved,
            pmap({apqn: "vfio_ap" if apqn in found else "none" for apqn in sorted(machine.queues)}),
            pmap(dict.fromkeys(bound, 1)),
        ),
        machine.matrix_dev.name: MatrixDevState(
            tuple(plan.mdev for plan in plans), tuple(found[apqn] for apqn in bound if apqn not in owner)
        ),
        machine.module.name: ModuleState(refs=sum(plan.attached for plan in plans)),
    }
    for apqn in bound:
        plan = owner.get(apqn)
        result[machine.queues[apqn].object.name] = VfioApQueueState(True, 1, None, plan.mdev if plan else None)
    for plan in plans:
        mine = tuple(found[apqn] for apqn in bound if owner.get(apqn) is plan)
        result |= _guest_states(machine, machine.guest(plan.vm), plan, mine)
    return result


def _guest_states(
    machine: Machine, guest: Guest, plan: GuestPlan, qlist: tuple[QueuePointer, ...]
) -> Mapping[str, Any]:
    vm = plan.vm if plan.attached else None
    mdev = MdevState(True, plan.matrix, vm, opened=plan.attached, qlist=qlist)
    if not plan.attached:
        return {plan.mdev: mdev, guest.vm.name: KvmState(0, live=False)}
    users = guest.vm.users + (1 if machine.on("vm_ref") else 0)
    return {
        plan.mdev: mdev,
        guest.vm.name: KvmState(users, hook=plan.mdev),
        guest.crycb.name: CrycbState(apcb=plan.matrix),
        guest.group.name: GroupState(kvm=vm, notifier=plan.mdev),
    }

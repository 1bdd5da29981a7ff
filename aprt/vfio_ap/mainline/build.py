"""Builds machines under the driver of a release, and the states of a guest that is already attached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pyrsistent import pmap

from aprt.core.scenario import Settings
from aprt.core.system import Context
from aprt.kernel.attribute import Attribute, AttributeState
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.workqueue import Work, worker
from aprt.vfio_ap.ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.module import Module
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.host.build import GuestPlan, guest_parts, make_bus, queue_parts
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa_switches import GisaRules
from aprt.vfio_ap.kvm.group import GroupState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.mainline.driver import ops
from aprt.vfio_ap.mainline.kvm_busy import KvmBusy
from aprt.vfio_ap.mainline.machine import Guest, Machine, Queue
from aprt.vfio_ap.mainline.matrix_dev import MatrixDev, MatrixDevState
from aprt.vfio_ap.mainline.mdev import Mdev, MdevState
from aprt.vfio_ap.mainline.reset import apq_reset_check
from aprt.vfio_ap.mainline.vfio_ap_queue import VfioApQueue, VfioApQueueState
from aprt.vfio_ap.mainline.vfio_core import keeps_vm
from aprt.vfio_ap.mainline.vfio_device import VfioDevice, VfioDeviceState


def make_machine(
    settings: Settings, apqns: Iterable[Apqn], guests: Iterable[GuestPlan], spare_mdevs: Iterable[str] = ()
) -> Machine:
    """The actors of a host that has `apqns`, with a VM and an mdev for each plan, and further mdevs."""
    numbers, plans = sorted(apqns), tuple(guests)
    guests_lock, mdevs_lock = _locks(settings)
    perms_mutex = Mutex("ap_perms_mutex")
    queues = {apqn: _queue(settings, apqn, mdevs_lock) for apqn in numbers}
    works = tuple(queue.reset_work for queue in queues.values())
    names = (*(plan.mdev for plan in plans), *spare_mdevs)
    mdevs = {name: _mdev(settings, name, guests_lock, mdevs_lock, works) for name in names}
    return Machine(
        settings=settings,
        ops=settings.patched(ops(settings.on("dynamic_config"))),
        module=Module("vfio_ap.ko"),
        bus=make_bus(tuple(numbers), perms_mutex, not settings.on("B51")),
        scan_mutex=Mutex("ap_scan_bus_mutex"),
        gib=Gib("gib", GisaRules.of(settings)),
        perms_mutex=perms_mutex,
        matrix_dev=MatrixDev("matrix_dev", guests_lock, mdevs_lock),
        guests_lock=guests_lock,
        mdevs_lock=mdevs_lock,
        kvm_busy=pmap({name: KvmBusy.of(name, mdevs_lock) for name in mdevs} if _keeps_flags(settings) else {}),
        queues=pmap(queues),
        mdevs=tuple(mdevs.values()),
        guests=tuple(_guest(settings, plan, mdevs[plan.mdev]) for plan in plans),
    )


def _locks(settings: Settings) -> tuple[Mutex, Mutex]:
    """guests_lock and mdevs_lock, or the one lock that guards everything before 6.0."""
    if settings.on("dynamic_config"):
        return Mutex("guests_lock"), Mutex("mdevs_lock")
    lock = Mutex("matrix_lock")
    return lock, lock


def _keeps_flags(settings: Settings) -> bool:
    """Whether the driver drops its lock to write masks: what B2 brought and B3 took away again."""
    notified = settings.on("aqic") and not settings.on("dynamic_config")
    return notified and settings.on("B2") and not settings.on("B3")


def _queue(settings: Settings, apqn: Apqn, mdevs_lock: Mutex) -> Queue:
    work = Work(f"reset_work {apqn}", lock_class="reset_work")
    return Queue(
        **queue_parts(settings, apqn, settings["facility_65"] == "yes"),
        object=VfioApQueue(f"q {apqn}", apqn, mdevs_lock, work),
        reset_work=work,
        status=Attribute(f"status {apqn}", lock_class="status"),
    )


def _mdev(settings: Settings, name: str, guests_lock: Mutex, mdevs_lock: Mutex, works: tuple[Work, ...]) -> Mdev:
    attributes = Attribute(f"{name}.sysfs", lock_class="mdev_sysfs")
    return Mdev(name, guests_lock, mdevs_lock, _device(settings, name), attributes, works)


def _device(settings: Settings, mdev: str) -> VfioDevice:
    """The vfio device of an mdev, with the locks that the vfio core of the era has for it."""
    dev_set = Mutex(f"{mdev}.dev_set_lock", lock_class="dev_set_lock")
    group = Mutex(f"{mdev}.group_lock", lock_class="group_lock")
    kvm_ref = Spinlock(f"{mdev}.kvm_ref_lock", lock_class="kvm_ref_lock")
    reads_group = settings.on("dynamic_config")
    return VfioDevice(
        f"{mdev}.vfio",
        dev_set_lock=dev_set if settings.on("dev_set") else None,
        group_lock=group if reads_group else None,
        kvm_ref_lock=kvm_ref if reads_group and settings.on("B12") else None,
    )


def _guest(settings: Settings, plan: GuestPlan, mdev: Mdev) -> Guest:
    return Guest(
        **guest_parts(settings, plan),
        hook_rwsem=RwSem(f"{plan.vm}.pqap_hook_rwsem", lock_class="pqap_hook_rwsem"),
        has_notifier=not settings.on("dynamic_config"),
        mdev=mdev,
    )


def states(
    machine: Machine, guests: Iterable[GuestPlan], unbound: Iterable[Apqn] = (), config: Matrix | None = None
) -> dict[str, Any]:
    """Initial states: all queues bound to vfio_ap except `unbound`, mdevs made and assigned, guests attached.

    config: what of its adapters and domains the host has, and its control domains; None: all, and none.
    """
    plans, config = tuple(guests), config or machine.bus.config
    there = [apqn for apqn in sorted(machine.queues) if apqn in config]
    unbound = frozenset(unbound)
    bound = [apqn for apqn in there if apqn not in unbound]
    owner = {apqn: plan for plan in plans for apqn in plan.matrix.apqns() if apqn in bound}
    result: dict[str, Any] = {
        machine.bus.name: _bus_state(machine, config, there, bound),
        machine.matrix_dev.name: MatrixDevState(tuple(plan.mdev for plan in plans), config),
        **_queue_states(machine, there, bound, owner),
    }
    made = {plan.mdev for plan in plans}
    for mdev in machine.mdevs:
        if mdev.name not in made:
            result |= {mdev.sysfs.name: AttributeState(False), mdev.device.name: VfioDeviceState(registered=False)}
    for plan in plans:
        mine = tuple(QueuePointer(apqn, 1) for apqn in bound if owner.get(apqn) is plan)
        result |= _guest_states(machine, machine.guest(plan.vm), plan, mine, plan.matrix.intersection(config))
    return result


def _bus_state(machine: Machine, config: Matrix, there: list[Apqn], bound: list[Apqn]) -> ApBusState:
    drivers: dict[Apqn, Driver] = {apqn: "vfio_ap" if apqn in bound else "none" for apqn in there}
    data = dict.fromkeys(bound, 1) if machine.on("aqic") else {}
    return ApBusState(config, config, machine.bus.reserved, pmap(drivers), pmap(data))


def _queue_states(
    machine: Machine, there: list[Apqn], bound: list[Apqn], owner: Mapping[Apqn, GuestPlan]
) -> dict[str, Any]:
    """there: queues that the host has. bound: to the driver. owner: of those that an mdev has, its plan."""
    result: dict[str, Any] = {}
    for apqn in bound if machine.on("aqic") else ():
        plan = owner.get(apqn) if machine.on("dynamic_config") else None
        result[machine.queues[apqn].object.name] = VfioApQueueState(True, 1, plan.mdev if plan else None)
    for apqn in sorted(machine.queues):
        if apqn not in bound:
            result[machine.queues[apqn].status.name] = AttributeState(there=False)
        if apqn not in there:
            result[machine.queues[apqn].hw.name] = ApQueueState(cfg="absent")
    return result


def _guest_states(
    machine: Machine, guest: Guest, plan: GuestPlan, table: tuple[QueuePointer, ...], within: Matrix
) -> Mapping[str, Any]:
    """within: what of the matrix the host has."""
    dynamic = machine.on("dynamic_config")
    shadow = _filtered(within, table) if dynamic else Matrix()
    vm = plan.vm if plan.attached else None
    mdev = MdevState(True, plan.matrix, vm, shadow, table if dynamic else ())
    if not plan.attached:
        return {plan.mdev: mdev, guest.vm.name: KvmState(0, live=False)}
    hook = plan.mdev if machine.on("aqic") else None
    result = {
        plan.mdev: mdev,
        guest.vm.name: KvmState(guest.vm.users + _references(machine), hook=hook),
        guest.crycb.name: CrycbState(apcb=shadow if dynamic else plan.matrix),
    }
    if dynamic:
        return {**result, guest.device.name: VfioDeviceState(True, 1, 1, vm, vm)}
    return {**result, guest.device.name: VfioDeviceState(True, 1, 1), guest.group.name: GroupState(vm, plan.mdev)}


def _filtered(within: Matrix, table: tuple[QueuePointer, ...]) -> Matrix:
    """Without the adapters that have a queue which is not in the table."""
    known = {found.apqn for found in table}
    for apqn in within.apqns():
        within = within if apqn in known else within.without_bit("apm", apqn.apid)
    return within


def _references(machine: Machine) -> int:
    """How many references of the VM the driver and the vfio core have while the device is open."""
    by_driver = machine.on("aqic") and machine.on("B1")
    return by_driver + (machine.on("dynamic_config") and keeps_vm(machine))


def reset_workers(machine: Machine) -> list[Context]:
    """The daemons that run the reset work of every queue."""
    return [
        Context(f"kworker {apqn}", partial(worker, queue.reset_work, apq_reset_check, machine, queue), daemon=True)
        for apqn, queue in sorted(machine.queues.items())
    ]

"""Builds machines: the actors of a host with its guests, and the states of a guest that is already attached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import attrs
from pyrsistent import pmap

from aprt.core.scenario import Settings
from aprt.core.system import Context
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.ap.ap_bus import ApBus, ApBusState
from aprt.vfio_ap.ap.ap_queue import ApQueue, interrupt_control, reset_end
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.matrix_dev import MatrixDev, MatrixDevState
from aprt.vfio_ap.ap.mdev import Found, Mdev, MdevState
from aprt.vfio_ap.ap.module import Module, ModuleState
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.ap.vfio_ap_queue import VfioApQueue, VfioApQueueState
from aprt.vfio_ap.kvm.crycb import Crycb, CrycbState
from aprt.vfio_ap.kvm.gib import Gib, gal_interrupt
from aprt.vfio_ap.kvm.gisa import Gisa
from aprt.vfio_ap.kvm.gisa_int import GisaInt, GisaParts
from aprt.vfio_ap.kvm.gisa_switches import GisaRules
from aprt.vfio_ap.kvm.group import Group, GroupState
from aprt.vfio_ap.kvm.kick import gisa_timer
from aprt.vfio_ap.kvm.kvm import Kvm, KvmState
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.machine import Guest, Machine, Queue
from aprt.vfio_ap.memory import Memory
from aprt.vfio_ap.notification import replies
from aprt.vfio_ap.process import Process
from aprt.vfio_ap.userspace import DEVICE, KVM_VFIO, VM, vcpu_file

NIB_PAGES = (3, 4)  # guest pages that programs put their notification bytes in


@attrs.frozen
class GuestPlan:
    """A guest to build. vm, mdev: their names. matrix: what its mdev has. vcpus: how many.

    attached: the process has everything open and the mdev has its VM from the start.
    """

    vm: str
    mdev: str
    matrix: Matrix
    vcpus: int = 1
    attached: bool = True
    pages: tuple[int, ...] = NIB_PAGES


def make_machine(
    settings: Settings, apqns: Iterable[Apqn], guests: Iterable[GuestPlan], spare_mdevs: Iterable[str] = ()
) -> Machine:
    """The actors of a host that has `apqns`, with a VM and an mdev for each plan, and further mdevs."""
    apqns, guests = sorted(apqns), tuple(guests)
    matrix_lock, rules = Mutex("matrix_lock"), GisaRules.of(settings)
    mdevs = {name: Mdev(name) for name in (*(plan.mdev for plan in guests), *spare_mdevs)}
    return Machine(
        settings=settings,
        bus=ApBus("ap_bus", Matrix.of((a.apid for a in apqns), (a.apqi for a in apqns))),
        scan_mutex=Mutex("ap_scan_bus_mutex"),
        matrix_dev=MatrixDev("matrix_dev", matrix_lock),
        matrix_lock=matrix_lock,
        module=Module("vfio_ap.ko"),
        gib=Gib("gib", rules),
        queues=pmap({apqn: _queue(settings, apqn) for apqn in apqns}),
        mdevs=tuple(mdevs.values()),
        guests=tuple(_guest(plan, mdevs[plan.mdev], rules) for plan in guests),
    )


def _queue(settings: Settings, apqn: Apqn) -> Queue:
    hw = ApQueue(
        f"hw {apqn}",
        apqn,
        off_is_silent=settings["off_is_silent"] == "yes",
        irq_off_at=settings["irq_off_at"],
        aqic_while_pending=settings["aqic_while_pending"],
        reset_end=settings["reset_end"],
    )
    return Queue(apqn, hw, VfioApQueue(f"q {apqn}", apqn), Mutex(f"device_lock {apqn}"))


def _guest(plan: GuestPlan, mdev: Mdev, rules: GisaRules) -> Guest:
    vm = plan.vm
    ref_lock, kvm_lock = Spinlock(f"{vm}.ref_lock"), Mutex(f"{vm}.kvm_lock")
    gisa = Gisa(f"{vm}.gisa", rules)
    vcpus = tuple(Vcpu(f"{vm}.vcpu{i}") for i in range(plan.vcpus))
    files = (VM, *(vcpu_file(vcpu) for vcpu in vcpus), KVM_VFIO, DEVICE) if plan.attached else ()
    threads = tuple(vcpu.name for vcpu in vcpus)
    return Guest(
        vm=Kvm(vm, users=2 + plan.vcpus),
        crycb=Crycb(f"{vm}.crycb", kvm_lock),
        kvm_lock=kvm_lock,
        hook_lock=RwSem(f"{vm}.hook_lock"),
        gisa=GisaParts(gisa, GisaInt(f"{vm}.gisa_int", vm=vm, ref_lock=ref_lock, rules=rules), ref_lock),
        memory=Memory(f"{vm}.memory", vm, plan.pages),
        process=Process(f"{vm}.process", files, threads),
        vcpus=vcpus,
        group=Group(f"{vm}.group"),
        mdev=mdev,
    )


def states(machine: Machine, guests: Iterable[GuestPlan], unbound: Iterable[Apqn] = ()) -> dict[str, Any]:
    """Initial states: all queues bound to vfio_ap except `unbound`, mdevs made and assigned, guests attached."""
    plans, unbound = tuple(guests), frozenset(unbound)
    bound = [apqn for apqn in sorted(machine.queues) if apqn not in unbound]
    owner = {apqn: plan for plan in plans for apqn in plan.matrix.apqns() if apqn in bound}
    found = {apqn: Found(apqn, 1) for apqn in bound}
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


def _guest_states(machine: Machine, guest: Guest, plan: GuestPlan, qlist: tuple[Found, ...]) -> Mapping[str, Any]:
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


def hardware(machine: Machine) -> list[Context]:
    """The daemons of the machine: late effects of every queue and, with `delivery`, replies and alerts."""
    contexts = []
    for apqn, queue in sorted(machine.queues.items()):
        contexts.append(Context(f"irq {apqn}", partial(interrupt_control, queue.hw), daemon=True))
        contexts.append(Context(f"reset {apqn}", partial(reset_end, queue.hw), daemon=True))
        if machine.on("delivery"):
            contexts.append(Context(f"reply {apqn}", partial(replies, machine, queue), daemon=True))
        for switch, rc in (("busy_may_answer", Rc.BUSY), ("unexpected_rc", Rc.Q_NOT_BOUND)):
            if machine.variant(switch) == "yes":
                contexts.append(Context(f"{switch} {apqn}", partial(disturb, queue, rc)))
    if machine.on("delivery"):
        contexts += alerts(machine)
    return contexts


async def disturb(queue: Queue, rc: Rc) -> None:
    """The machine has a reason of its own, once: the next instruction for the queue answers `rc`."""
    await queue.hw.disturb(rc)


def alerts(machine: Machine) -> list[Context]:
    """The alert interrupt handler of the host, and the GISA timer of every VM."""
    gal = Context("gal", partial(gal_interrupt, machine.gib, machine.gisas()), daemon=True)
    timers = [
        Context(f"{guest.name}.timer", partial(gisa_timer, guest.gisa, guest.vcpus), daemon=True)
        for guest in machine.guests
    ]
    return [gal, *timers]

"""H1-H16: sixteen ways in which the guarantee of the series fails, a scenario each.

A way says which property it breaks, which steps its schedule must contain, in order, and what makes it hold. The
table in `docs/reference/ways.md` is written from these values, and the tests check all three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import partial

import attrs
from pyrsistent import pmap

from aprt.core.effects import choose
from aprt.core.events import Event
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.build import GuestPlan
from aprt.vfio_ap.bus_scan import bind, unbind
from aprt.vfio_ap.group_notifier import notify
from aprt.vfio_ap.iommu_notifier import dma_unmap
from aprt.vfio_ap.kvm import KvmState
from aprt.vfio_ap.machine import Guest, Machine
from aprt.vfio_ap.matrix import Matrix
from aprt.vfio_ap.mdev import MdevState
from aprt.vfio_ap.mdev_sysfs import unassign
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.programs import program
from aprt.vfio_ap.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_all,
    close_fd,
    close_these,
    exit_process,
    group_del,
    kill,
    open_everything,
    vcpu_file,
    vcpu_thread,
)
from aprt.vfio_ap.v4_scenarios import QUEUES, Situation, attached


@attrs.frozen(eq=False)
class Way:
    """One row: h<number>.

    preset: switches the scenario sets, so that no other way is taken before this one. contains: globs over
    `actor.message(args) = reply`, found in this order in the schedule; absent: globs that nothing matches.
    cure: switches with which the property holds, complete.
    """

    number: int
    title: str
    story: str
    breaks: str  # the property's number
    build: Callable[[Settings], Model]
    contains: tuple[str, ...]
    cure: tuple[str, ...]
    preset: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def scenario(self) -> Scenario:
        return Scenario(f"h{self.number}", self.title, self.story, (self.breaks,), self.build, self.preset)


def event_text(event: Event) -> str:
    """An event as the globs of a way see it: `actor.message(args) = reply`."""
    args = ", ".join(str(arg) for arg in event.args)
    return f"{event.label.op}({args}) = {event.reply}"


def shows(way: Way, events: Iterable[Event]) -> str | None:
    """Why the events are not this way; None when they are."""
    texts = [event_text(event) for event in events]
    at = 0
    for glob in way.contains:
        while at < len(texts) and not fnmatchcase(texts[at], glob):
            at += 1
        if at == len(texts):
            return f"no step {glob} (after those before it)"
        at += 1
    stray = [(glob, text) for glob in way.absent for text in texts if fnmatchcase(text, glob)]
    return f"step {stray[0][1]} must not be there" if stray else None


def _killed(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("kill", partial(kill, s.guest)),
        Context("exit", partial(exit_process, s.machine, s.guest)),
        scope="the process is killed at any step; its files are closed in any order",
    )


def _killed_with_copy(settings: Settings) -> Model:
    s = attached(settings)
    process = s.guest.process.initial()
    s.states[s.guest.process.name] = ProcessState(
        process.fds.set("passed-on", DEVICE), process.refs.set(DEVICE, 2), process.threads
    )
    return s.model(
        Context("kill", partial(kill, s.guest)),
        Context("exit", partial(exit_process, s.machine, s.guest)),
        Context("other", partial(close_fd, s.machine, s.guest, "passed-on")),
        scope="the process is killed; another one has a copy of the device's descriptor and closes it at any step",
    )


def _device_kept(settings: Settings) -> Model:
    s = attached(settings)
    closed = (VM, *(vcpu_file(vcpu) for vcpu in s.guest.vcpus), KVM_VFIO)
    return s.model(
        Context("user", partial(close_these, s.machine, s.guest, closed)),
        scope="user space closes VM, vCPUs and kvm-vfio while the guest runs, and keeps the device open",
    )


def _device_duplicated(settings: Settings) -> Model:
    s = attached(settings)
    process = s.guest.process.initial()
    s.states[s.guest.process.name] = ProcessState(
        process.fds.set("passed-on", DEVICE), process.refs.set(DEVICE, 2), process.threads
    )
    closed = (DEVICE, VM, *(vcpu_file(vcpu) for vcpu in s.guest.vcpus), KVM_VFIO)
    return s.model(
        Context("user", partial(close_these, s.machine, s.guest, closed)),
        scope="every file is closed, but a duplicate of the device's descriptor lives on elsewhere",
    )


def _group_deleted(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("user", partial(_group_del_then_close, s.machine, s.guest)),
        scope="the group is taken from kvm-vfio, then the device is closed, then everything else",
    )


async def _group_del_then_close(machine: Machine, guest: Guest) -> None:
    await group_del(machine, guest)
    await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def _device_closed(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("user", partial(_close_device_first, s.machine, s.guest)),
        scope="the device is closed first, then everything else, while the vCPU runs",
    )


async def _close_device_first(machine: Machine, guest: Guest) -> None:
    await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def _unbound(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("unbind", partial(unbind, s.machine, s.apqn)),
        scope="the administrator unbinds the queue; nothing is closed",
    )


def _exit_after_program(settings: Settings) -> Model:
    s = attached(settings, running=False)
    return s.model(
        Context("vm0.vcpu0", partial(_run_then_close, s.machine, s.guest, True)),
        scope="one thread runs the guest and then closes the device first",
    )


async def _run_then_close(machine: Machine, guest: Guest, device_first: bool) -> None:
    code = program(machine.variant("guest"), min(machine.queues))
    await vcpu_thread(machine, guest, guest.vcpus[0], code)
    if device_first:
        await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def _unassign_against_open(settings: Settings) -> Model:
    s = _detached(settings)
    return s.model(
        Context("admin", partial(unassign, s.machine, s.guest.mdev, "apm", "5")),
        Context("qemu", partial(open_everything, s.machine, s.guest)),
        scope="the administrator unassigns the adapter while QEMU opens the device",
    )


def _detached(settings: Settings) -> Situation:
    plan = GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), attached=False)
    return Situation(settings, (plan,), QUEUES[:1], running=False)


def _probed_late(settings: Settings) -> Model:
    s = _detached(settings)
    machine, mdev = s.machine, s.guest.mdev
    bus: ApBusState = s.states[machine.bus.name]
    none: Driver = "none"
    s.states[machine.bus.name] = attrs.evolve(bus, drivers=pmap({s.apqn: none}), drvdata=pmap())
    s.states[mdev.name] = MdevState(True, Matrix.of([5], [4]))
    del s.states[machine.queues[s.apqn].object.name]
    return s.model(
        Context("qemu", partial(open_everything, s.machine, s.guest)),
        Context("admin", partial(bind, s.machine, s.apqn, "vfio_ap")),
        scope="the mdev has the APQN in its matrix, the device is bound to the driver only later",
    )


def _disabled_then_closed(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("user", partial(close_all, s.machine, s.guest)),
        scope="the guest enables and disables its interrupt while everything is closed",
    )


def _unmapped(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("user", partial(_unmap_some, s.machine, s.guest)),
        scope="user space unmaps the NIB's page: alone, or as the second page of a range",
    )


async def _unmap_some(machine: Machine, guest: Guest) -> None:
    if await choose("range", "page", "from-before") == "page":
        await dma_unmap(machine, guest, 3, 1)
    else:
        await dma_unmap(machine, guest, 2, 2)


def _module_unloaded(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("rmmod", partial(_rmmod, s.machine)),
        scope="the device is closed and the module unloaded while the guest enables its interrupt",
    )


async def _rmmod(machine: Machine) -> None:
    await machine.module.unload()


def _second_mdev(settings: Settings) -> Model:
    matrix = Matrix.of([5], [4])
    plans = (GuestPlan("vm0", "mdev0", matrix), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    s = Situation(settings, plans, QUEUES[:1], running=False)
    s.states["vm1"] = KvmState(users=0, live=False)  # only its group is there: the second mdev gets the first VM
    return s.model(
        Context("user", partial(_open_second, s.machine, s.guest)),
        scope="user space opens a second mdev for a VM that has one already",
    )


async def _open_second(machine: Machine, guest: Guest) -> None:
    group, mdev = machine.guest("vm1").group, machine.mdev("mdev1")
    await group.record(guest.name)
    await group.register(mdev.name)
    await notify(machine, mdev, guest)
    await group.called()


WAYS = (
    Way(
        1,
        "QEMU is killed: the GISA goes before the device is closed",
        "The VM's files happen to be closed first; gisa_destroy and the page are gone.\n"
        "A request is answered before the device is closed: hardware sets IPM and\n"
        "links the alert list in freed memory.",
        "P2",
        _killed,
        ("vm0.process.sigkill*", "vm0.gisa.free*", "hw 05.0004.answer*", "vm0.gisa.make_pending*"),
        ("vm_ref", "wait_reset"),
        ("guest=enable_use", "delivery"),
    ),
    Way(
        2,
        "QEMU is killed: release uses the freed VM",
        "As h1, and the release of the device, in another process that has a copy of\n"
        "the descriptor, clears the masks of a VM that is being freed.",
        "P9",
        _killed_with_copy,
        ("vm0.process.sigkill*", "vm0.crycb.free*", "vm0.crycb.set_masks*"),
        ("vm_ref",),
    ),
    Way(
        3,
        "user space keeps the device open and closes the VM",
        "VM, vCPU and kvm-vfio files are closed, the device file is not: no kill and\n"
        "no QEMU is needed, and the time in between is up to user space.",
        "P1",
        _device_kept,
        ("vm0.process.close(vm)*", "vm0.gisa_int.begin_destroy*"),
        ("vm_ref",),
        absent=("vm0.process.close(device)*",),
    ),
    Way(
        4,
        "a duplicate of the device's descriptor outlives QEMU's own",
        "QEMU closes everything, but a dup (or a copy passed over a socket) keeps the\n"
        "device file: its release does not run.",
        "P1",
        _device_duplicated,
        ("vm0.process.close(device) = None", "vm0.gisa_int.begin_destroy*"),
        ("vm_ref",),
    ),
    Way(
        5,
        "the group is taken from kvm-vfio while the device is open",
        "SET_KVM(NULL) only clears the pointer: masks, hook and interrupt stay.\n"
        "The later release finds no VM and cleans up nothing.",
        "P1",
        _group_deleted,
        ("vm0.group.record(None)*", "mdev0.set_kvm(None)*", "vm0.gisa_int.begin_destroy*"),
        ("vm_ref", "wait_reset", "cleanup_everywhere", "hook_lock"),
    ),
    Way(
        6,
        "SET_KVM(NULL) comes from the VM's own destruction",
        "With a cleanup in the notifier and no reference: kvm-vfio is destroyed after\n"
        "the GISA, so the notifier that cleans up comes too late.",
        "P9",
        _device_kept,
        ("vm0.gisa_int.end_destroy*", "vm0.group.record(None)*"),
        ("vm_ref",),
        ("cleanup_everywhere",),
        ("vm0.process.close(device)*",),
    ),
    Way(
        7,
        "the handler enables after the release has cleaned up",
        "The vCPU has found its queue; another thread closes the device: masks clear,\n"
        "queue reset, hook gone. Then the handler's AQIC switches it on again.",
        "P1",
        _device_closed,
        ("mdev0.find(05.0004)*", "hw 05.0004.reset(ZAPQ, host)*", "hw 05.0004.aqic(*) = 00*", "*begin_destroy*"),
        ("hook_lock",),
        ("vm_ref", "wait_reset", "clear_apcb"),
    ),
    Way(
        8,
        "the queue is freed between look-up and AQIC",
        "The handler has the pointer to the vfio_ap_queue; remove, not locked, resets\n"
        "and frees it; the handler enables and writes its records into freed memory.",
        "P9",
        _unbound,
        ("mdev0.find(05.0004)*", "q 05.0004.free*"),
        ("one_mutex",),
        ("remove_unlocked",),
    ),
    Way(
        9,
        "the reset is refused and the refusal is ignored",
        "The guest's own RAPQ is running: ZAPQ answers 02, twice; release goes on\n"
        "and the VM is destroyed with the interrupt still on.",
        "P1",
        _exit_after_program,
        ("hw 05.0004.reset(RAPQ, vm0)*", "hw 05.0004.reset(ZAPQ, host) = 02*", "vm0.gisa_int.begin_destroy*"),
        ("wait_reset",),
        ("vm_ref", "hook_lock", "guest=enable_reset", "check_accepted"),
    ),
    Way(
        10,
        "the reset was accepted and nobody waits for its end",
        "ZAPQ answers 00, which only means that it began. The records are freed and\n"
        "the VM is destroyed while the interrupt is still on.",
        "P1",
        _exit_after_program,
        ("hw 05.0004.reset(ZAPQ, host) = 00*", "vm0.gisa_int.begin_destroy*"),
        ("wait_reset",),
        ("vm_ref", "hook_lock"),
        ("hw 05.0004.finish_reset*",),
    ),
    Way(
        11,
        "unassign slips past its test while the device is opened",
        "The test for -EBUSY is made without the lock; SET_KVM copies the masks;\n"
        "then the queue goes to the free list: the guest reaches what it no longer has.",
        "P17",
        _unassign_against_open,
        ("mdev0.read_kvm() = None", "mdev0.set_kvm(vm0)*", "mdev0.clear_bit(apm, 5)*"),
        ("kvm_test_locked",),
    ),
    Way(
        12,
        "a queue is probed after its mdev was opened",
        "The mdev has the APQN in its matrix, the device is bound late and goes to the\n"
        "free list: in the guest's APCB, in nobody's bucket.",
        "P13",
        _probed_late,
        ("mdev0.set_kvm(vm0)*",),
        ("probe_links",),
    ),
    Way(
        13,
        "an accepted disable has not happened yet",
        "AQIC(disable) answered 00: unpinned and unregistered at once.\n"
        "The interrupt goes off later; until then the NIB is written to a free page.",
        "P8",
        _disabled_then_closed,
        ("hw 05.0004.aqic(None) = 00*", "vm0.memory.unpin*"),
        ("wait_reset",),
        ("vm_ref", "hook_lock", "guest=enable_disable", "check_accepted"),
    ),
    Way(
        14,
        "the page with the NIB is unmapped",
        "The notifier unpins one page, the first of the range, and leaves the interrupt\n"
        "on: the NIB is written to a free page, or the page stays pinned and the host\n"
        "stops with a BUG.",
        "P8",
        _unmapped,
        ("vm0.memory.unpin*",),
        ("unmap_disables", "wait_reset"),
    ),
    Way(
        15,
        "the module is unloaded between the hook's read and its call",
        "The vCPU has read the hook; the device is closed, which drops the module's\n"
        "last reference; rmmod; the call goes to freed text.",
        "P9",
        _module_unloaded,
        ("vm0.read_hook() = mdev0", "vfio_ap.ko.unload() = True", "vfio_ap.ko.run*"),
        ("hook_lock",),
    ),
    Way(
        16,
        "a second mdev for the same VM leaves its hook behind",
        "SET_KVM sets the hook first and tests afterwards whether the VM has an mdev:\n"
        "-EPERM, but the hook points to the wrong one.",
        "P16",
        _second_mdev,
        ("vm0.set_hook(mdev1)*", "vm1.group.called*"),
        ("hook_after_check",),
        ("hook_before_check",),
    ),
)

"""Scenarios of the releases about how an mdev learns of its VM, and of its end: kvm-vfio, group, locks on the way."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.protected import pv_enable
from aprt.vfio_ap.host.userspace import DEVICE, KVM_VFIO, close_all, close_fd, group_del
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.handlers import close_and_remove
from aprt.vfio_ap.releases.situation import Situation


def group_taken(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("user", partial(_take_group_then_close, s.machine, s.guest)),
        scope="the group is taken from kvm-vfio while the device is open; later everything is closed, in any order",
    )


async def _take_group_then_close(machine: Machine, guest: Guest) -> None:
    await group_del(machine, guest)
    await close_all(machine, guest)


def pv_switch(settings: Settings) -> Model:
    s = Situation.attached(settings)
    notified = s.guest.has_notifier
    taken = partial(group_del, s.machine, s.guest) if notified else partial(close_fd, s.machine, s.guest, DEVICE)
    how = "the group is taken from kvm-vfio" if notified else "the device is closed"
    return s.model(
        Context("user", taken),
        Context("pv", partial(pv_enable, s.machine, s.guest)),
        scope=f"{how} while the guest becomes a protected one",
    )


def two_closers(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("device", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("kvm_vfio", partial(close_fd, s.machine, s.guest, KVM_VFIO)),
        scope="one thread closes the device, another one the kvm-vfio file; no vCPU runs",
    )


def rejoin(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("user", partial(close_and_remove, s.machine, s.guest)),
        Context("qemu", partial(_give_group, s.machine, s.guest)),
        scope="the device is closed and the mdev removed while the group is given to kvm-vfio again; no vCPU runs",
    )


async def _give_group(machine: Machine, guest: Guest) -> None:
    await machine.ops.set_kvm(machine, guest, guest)


def regroup(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("user", partial(_take_and_give_group, s.machine, s.guest)),
        Context("device", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the group is taken from kvm-vfio and given to it again while the device is closed; no vCPU runs",
    )


async def _take_and_give_group(machine: Machine, guest: Guest) -> None:
    await group_del(machine, guest)
    await _give_group(machine, guest)


REGROUP = Scenario(
    "regroup",
    "the group is taken from kvm-vfio and given to it again while the device is closed",
    "kvm-vfio has a lock of its own, and so has the chain of notifiers: whoever calls one\n"
    "holds both, and wants the driver's lock; whoever unregisters wants the chain's.",
    ("P16", "P20", "deadlock"),
    regroup,
    ("kvm_vfio_lock",),
)

REJOIN = Scenario(
    "rejoin",
    "the group is given to kvm-vfio again while the device is closed",
    "Release lets the VM go and then takes its notifier away; in between the notifier may\n"
    "bring a VM once more. The mdev has it when it is to be removed (B36).",
    ("P51",),
    rejoin,
)

GROUP_TAKEN = Scenario(
    "group-taken",
    "the group is taken from kvm-vfio before the device is closed",
    "The mdev is told that its VM goes, while the guest has its interrupt on. What is\n"
    "to be cleaned up then has to be cleaned up there, or when the device is closed (B7).",
    ("P1", "P4", "P5", "P6", "P9", "P16"),
    group_taken,
)

PV_SWITCH = Scenario(
    "pv-switch",
    "a guest becomes a protected one while its VM is taken from the mdev",
    "KVM_PV_ENABLE holds kvm->lock and wants the mutex of the vCPU, which holds it while\n"
    "its PQAP is intercepted; the handler wants the driver's lock. Whoever has that must\n"
    "not want kvm->lock (B2), nor keep others out by other means (B3).",
    ("P20", "deadlock"),
    pv_switch,
    ("vcpu_mutex", "guest=disable"),
)

TWO_CLOSERS = Scenario(
    "two-closers",
    "the device and the kvm-vfio file are closed at the same time",
    "Closing the device the vfio core holds the group's lock, and the driver wants kvm->lock;\n"
    "closing kvm-vfio KVM holds kvm->lock, and tells the group that its VM is gone (B12).",
    ("P20", "deadlock"),
    two_closers,
)

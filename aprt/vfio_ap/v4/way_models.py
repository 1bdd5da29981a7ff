"""The situations of H1-H16, as far as no other driver has them: who does what in each, as models.

The rows of `ways` name them, and those of `host`; a situation may serve several rows, with other switches. Of schedules
that are equally short the search finds the one in which contexts that come first act early, which is why some come
before the guest's vCPUs: then a row's schedule has the steps in the order that its story tells.
"""

from __future__ import annotations

from functools import partial

import attrs
from pyrsistent import pmap

from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import bind, unbind
from aprt.vfio_ap.host.situation import QUEUES
from aprt.vfio_ap.host.userspace import DEVICE, close_all, close_fd, group_del, open_everything
from aprt.vfio_ap.series.group_notifier import notify
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.mdev import MdevState
from aprt.vfio_ap.v4.situation import Situation


def group_deleted(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    s.contexts.append(Context("user", partial(_group_del_then_close, s.machine, s.guest)))
    s.run_vcpus(s.guest)
    return s.model(
        scope="the group is taken from kvm-vfio, then the device is closed, then everything else",
    )


async def _group_del_then_close(machine: Machine, guest: Guest) -> None:
    await group_del(machine, guest)
    await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def device_closed(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    s.contexts.append(Context("user", partial(_close_device_first, s.machine, s.guest)))
    s.run_vcpus(s.guest)
    return s.model(
        scope="the device is closed first, then everything else, while the vCPU runs",
    )


async def _close_device_first(machine: Machine, guest: Guest) -> None:
    await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def unbound(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    s.contexts.append(Context("unbind", partial(unbind, s.machine, s.apqn)))
    s.run_vcpus(s.guest)
    return s.model(
        scope="the administrator unbinds the queue; nothing is closed",
    )


def unassign_against_open(settings: Settings) -> Model:
    s = Situation.detached(settings, Matrix.of([5], [4]))
    return s.model(
        Context("admin", partial(s.machine.ops.unassign, s.machine, s.guest.mdev, "apm", "5")),
        Context("qemu", partial(open_everything, s.machine, s.guest)),
        scope="the administrator unassigns the adapter while QEMU opens the device",
    )


def probed_late(settings: Settings) -> Model:
    s = Situation.detached(settings, Matrix.of([5], [4]))
    machine, mdev = s.machine, s.guest.mdev
    bus: ApBusState = s.states[machine.bus.name]
    none: Driver = "none"
    s.states[machine.bus.name] = attrs.evolve(bus, drivers=pmap({s.apqn: none}), drvdata=pmap())
    s.states[mdev.name] = MdevState(True, Matrix.of([5], [4]))
    del s.states[machine.queues[s.apqn].object.name]
    return s.model(
        Context("host", partial(_open_then_bind, s.machine, s.guest, s.apqn)),
        scope="the mdev has the APQN in its matrix, the device is bound to the driver after QEMU has opened everything",
    )


async def _open_then_bind(machine: Machine, guest: Guest, apqn: Apqn) -> None:
    await open_everything(machine, guest)
    await bind(machine, apqn, "vfio_ap")


def disabled_then_closed(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("user", partial(close_all, s.machine, s.guest)),
        scope="the guest enables and disables its interrupt while everything is closed",
    )


def second_mdev(settings: Settings) -> Model:
    matrix = Matrix.of([5], [4])
    plans = (GuestPlan("vm0", "mdev0", matrix), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    s = Situation(settings, plans, QUEUES[:1], running=False)
    return s.model(
        Context("user", partial(_open_second, s.machine, s.guest)),
        scope="user space opens a second mdev for a VM that has one already",
    )


async def _open_second(machine: Machine, guest: Guest) -> None:
    group, mdev = machine.guest("vm1").group, machine.mdev("mdev1")
    await group.record(guest.name)
    await group.register(mdev.name)
    await notify(machine, mdev.name, guest.name)
    await group.called()

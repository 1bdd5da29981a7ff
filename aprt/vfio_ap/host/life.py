"""The life of a guest, for any driver: QEMU is killed, closes its files, unplugs the device; or the card fails."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.bus_scan import card_breaks, card_off_and_on
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.situation import Situation
from aprt.vfio_ap.host.userspace import DEVICE, close_all, close_fd, group_del


def kill_qemu(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        *s.kill(),
        scope="the process is killed at any step; its files are closed in any order once the last thread has left",
    )


def rogue_close(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("rogue", partial(close_all, s.machine, s.machine.guests[0])),
        scope="user space closes all files in any order while the vCPUs run",
    )


def card_off(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        *s.kill(),
        Context("operator", partial(card_off_and_on, s.machine, s.apqn.apid)),
        scope="the process is killed at any step, the card is configured off and on again at any step",
    )


def card_broken(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        *s.kill(),
        Context("card", partial(card_breaks, s.machine, s.apqn.apid)),
        scope="the process is killed at any step, the card is checkstopped and recovers at any step",
    )


def unplug(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("qemu", partial(_unplug, s.machine, s.machine.guests[0])),
        scope="QEMU unplugs the device in its order: close it, then take the group from kvm-vfio; the VM stays",
    )


async def _unplug(machine: Machine, guest: Guest) -> None:
    await close_fd(machine, guest, DEVICE)
    await group_del(machine, guest)

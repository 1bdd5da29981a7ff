"""Scenarios of era v4 about the life of a guest: from everything open to everything closed, in every order."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.bus_scan import card_breaks, card_off_and_on
from aprt.vfio_ap.host.userspace import DEVICE, close_all, close_fd, group_del
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_device import ioctl_reset
from aprt.vfio_ap.v4.situation import attached

LIFE = ("P1", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P11", "P12", "P16")


def kill_qemu(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        *s.kill(),
        scope="the process is killed at any step; its files are closed in any order once the last thread has left",
    )


def rogue_close(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("rogue", partial(close_all, s.machine, s.guest)),
        scope="user space closes all files in any order while the vCPUs run",
    )


def card_off(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        *s.kill(),
        Context("operator", partial(card_off_and_on, s.machine, s.apqn.apid)),
        scope="the process is killed at any step, the card is configured off and on again at any step",
    )


def card_broken(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        *s.kill(),
        Context("card", partial(card_breaks, s.machine, s.apqn.apid)),
        scope="the process is killed at any step, the card is checkstopped and recovers at any step",
    )


def qemu_reset(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("qemu", partial(_reset_then_exit, s.machine, s.guest)),
        scope="QEMU resets the device and later closes everything, in any order",
    )


async def _reset_then_exit(machine: Machine, guest: Guest) -> None:
    await ioctl_reset(machine, guest)
    await close_all(machine, guest)


def unplug(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("qemu", partial(_unplug, s.machine, s.guest)),
        scope="QEMU unplugs the device in its order: close it, then take the group from kvm-vfio; the VM stays",
    )


async def _unplug(machine: Machine, guest: Guest) -> None:
    await close_fd(machine, guest, DEVICE)
    await group_del(machine, guest)


LIFE_CYCLES = (
    Scenario(
        "kill-qemu",
        "QEMU is killed while its guest enables an interrupt",
        "The process dies at any step; its files are closed in any order.\n"
        "The VM can go, GISA first, before the device file is closed: the queue then\n"
        "still has an interrupt aimed at memory that is freed.",
        LIFE,
        kill_qemu,
    ),
    Scenario(
        "rogue-close",
        "user space closes its files in any order while the guest runs",
        "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Release of the device races with the PQAP handler; the VM can go first.",
        LIFE,
        rogue_close,
    ),
    Scenario(
        "card-off",
        "the card is configured off and on again while QEMU is killed",
        "A reset of a queue that is off answers 03 and counts as done; when the card\n"
        "is on again its queues come back reset. Is a queue that is off silent?\n"
        "That is the assumption off_is_silent.",
        LIFE,
        card_off,
    ),
    Scenario(
        "card-broken",
        "the card is checkstopped and recovers while QEMU is killed",
        "A reset of a broken queue answers 04 and counts as done, but nothing was reset:\n"
        "when the card recovers its queues come back as they were, interrupt included.",
        LIFE,
        card_broken,
    ),
    Scenario(
        "qemu-reset",
        "QEMU resets the device, then closes everything",
        "VFIO_DEVICE_RESET switches the interrupt off behind the records;\n"
        "the guest may enable again; then all files are closed in any order.",
        LIFE,
        qemu_reset,
    ),
    Scenario(
        "unplug",
        "QEMU unplugs the device in its own order, the VM lives on",
        "The device file is closed, then the group is taken from kvm-vfio;\nthe vCPU may be in the handler.",
        ("P5", "P6", "P7", "P8", "P9", "P11", "P16"),
        unplug,
    ),
)

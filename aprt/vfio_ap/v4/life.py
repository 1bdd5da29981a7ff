"""Scenarios of era v4 about the life of a guest: from everything open to everything closed, in every order."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.life import card_broken, card_off, kill_qemu, rogue_close, unplug
from aprt.vfio_ap.host.userspace import close_all
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_device import ioctl_reset
from aprt.vfio_ap.v4.situation import Situation, attached

LIFE = ("P1", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P11", "P12", "P16")


def qemu_reset(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("qemu", partial(_reset_then_exit, s.machine, s.guest)),
        scope="QEMU resets the device and later closes everything, in any order",
    )


async def _reset_then_exit(machine: Machine, guest: Guest) -> None:
    await ioctl_reset(machine, guest)
    await close_all(machine, guest)


LIFE_CYCLES = (
    Scenario(
        "kill-qemu",
        "QEMU is killed while its guest enables an interrupt",
        "The process dies at any step; its files are closed in any order.\n"
        "The VM can go, GISA first, before the device file is closed: the queue then\n"
        "still has an interrupt aimed at memory that is freed.",
        LIFE,
        partial(kill_qemu, Situation),
    ),
    Scenario(
        "rogue-close",
        "user space closes its files in any order while the guest runs",
        "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Release of the device races with the PQAP handler; the VM can go first.",
        LIFE,
        partial(rogue_close, Situation),
    ),
    Scenario(
        "card-off",
        "the card is configured off and on again while QEMU is killed",
        "A reset of a queue that is off answers 03 and counts as done; when the card\n"
        "is on again its queues come back reset. Is a queue that is off silent?\n"
        "That is the assumption off_is_silent.",
        LIFE,
        partial(card_off, Situation),
    ),
    Scenario(
        "card-broken",
        "the card is checkstopped and recovers while QEMU is killed",
        "A reset of a broken queue answers 04 and counts as done, but nothing was reset:\n"
        "when the card recovers its queues come back as they were, interrupt included.",
        LIFE,
        partial(card_broken, Situation),
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
        partial(unplug, Situation),
    ),
)

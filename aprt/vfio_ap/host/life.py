"""The life of a guest, for any driver: QEMU is killed, closes its files, resets, unplugs; or it loses card or queue.

Scenarios are written once; a driver adds what is checked, and its own story where that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import attrs

from aprt.core.effects import choose
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.bus_scan import card_breaks, card_off_and_on, unbind
from aprt.vfio_ap.host.dma_unmap import dma_unmap
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.plot import Plot
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
        Context("rogue", partial(close_all, s.machine, s.guest)),
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
        Context("qemu", partial(_unplug, s.machine, s.guest)),
        scope="QEMU unplugs the device in its order: close it, then take the group from kvm-vfio; the VM stays",
    )


async def _unplug(machine: Machine, guest: Guest) -> None:
    await close_fd(machine, guest, DEVICE)
    await group_del(machine, guest)


def qemu_reset(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("qemu", partial(_reset_then_exit, s.machine, s.guest)),
        scope="QEMU resets the device and later closes everything, in any order",
    )


async def _reset_then_exit(machine: Machine, guest: Guest) -> None:
    await machine.ops.reset(machine, guest)
    await close_all(machine, guest)


def reset_reenable(kind: type[Situation], settings: Settings) -> Model:
    return kind.attached(settings).model(scope="enable, reset unseen by the host, enable again; nothing is closed")


def close_and_use(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the device is closed while the guest sends requests; the VM stays",
    )


def unmap_some(kind: type[Situation], by: str, settings: Settings) -> Model:
    """by: what the context is called."""
    s = kind.attached(settings)
    return s.model(
        Context(by, partial(_unmap_some, s.machine, s.guest)),
        scope="user space unmaps the NIB's page: alone, or as the second page of a range",
    )


async def _unmap_some(machine: Machine, guest: Guest) -> None:
    if await choose("range", "page", "from-before") == "page":
        await dma_unmap(machine, guest, 3, 1)
    else:
        await dma_unmap(machine, guest, 2, 2)


def unbind_enabling(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("unbind", partial(unbind, s.machine, s.apqn)),
        scope="the administrator unbinds the queue while the guest enables its interrupt; nothing is closed",
    )


_PLOTS: Final = (
    Plot(
        "kill-qemu",
        "QEMU is killed while its guest enables an interrupt",
        "The process dies at any step; its files are closed in any order.\n"
        "The VM must not go before every queue of its mdev is reset.",
        kill_qemu,
    ),
    Plot(
        "rogue-close",
        "user space closes its files in any order while the guest runs",
        "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Closing the device races with the PQAP handler.",
        rogue_close,
    ),
    Plot(
        "card-off",
        "the card is configured off and on again while QEMU is killed",
        "A reset of a queue that is off answers 03 and counts as done; when the card\n"
        "is on again its queues come back reset. Is a queue that is off silent?\n"
        "That is the assumption off_is_silent.",
        card_off,
    ),
    Plot(
        "card-broken",
        "the card is checkstopped and recovers while QEMU is killed",
        "A reset of a broken queue answers 04 and counts as done, but nothing was reset:\n"
        "when the card recovers its queues come back as they were, interrupt included.",
        card_broken,
    ),
    Plot(
        "qemu-reset",
        "QEMU resets the device, then closes everything",
        "VFIO_DEVICE_RESET switches the interrupt off and gives back what the queue\n"
        "owns; the guest may enable again; then all files are closed in any order.",
        qemu_reset,
    ),
    Plot(
        "unplug",
        "QEMU unplugs the device in its own order, the VM lives on",
        "The device file is closed, then the group is taken from kvm-vfio;\nthe vCPU may be in the handler.",
        unplug,
    ),
    Plot(
        "reset-reenable",
        "the guest resets its queue, unseen, and enables the interrupt again",
        "The reset switches the interrupt off in hardware; the host's records stay.\n"
        "The second enable finds an old NIB and ISC on record (B5). The guest polls\n"
        "TAPQ to 00 in between.",
        reset_reenable,
        preset=("guest=reenable",),
    ),
    Plot(
        "reset-reenable-busy",
        "the guest enables the interrupt again while its own reset may still run",
        "As reset-reenable, but the guest does not wait for its reset, so the second\nAQIC can be answered 02.",
        reset_reenable,
        preset=("guest=reenable_busy",),
    ),
    Plot(
        "close-and-use",
        "the device is closed while the guest sends a request",
        "The guest loses its masks before its queue is reset; a request after the reset\n"
        "would be there for the queue's next user.",
        close_and_use,
        preset=("guest=use",),
    ),
)


def lives(
    kind: type[Situation],
    properties: Mapping[str, tuple[str, ...]],
    stories: Mapping[str, str] = MappingProxyType({}),
    presets: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> tuple[Scenario, ...]:
    """The scenarios, with the driver whose situations are of this class.

    properties: of each, by its name. stories, presets: of those that have others than most, by their names.
    """
    plots = (
        attrs.evolve(
            plot,
            story=stories.get(plot.name, plot.story),
            properties=properties[plot.name],
            preset=(*plot.preset, *presets.get(plot.name, ())),
        )
        for plot in _PLOTS
    )
    return tuple(plot.scenario(kind) for plot in plots)

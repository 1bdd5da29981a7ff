"""Scenarios about the life of a guest: it runs, is reset, loses its device or its card, and ends, in every order."""

from __future__ import annotations

from functools import partial

import attrs
from pyrsistent import pmap

from aprt.core.effects import choose
from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.life import card_broken, card_off, kill_qemu, rogue_close, unplug
from aprt.vfio_ap.host.situation import QUEUES
from aprt.vfio_ap.host.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_all,
    close_fd,
    close_these,
    vcpu_file,
)
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.mainline.dma_unmap import dma_unmap
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.vfio_events import ioctl_reset
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.releases.situation import Situation, attached

RECORDS = ("P5", "P6", "P7", "P8", "P9")
LIFE = ("P1", "P3", "P4", *RECORDS, "P11", "P12", "P13", "P16", "P18", "P34")


def qemu_reset(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("qemu", partial(_reset_then_exit, s.machine, s.guest)),
        scope="QEMU resets the device and later closes everything, in any order",
    )


async def _reset_then_exit(machine: Machine, guest: Guest) -> None:
    await ioctl_reset(machine, guest.mdev)
    await close_all(machine, guest)


def reset_reenable(settings: Settings) -> Model:
    return attached(settings).model(scope="enable, reset unseen by the host, enable again; nothing is closed")


def close_and_use(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the device is closed while the guest sends requests; the VM stays",
    )


def unmap(settings: Settings) -> Model:
    s = attached(settings)
    return s.model(
        Context("qemu", partial(_unmap_some, s.machine, s.guest)),
        scope="user space unmaps the NIB's page: alone, or as the second page of a range",
    )


async def _unmap_some(machine: Machine, guest: Guest) -> None:
    if await choose("range", "page", "from-before") == "page":
        await dma_unmap(machine, guest, 3, 1)
    else:
        await dma_unmap(machine, guest, 2, 2)


def open_while_ending(settings: Settings) -> Model:
    s = Situation(
        settings, (GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), attached=False),), QUEUES[:1], running=False
    )
    files = (VM, *(vcpu_file(vcpu) for vcpu in s.guest.vcpus), KVM_VFIO)
    s.states[s.guest.vm.name] = KvmState(s.guest.vm.users)
    s.states[s.guest.process.name] = ProcessState(pmap({file: file for file in files}), pmap(dict.fromkeys(files, 1)))
    s.states[s.guest.device.name] = attrs.evolve(s.guest.device.initial(), group_kvm=s.guest.name)
    return s.model(
        Context("open", partial(_open_and_close, s.machine, s.guest)),
        Context("close", partial(close_these, s.machine, s.guest, files)),
        scope="one thread opens and closes the device, another closes the files of the VM, kvm-vfio last",
    )


async def _open_and_close(machine: Machine, guest: Guest) -> None:
    if await machine.ops.open(machine, guest) == 0:
        await machine.ops.release(machine, guest)


OPEN_WHILE_ENDING = Scenario(
    "open-while-ending",
    "the device is opened while the last files of its VM are closed",
    "kvm-vfio has told the group which VM it is. The core takes a reference of that VM,\n"
    "if it still has one, before the driver attaches it.",
    ("P1", "P4", "P9", "P16", "P18"),
    open_while_ending,
)

LIFE_CYCLES = (
    Scenario(
        "kill-qemu",
        "QEMU is killed while its guest enables an interrupt",
        "The process dies at any step; its files are closed in any order.\n"
        "The VM must not go before every queue of its mdev is reset.",
        LIFE,
        partial(kill_qemu, Situation),
    ),
    Scenario(
        "rogue-close",
        "user space closes its files in any order while the guest runs",
        "Any file descriptor is closed at any step, the vCPU thread goes on.\n"
        "Closing the device races with the PQAP handler.",
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
        "VFIO_DEVICE_RESET switches the interrupt off and gives back what the queue\n"
        "owns; the guest may enable again; then all files are closed in any order.",
        LIFE,
        qemu_reset,
    ),
    Scenario(
        "unplug",
        "QEMU unplugs the device in its own order, the VM lives on",
        "The device file is closed, then the group is taken from kvm-vfio;\nthe vCPU may be in the handler.",
        (*RECORDS, "P11", "P12", "P13", "P16", "P18", "P34"),
        partial(unplug, Situation),
    ),
    Scenario(
        "reset-reenable",
        "the guest resets its queue, unseen, and enables the interrupt again",
        "The reset switches the interrupt off in hardware; the host's records stay.\n"
        "The second enable finds an old NIB and ISC on record (B5). The guest polls\n"
        "TAPQ to 00 in between.",
        (*RECORDS, "P24"),
        reset_reenable,
        ("guest=reenable",),
    ),
    Scenario(
        "reset-reenable-busy",
        "the same without polling: AQIC may meet the running reset",
        "As reset-reenable, but the guest does not wait for its reset, so the second\nAQIC can be answered 02.",
        (*RECORDS, "P24"),
        reset_reenable,
        ("guest=reenable_busy",),
    ),
    Scenario(
        "close-and-use",
        "the device is closed while the guest sends a request",
        "The guest loses its masks before its queue is reset; a request after the reset\n"
        "would be there for the queue's next user.",
        ("P11", "P12"),
        close_and_use,
        ("guest=use",),
    ),
    Scenario(
        "dma-unmap",
        "user space unmaps the page with the NIB",
        "The page may be used for something else as soon as it is unmapped; until the\n"
        "queue is disabled it writes its notification byte there (B13).",
        (*RECORDS, "P10"),
        unmap,
    ),
)

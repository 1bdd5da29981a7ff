"""Scenarios about the life of a guest: it runs, is reset, loses its device or its card, and ends, in every order."""

from __future__ import annotations

from functools import partial

import attrs
from pyrsistent import pmap

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.life import lives, unmap_some
from aprt.vfio_ap.host.userspace import KVM_VFIO, VM, close_these, vcpu_file
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.releases.situation import Situation

RECORDS = ("P5", "P6", "P7", "P8", "P9")
LIFE = ("P1", "P3", "P4", *RECORDS, "P11", "P12", "P13", "P16", "P18", "P34")


def open_while_ending(settings: Settings) -> Model:
    s = Situation.detached(settings, Matrix.of([5], [4]))
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
    *lives(
        Situation,
        {
            **dict.fromkeys(("kill-qemu", "rogue-close", "card-off", "card-broken", "qemu-reset"), LIFE),
            "unplug": (*RECORDS, "P11", "P12", "P13", "P16", "P18", "P34"),
            **dict.fromkeys(("reset-reenable", "reset-reenable-busy"), (*RECORDS, "P24")),
            "close-and-use": ("P11", "P12"),
        },
    ),
    Scenario(
        "dma-unmap",
        "user space unmaps the page with the NIB",
        "The page may be used for something else as soon as it is unmapped; until the\n"
        "queue is disabled it writes its notification byte there (B13).",
        (*RECORDS, "P10"),
        partial(unmap_some, Situation, "qemu"),
    ),
)

"""The scenarios of era v4 besides H1-H16, the life of a guest and the way of an interrupt: single races, attaching."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.bus_scan import card_appears, card_vanishes, rebind_to_host, unbind
from aprt.vfio_ap.host.dma_unmap import dma_unmap
from aprt.vfio_ap.host.guest_code import Instruction
from aprt.vfio_ap.host.life import unbind_enabling
from aprt.vfio_ap.host.userspace import DEVICE, close_fd, open_everything, vcpu_thread
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.v4.situation import Situation


def rebind(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("admin", partial(rebind_to_host, s.machine, s.apqn)),
        scope="the administrator gives the queue to the host while the guest uses it",
    )


def card_gone(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("ap_scan", partial(_card_goes_and_comes, s.machine, s.apqn.apid)),
        scope="the card vanishes and comes back, each time noticed by a bus scan",
    )


async def _card_goes_and_comes(machine: Machine, apid: int) -> None:
    await card_vanishes(machine, apid)
    await card_appears(machine, apid)


def close_vs_unbind(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("unbind", partial(unbind, s.machine, s.apqn)),
        scope="the device is closed while the queue is unbound; the VM stays",
    )


def remove_mdev(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("admin", partial(s.machine.ops.remove_mdev, s.machine, s.guest.mdev)),
        scope="the device is closed and the mdev removed while the guest enables its interrupt",
    )


def unmap(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("qemu", partial(dma_unmap, s.machine, s.guest, 3, 1)),
        scope="user space unmaps the page with the NIB",
    )


def assign_twice(settings: Settings) -> Model:
    s = Situation.detached(settings, Matrix())
    return s.model(
        Context("admin", partial(_assign_twice, s.machine, s.guest.mdev)),
        Context("unbind", partial(unbind, s.machine, s.apqn)),
        scope="adapter and domain are each assigned twice, the adapter is unassigned; the queue is unbound at any step",
    )


async def _assign_twice(machine: Machine, mdev: Mdev) -> None:
    for _ in range(2):
        await machine.ops.assign(machine, mdev, "apm", "5")
        await machine.ops.assign(machine, mdev, "aqm", "4")
    await machine.ops.unassign(machine, mdev, "apm", "5")


def attach(settings: Settings) -> Model:
    s = Situation.detached(settings, Matrix.of([5], [4]))
    return s.model(
        Context("qemu", partial(boot, s.machine, s.guest, s.code(s.apqn))),
        Context("admin", partial(s.machine.ops.unassign, s.machine, s.guest.mdev, "apm", "5")),
        scope="QEMU opens everything and runs the guest while the administrator unassigns its adapter",
    )


async def boot(machine: Machine, guest: Guest, code: tuple[Instruction, ...]) -> None:
    """QEMU's start: VM, vCPUs, group to kvm-vfio, device; then the first vCPU runs in this thread."""
    await open_everything(machine, guest)
    await vcpu_thread(machine, guest, guest.vcpus[0], code)


SCENARIOS = (
    Scenario(
        "remove-vs-intercept",
        "a queue is unbound while its PQAP is intercepted",
        "The handler has found the vfio_ap_queue; the administrator unbinds the device\n"
        "and the driver frees the object; the handler goes on with its pointer.",
        ("P9", "P13", "P14"),
        partial(unbind_enabling, Situation),
    ),
    Scenario(
        "rebind",
        "a queue is given to the host while the guest uses it",
        "Unbind, change of the masks, bind to the host's driver; the guest sends\na request at any moment of it.",
        ("P5", "P6", "P9", "P11", "P12"),
        rebind,
        ("guest=enable_use",),
    ),
    Scenario(
        "card-gone",
        "the card vanishes and comes back under a running guest",
        "The queue answers 01 from one step to the next; a bus scan removes the\n"
        "device, later another one finds it again: probed late, it is on the free list\n"
        "although its APQN is in the mdev's matrix (h12).",
        ("P5", "P6", "P9", "P14"),
        card_gone,
    ),
    Scenario(
        "close-vs-unbind",
        "the device is closed while its queue is unbound",
        "Release walks the bucket and frees records; remove does the same for one\nqueue and frees the object.",
        ("P5", "P6", "P7", "P9", "P14"),
        close_vs_unbind,
    ),
    Scenario(
        "remove-mdev",
        "the mdev is removed while a PQAP handler runs in it",
        "The vCPU has read the hook, which is embedded in the mdev; the device is\n"
        "closed, the mdev removed and freed; the handler goes on.",
        ("P9", "P16"),
        remove_mdev,
    ),
    Scenario(
        "dma-unmap",
        "user space unmaps the page with the NIB",
        "The page is unpinned and may be used for something else; the queue still\nwrites its notification byte there.",
        ("P5", "P7", "P8", "P10"),
        unmap,
    ),
    Scenario(
        "attach",
        "QEMU opens the device while its adapter is unassigned",
        "open, SET_KVM and the first AQIC race with a write to unassign_adapter.",
        ("P5", "P6", "P9", "P13", "P16", "P17", "P24"),
        attach,
    ),
    Scenario(
        "assign",
        "adapter and domain are assigned twice while the queue is unbound",
        "What is assigned already must not be inserted again; the queue may leave\n"
        "the free list, or the mdev's, at any step.",
        ("P9", "P13", "P14"),
        assign_twice,
    ),
)

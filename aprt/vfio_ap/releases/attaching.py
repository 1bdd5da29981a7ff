"""Scenarios of the releases in which mdevs are made and removed, and opened, while something else looks at them."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import bind, change_config, unbind
from aprt.vfio_ap.host.guest_code import Instruction
from aprt.vfio_ap.host.situation import FIRST, QUEUES, SIBLING
from aprt.vfio_ap.host.userspace import DEVICE, close_fd, open_everything, vcpu_thread
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.mdev_attributes import read, write
from aprt.vfio_ap.mainline.vfio_ap_drv import status_show
from aprt.vfio_ap.mainline.vfio_events import set_irqs
from aprt.vfio_ap.releases.situation import Situation

MATRIX = Matrix.of([FIRST.apid], [FIRST.apqi])
ATTACH = ("P5", "P6", "P7", "P8", "P9", "P11", "P13", "P16", "P17", "P18", "P22")


async def _boot(machine: Machine, guest: Guest, code: tuple[Instruction, ...]) -> None:
    """QEMU's start; then the first vCPU runs in this thread, unless the device did not open."""
    if await open_everything(machine, guest) == 0:
        await vcpu_thread(machine, guest, guest.vcpus[0], code)


def second_mdev(settings: Settings) -> Model:
    plans = (GuestPlan("vm0", "mdev0", MATRIX), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    s = Situation(settings, plans, (FIRST,), running=False)
    s.run_vcpus(s.guest)
    return s.model(
        Context("user", partial(_open_second, s.machine, s.guest)),
        scope="a second mdev is opened for a VM that has one and enables an interrupt; then that mdev is removed",
    )


async def _open_second(machine: Machine, guest: Guest) -> None:
    second = machine.guest("vm1")
    await machine.ops.set_kvm(machine, second, guest)
    if await machine.ops.open(machine, second) == 0:  # before 6.0 it opens, without a VM
        await machine.ops.release(machine, second)
    await machine.ops.remove_mdev(machine, second.mdev)


def attach_while_lost(settings: Settings) -> Model:
    s = Situation.detached(settings, MATRIX)
    return s.model(
        Context("qemu", partial(_boot, s.machine, s.guest, s.code(FIRST))),
        Context("ap_scan", partial(change_config, s.machine, Matrix.of([FIRST.apid]))),
        scope="QEMU opens everything and runs the guest while the host loses its adapter",
    )


def attach_while_unassigned(settings: Settings) -> Model:
    s = Situation.detached(settings, MATRIX)
    return s.model(
        Context("qemu", partial(_boot, s.machine, s.guest, s.code(FIRST))),
        Context("admin", partial(write, s.machine, s.guest.mdev, "unassign_adapter", str(FIRST.apid))),
        scope="QEMU opens everything and runs the guest while the administrator unassigns its adapter",
    )


def attach_while_removed(settings: Settings) -> Model:
    s = Situation.detached(settings, MATRIX)
    return s.model(
        Context("qemu", partial(open_and_close, s.machine, s.guest)),
        Context("admin", partial(s.machine.ops.remove_mdev, s.machine, s.guest.mdev)),
        Context("reader", partial(status_show, s.machine, s.machine.queues[FIRST])),
        scope="QEMU opens everything and closes the device again while the mdev is removed, and `status` is read",
    )


async def open_and_close(machine: Machine, guest: Guest) -> None:
    """QEMU opens everything and, when that went well, closes the device again."""
    if await open_everything(machine, guest) == 0:
        await close_fd(machine, guest, DEVICE)


def remove_open_mdev(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("admin", partial(s.machine.ops.remove_mdev, s.machine, s.guest.mdev)),
        Context("qemu", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the mdev is removed while the guest enables an interrupt; QEMU closes the device at some time",
    )


def eventfd_kept(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("qemu", partial(_set_irqs_and_close, s.machine, s.guest)),
        Context("admin", partial(s.machine.ops.remove_mdev, s.machine, s.guest.mdev)),
        scope="user space registers an eventfd and closes the device without a word, the mdev is removed; no vCPU runs",
    )


async def _set_irqs_and_close(machine: Machine, guest: Guest) -> None:
    await set_irqs(machine, guest.mdev, 0, 7)
    await close_fd(machine, guest, DEVICE)


def probe_while_read(settings: Settings) -> Model:
    s = Situation(settings, (GuestPlan("vm0", "mdev0", MATRIX),), (FIRST,), running=False, unbound=(FIRST,))
    return s.model(
        Context("admin", partial(_bind_and_unbind, s.machine)),
        Context("reader", partial(status_show, s.machine, s.machine.queues[FIRST])),
        scope="the queue is bound and unbound while somebody reads its attribute `status`; no vCPU runs",
    )


async def _bind_and_unbind(machine: Machine) -> None:
    await bind(machine, FIRST, "vfio_ap")
    await unbind(machine, FIRST)


def create_while_walked(settings: Settings) -> Model:
    plans = (GuestPlan("vm0", "mdev0", MATRIX),)
    s = Situation(settings, plans, (FIRST,), running=False, spare_mdevs=("mdev1",))
    return s.model(
        Context("admin", partial(_create_and_remove, s.machine, s.machine.mdev("mdev1"))),
        Context("reader", partial(status_show, s.machine, s.machine.queues[FIRST])),
        Context("ap_scan", partial(change_config, s.machine, Matrix.of([FIRST.apid]))),
        scope="an mdev is made and removed while `status` is read and the host loses an adapter; no vCPU runs",
    )


async def _create_and_remove(machine: Machine, mdev: Mdev) -> None:
    await machine.ops.create(machine, mdev)
    await machine.ops.remove_mdev(machine, mdev)


def ap_config(settings: Settings) -> Model:
    s = Situation.attached(settings)
    masks = ",".join(f"0x{1 << (255 - number):064x}" for number in (FIRST.apid, SIBLING.apqi, SIBLING.apqi))
    return s.model(
        Context("admin", partial(write, s.machine, s.guest.mdev, "ap_config", masks)),
        scope="the mdev gets another domain and a control domain at once while the guest enables an interrupt",
    )


def read_attributes(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("admin", partial(write, s.machine, s.guest.mdev, "unassign_adapter", str(FIRST.apid))),
        Context("reader", partial(_read_all, s.machine, s.guest.mdev)),
        scope="the attributes of an mdev are read, one after the other, while its adapter is unassigned; no vCPU runs",
    )


async def _read_all(machine: Machine, mdev: Mdev) -> None:
    for attribute in ("matrix", "guest_matrix", "control_domains"):
        await read(machine, mdev, attribute)
    if machine.on("ap_config"):
        await read(machine, mdev, "ap_config")


def unassign_filtered(settings: Settings) -> Model:
    plans = (GuestPlan("vm0", "mdev0", Matrix.of([FIRST.apid], [FIRST.apqi, SIBLING.apqi]), attached=False),)
    s = Situation(settings, plans, QUEUES, running=False, unbound=(SIBLING,))
    return s.model(
        Context("admin", partial(_unassign_and_remove, s.machine, s.guest.mdev)),
        Context("other", partial(unbind, s.machine, FIRST)),
        scope="an adapter that the filter keeps from guests is unassigned, the mdev removed; its queue is unbound",
    )


async def _unassign_and_remove(machine: Machine, mdev: Mdev) -> None:
    await machine.ops.unassign(machine, mdev, "apm", str(FIRST.apid))
    await machine.ops.remove_mdev(machine, mdev)


ATTACHING = (
    Scenario(
        "second-mdev",
        "a second mdev is opened for a VM that has one",
        "The open fails; the hook of the first mdev has to stay where it is, else the guest\n"
        "is told 01, and reads freed memory once the second mdev is removed (B17).",
        ("P4", *ATTACH),
        second_mdev,
    ),
    Scenario(
        "attach-while-lost",
        "QEMU opens a device while the host loses its adapter",
        "The scan walks the mdevs while one of them gets its VM.",
        ATTACH,
        attach_while_lost,
    ),
    Scenario(
        "attach-while-unassigned",
        "QEMU opens a device while its adapter is unassigned",
        "The administrator and QEMU want the same locks.",
        ATTACH,
        attach_while_unassigned,
    ),
    Scenario(
        "attach-while-removed",
        "QEMU opens a device while its mdev is removed",
        "Either the open is too late, or the removal waits until the device is closed.",
        ATTACH,
        attach_while_removed,
    ),
    Scenario(
        "remove-open-mdev",
        "an mdev is removed while a guest uses it",
        "User space is asked to let go, and waited for. The question looks at the mdev\nwithout a lock.",
        ATTACH,
        remove_open_mdev,
    ),
    Scenario(
        "eventfd-kept",
        "an mdev is removed whose user has not taken its eventfd back",
        "Only user space itself gives an eventfd back; neither the last close nor the end\nof the mdev does.",
        ("P7", "P9"),
        eventfd_kept,
    ),
    Scenario(
        "probe-while-read",
        "`status` is read while its queue is probed",
        "The attribute appears before there is anything to show (B22).",
        ATTACH,
        probe_while_read,
    ),
    Scenario(
        "create-while-walked",
        "an mdev is made and removed while others walk the list",
        "Who reads `status` walks all mdevs, and so does a scan (B20).",
        ATTACH,
        create_while_walked,
    ),
    Scenario(
        "read-attributes",
        "the attributes of an mdev are read while it changes",
        "All take mdevs_lock but one: ap_config, which is there since 6.10.",
        ATTACH,
        read_attributes,
    ),
    Scenario(
        "unassign-filtered",
        "an adapter that no guest could see is unassigned, and its mdev removed",
        "Only queues that a guest could see forget their mdev when they are unassigned.\n"
        "What is unbound later may follow a pointer to an mdev that is gone.",
        ATTACH,
        unassign_filtered,
    ),
)

AP_CONFIG = Scenario(
    "ap-config",
    "all masks of an mdev are replaced at once under a running guest",
    "Removed adapters and domains are unplugged and reset, new ones linked, and the\nguest gets what it may have.",
    ATTACH,
    ap_config,
)

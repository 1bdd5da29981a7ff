"""What user space asks of an open device, and what it is told: ioctls, and the eventfds behind their triggers.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_request(), vfio_ap_mdev_ioctl(),
vfio_ap_mdev_get_device_info(), vfio_ap_get_irq_info(), vfio_ap_set_irqs() (6.12, 6.16).
Left out: copies from and to user space that fail; descriptors that are no eventfd; what is behind an eventfd.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.mainline.locks import lock_for_mdev, unlock
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_queues

Index: TypeAlias = Literal["req", "cfg_chg"]
INFO_SIZE: Final = 16  # bytes of struct vfio_device_info up to num_irqs


@mirrors("vfio_ap_mdev_request")
async def request(machine: Machine, mdev: Mdev) -> None:
    """The mdev is to be removed while user space has it open, and is asked to let go.

    In 6.16 the guest loses everything at once. Before that no lock was taken, and before 6.5 nobody was asked.
    """
    if not machine.on("req_event"):
        return
    if not machine.on("cfg_chg_event"):
        await mdev.signal_req()
        return
    guest = await lock_for_mdev(machine, mdev)
    if guest is not None:
        await guest.crycb.set_masks(Matrix())
        await mdev.signal_cfg_chg()
    await mdev.signal_req()
    await unlock(machine, guest)


def indices(machine: Machine) -> tuple[Index, ...]:
    """The interrupts that user space can ask for, in the order of their numbers."""
    known: tuple[tuple[str, Index], ...] = (("req_event", "req"), ("cfg_chg_event", "cfg_chg"))
    return tuple(index for switch, index in known if machine.on(switch))


@mirrors("vfio_ap_mdev_get_device_info")
async def get_info(machine: Machine, argsz: int) -> int:
    """VFIO_DEVICE_GET_INFO: the number of interrupts. -EINVAL: user space's structure is too short."""
    async with held(machine.mdevs_lock):
        return Errno.EINVAL.failure if argsz < INFO_SIZE else len(indices(machine))


@mirrors("vfio_ap_get_irq_info")
async def get_irq_info(machine: Machine, number: int) -> int:
    """VFIO_DEVICE_GET_IRQ_INFO: how many of that interrupt there are, 1. -EINVAL: there is none of that number."""
    async with held(machine.mdevs_lock):
        return 1 if 0 <= number < len(indices(machine)) else Errno.EINVAL.failure


@mirrors("vfio_ap_set_irqs")
async def set_irqs(machine: Machine, mdev: Mdev, number: int, fd: int) -> int:
    """VFIO_DEVICE_SET_IRQS: an eventfd for that interrupt; -1: none any more. -EINVAL: no such interrupt, or below -1.

    Nobody but this gives an eventfd back.
    """
    async with held(machine.mdevs_lock):
        known = indices(machine)
        if not 0 <= number < len(known) or fd < -1:
            return Errno.EINVAL.failure
        await mdev.set_irqs(known[number], fd >= 0)
        return 0


@mirrors("vfio_ap_mdev_ioctl")
async def ioctl_reset(machine: Machine, guest: Guest) -> int:
    """VFIO_DEVICE_RESET: 0 or -EIO, which QEMU only prints."""
    mdev = guest.mdev
    busy = machine.kvm_busy.get(mdev.name)
    async with held(machine.mdevs_lock):
        if busy is not None:
            await busy.wait()
        return await reset_queues(machine, mdev)

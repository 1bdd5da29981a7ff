"""A VM comes to an mdev, and goes: the hook, the reference, the guest's masks, and at the end the resets.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_set_kvm(), vfio_ap_mdev_unset_kvm() (6.12).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, writing
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.mainline.guest_config import update_guest_apcb
from aprt.vfio_ap.mainline.locks import lock_for_kvm, unlock_for_kvm
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_queues


@mirrors("vfio_ap_mdev_set_kvm")
async def set_kvm(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    """Attach: 0, or -EPERM when another mdev has this VM. A VM without a crypto block gets nothing.

    Before fix B17 the hook was set in a section of its own, and stayed when the test for another mdev failed.
    Locks: the vfio core's dev_set lock held.
    """
    if not await guest.vm.has_crycb():
        return 0
    if not machine.on("B17"):
        async with writing(guest.hook_rwsem, when=machine.on("B4")):
            await guest.vm.set_hook(mdev.name)
    await lock_for_kvm(machine, guest)
    result = await _set_kvm(machine, mdev, guest)
    await unlock_for_kvm(machine, guest)
    return result


async def _set_kvm(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    if machine.on("B17"):
        if await guest.vm.read_hook() is not None:
            return Errno.EPERM.failure
        await guest.vm.set_hook(mdev.name)
    else:
        if await has_another(machine, mdev, guest):
            return Errno.EPERM.failure
    if machine.on("B1"):
        await guest.vm.get()
    await mdev.set_kvm(guest.name)
    await update_guest_apcb(machine, mdev)
    return 0


@mirrors(None)
async def has_another(machine: Machine, mdev: Mdev, guest: Guest) -> bool:
    """Whether the VM has another mdev. Locks: guests_lock held, or the one lock that there was before."""
    for other in await machine.matrix_dev.list_mdevs():
        if other != mdev.name and await machine.mdev(other).read_kvm() == guest.name:
            return True
    return False


@mirrors("vfio_ap_mdev_unset_kvm")
async def unset_kvm(machine: Machine, mdev: Mdev) -> None:
    """Detach: no handler, no access, every queue of the table reset and waited for, then the VM is let go.

    Taking the rwsem for writing waits for every handler in flight. Before fix B17 the VM is let go with its kvm->lock
    held; where nobody else has a reference (B12) that lock is then unlocked in freed memory. Locks: the vfio core's
    dev_set lock held.
    """
    vm = await mdev.read_kvm()
    if vm is None or not await machine.guest(vm).vm.has_crycb():
        return
    guest = machine.guest(vm)
    if not machine.on("B17"):
        async with writing(guest.hook_rwsem, when=machine.on("B4")):
            await guest.vm.set_hook(None)
    async with held(guest.gisa.ref_lock, when=machine.on("detach_in_spinlock")):
        await lock_for_kvm(machine, guest)
    await mdev.begin_detach()
    if machine.on("B17"):
        await guest.vm.set_hook(None)
    if not machine.on("keep_apcb"):
        await _clear_masks(guest)
    await reset_queues(machine, mdev)
    gone = not machine.on("B17") and await _put(machine, guest)
    await mdev.set_kvm(None)
    if gone:
        await guest.vm.touch_lock()
    await unlock_for_kvm(machine, guest)
    if machine.on("B17"):
        await _put(machine, guest)


@mirrors("kvm_arch_crypto_clear_masks")
async def _clear_masks(guest: Guest) -> None:
    await guest.crycb.set_masks(Matrix())


async def _put(machine: Machine, guest: Guest) -> bool:
    return machine.on("B1") and await put_vm(machine, guest)

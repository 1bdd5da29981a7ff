"""Before 5.19: a VM comes to an mdev through the group notifier, SET_KVM, and goes by it or when the device is closed.

Everything is done under the one lock, but for the guest's masks, which need kvm->lock. Where these are written is
what the releases differ in:

    5.3    set after the lock is given back, for the VM that the mdev has by then; cleared under it, at release.
           SET_KVM(NULL) only forgets the VM
    5.12   set and cleared under the lock; SET_KVM(NULL) cleans up as release does (B7)
    5.13   the lock is given back meanwhile, and a flag keeps others out (B2); a VM without a crypto block gets nothing
    5.15   kvm->lock is taken first, then the lock (B3): `kvm_attach` is all there is to do

4.20 has no hook, takes no reference, cleans up without a lock, and unregisters before it clears the VM pointer.

Mirrors: drivers/vfio/vfio.c: vfio_group_get_device_fd(), vfio_device_fops_release() (4.20 to 5.15);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_group_notifier(), vfio_ap_mdev_set_kvm() (4.20 to 5.15);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_open(), vfio_ap_mdev_release() (4.20 to 5.13);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_open_device(), vfio_ap_mdev_close_device() (5.15);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_unset_kvm() (5.12 to 5.15).
Left out: the driver's reference of its own module; that a notifier cannot be registered; that before 5.15 the core
does not count the files of a device, and each that is opened or closed is to the driver (no scenario opens two).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, writing
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.kvm.group import Group, register_notifier
from aprt.vfio_ap.mainline import kvm_attach
from aprt.vfio_ap.mainline.kvm_busy import KvmBusy
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_queues


@mirrors("vfio_group_get_device_fd")
async def open_device(machine: Machine, guest: Guest) -> int:
    """The device file is opened; the first time the notifier is registered, and called if a VM is known.

    0; -ENODEV: the device is being removed. Unlike later on, a device without a VM opens as well.
    """
    device = guest.device
    if not await device.get_registration():
        return Errno.ENODEV.failure
    async with held(device.dev_set_lock):
        if await device.opened(1) == 1:
            await _open(machine, guest)
    return 0


@mirrors(renamed("vfio_ap_mdev_open", dev_set="vfio_ap_mdev_open_device"))
async def _open(machine: Machine, guest: Guest) -> None:
    await register_notifier(guest.group, guest.mdev.name, notify, machine)


@mirrors("vfio_device_fops_release")
async def release_device(machine: Machine, guest: Guest) -> None:
    """The device file is closed for good."""
    async with held(guest.device.dev_set_lock):
        if await guest.device.opened(-1) == 0:
            await _close(machine, guest)
    await guest.device.put_registration()


@mirrors(renamed("vfio_ap_mdev_release", dev_set="vfio_ap_mdev_close_device"))
async def _close(machine: Machine, guest: Guest) -> None:
    group, mdev = guest.group, guest.mdev
    if _kvm_lock_first(machine):
        await group.unregister()
        await kvm_attach.unset_kvm(machine, mdev)
    elif machine.on("aqic"):
        async with held(machine.mdevs_lock):
            await unset_kvm(machine, mdev)
        async with held(machine.mdevs_lock, when=machine.on("unregister_locked")):
            await group.unregister()
    else:
        await _release(machine, group, mdev)


@mirrors("vfio_ap_mdev_group_notifier")
async def notify(machine: Machine, name: str, vm: str | None) -> int:
    """The notifier of the mdev of that name, in the caller's context. 0, or -EPERM when another mdev has this VM.

    Before fix B7 an mdev whose VM goes only forgets it: hook, masks, interrupts and the reference stay.
    """
    mdev, guest = machine.mdev(name), None if vm is None else machine.guest(vm)
    if _kvm_lock_first(machine) and guest is not None:
        return await kvm_attach.set_kvm(machine, mdev, guest)
    if _kvm_lock_first(machine):
        await kvm_attach.unset_kvm(machine, mdev)
        return 0
    async with held(machine.mdevs_lock, when=machine.on("B7")):
        if guest is not None:
            return await _attach(machine, mdev, guest)
        if machine.on("B7"):
            await unset_kvm(machine, mdev)
        else:
            await mdev.set_kvm(None)
    return 0


async def _attach(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    error = await set_kvm(machine, mdev, guest)
    if error or mdev.name in machine.kvm_busy:
        return error
    vm = guest.name if machine.on("B7") else await mdev.read_kvm()
    if vm is None:
        await mdev.null_dereference("kvm")
    elif await machine.guest(vm).vm.has_crycb():
        await _write_masks(machine.guest(vm), await mdev.read_matrix())
    return 0


@mirrors("vfio_ap_mdev_set_kvm")
async def set_kvm(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    """Attach, before fix B3: 0 or -EPERM. Unless the lock is dropped to write the masks (B2), the caller writes them.

    Since then a VM without a crypto block is left alone, and the hook is set before the VM pointer. Locks: since B7 the
    lock held, before that taken; kvm->lock while it is dropped.
    """
    busy = machine.kvm_busy.get(mdev.name)
    if busy is not None and not await guest.vm.has_crycb():
        return 0
    async with held(machine.mdevs_lock, when=not machine.on("B7")):
        if await kvm_attach.has_another(machine, mdev, guest):
            return Errno.EPERM.failure
        if _keeps_vm(machine):
            await guest.vm.get()
        if busy is not None:
            await _with_lock_dropped(machine, busy, guest, await mdev.read_matrix(), mdev.name)
            await _set_hook_unlocked(machine, guest, mdev.name)
        await mdev.set_kvm(guest.name)
        if busy is not None:
            await busy.done()
        else:
            await _set_hook(machine, guest, mdev.name)
    return 0


@mirrors(renamed(None, B7="vfio_ap_mdev_unset_kvm"))
async def unset_kvm(machine: Machine, mdev: Mdev) -> None:
    """Detach, before fix B3. Locks: the lock held; takes kvm->lock in it, or while it is dropped (B2).

    The reference may be the last one: then the VM, and with it kvm-vfio, is destroyed under the lock.
    """
    busy = machine.kvm_busy.get(mdev.name)
    if busy is not None:
        await busy.wait()
    vm = await mdev.read_kvm()
    if vm is None:
        return
    guest = machine.guest(vm)
    await mdev.begin_detach()
    if busy is not None:
        await _with_lock_dropped(machine, busy, guest, None, None)
    else:
        await _write_masks(guest, None)
        await _set_hook(machine, guest, None)
    await reset_queues(machine, mdev)
    if busy is not None:
        await _set_hook_unlocked(machine, guest, None)
    if _keeps_vm(machine):
        await put_vm(machine, guest)
    await mdev.set_kvm(None)
    if busy is not None:
        await busy.done()


async def _with_lock_dropped(
    machine: Machine, busy: KvmBusy, guest: Guest, masks: Matrix | None, hook: str | None
) -> None:
    """Masks, and a hook with a lock of its own (B4), change while the flag is set and the lock dropped.

    Locks: the lock held, on return too.
    """
    await busy.leave_lock()
    if machine.on("B4"):
        await _set_hook(machine, guest, hook)
    await _write_masks(guest, masks)
    await busy.lock.lock()


async def _set_hook_unlocked(machine: Machine, guest: Guest, hook: str | None) -> None:
    """A hook without a lock of its own. Locks: the lock held, again."""
    if not machine.on("B4"):
        await _set_hook(machine, guest, hook)


async def _release(machine: Machine, group: Group, mdev: Mdev) -> None:
    vm = await mdev.read_kvm()
    if vm is not None:
        await _write_masks(machine.guest(vm), None)
    await reset_queues(machine, mdev)
    await group.unregister()
    await mdev.set_kvm(None)


def _kvm_lock_first(machine: Machine) -> bool:
    return machine.on("aqic") and machine.on("B3")


def _keeps_vm(machine: Machine) -> bool:
    return machine.on("aqic") and machine.on("B1")


async def _set_hook(machine: Machine, guest: Guest, mdev: str | None) -> None:
    if not machine.on("aqic"):
        return
    async with writing(guest.hook_rwsem, when=machine.on("B4")):
        await guest.vm.set_hook(mdev)


@mirrors(lambda _, masks: f"kvm_arch_crypto_{'clear' if masks is None else 'set'}_masks")
async def _write_masks(guest: Guest, masks: Matrix | None) -> None:
    """None: the guest loses all. Locks: takes kvm->lock."""
    async with held(guest.kvm_lock):
        await guest.crycb.set_masks(masks or Matrix())

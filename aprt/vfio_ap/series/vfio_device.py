"""The vfio device file of an mdev: open, ioctl and release.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_open(), vfio_ap_mdev_release(), vfio_ap_mdev_ioctl().
Left out: the registration of the IOMMU notifier, which `iommu_notifier` takes for done while the device is open, and
that it, or the group notifier's, can fail and is unwound; the ioctls that only describe the device.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.kvm.group import register_notifier
from aprt.vfio_ap.series.cleanup import detach
from aprt.vfio_ap.series.group_notifier import notify
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.reset import reset_queues


@mirrors("vfio_ap_mdev_open")
async def open_device(machine: Machine, guest: Guest) -> int:
    """Module reference, group notifier (called at once when the VM is known), then usable. 0 or -ENODEV."""
    if not await machine.module.try_get():
        return Errno.ENODEV.failure
    mdev = guest.mdev
    await mdev.set_opened(True)
    await register_notifier(guest.group, mdev.name, notify, machine)
    return 0


@mirrors("vfio_ap_mdev_release")
async def release_device(machine: Machine, guest: Guest) -> None:
    """The last close of the device file: clean up, unregister, let the module go, drop the VM last."""
    mdev = guest.mdev
    detached = await detach(machine, mdev)
    if detached is None and not machine.on("cleanup_everywhere"):
        # without a VM the series still resets the queues of the matrix, and does nothing else
        await reset_queues(machine, await mdev.read_matrix())
    early = machine.on("put_early")
    if detached is not None and machine.on("vm_ref") and early:
        async with held(machine.matrix_lock):
            await put_vm(machine, detached)
    await guest.group.unregister()
    await mdev.set_opened(False)
    await machine.module.put()
    if detached is not None and machine.on("vm_ref") and not early:
        await put_vm(machine, detached)
        if machine.on("put_twice"):
            await put_vm(machine, detached)


@mirrors("vfio_ap_mdev_ioctl")
async def ioctl_reset(machine: Machine, guest: Guest) -> int:
    """VFIO_DEVICE_RESET, as QEMU sends it for its own reset. 0 or an error that QEMU only prints."""
    async with held(machine.matrix_lock, when=machine.on("one_mutex")):
        return await reset_queues(machine, await guest.mdev.read_matrix())

"""The driver's group notifier: SET_KVM with a VM attaches it to the mdev, with NULL takes it away.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_group_notifier(), vfio_ap_mdev_set_kvm() (5.0 and v4).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held, writing
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.series.cleanup import detach
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.mdev import Mdev


@mirrors("vfio_ap_mdev_group_notifier")
async def notify(machine: Machine, name: str, vm: str | None) -> int:
    """The notifier itself, of the mdev of that name, in the caller's context. -EPERM is only seen by tests."""
    mdev = machine.mdev(name)
    if vm is not None:
        return await set_kvm(machine, mdev, machine.guest(vm))
    if not machine.on("cleanup_everywhere"):
        await mdev.set_kvm(None)
        return 0
    guest = await detach(machine, mdev)
    if guest is not None and machine.on("vm_ref"):
        # never the last one: kvm-vfio, which sends this, holds a reference of its own
        await guest.vm.put()
    return 0


@mirrors("vfio_ap_mdev_set_kvm")
async def set_kvm(machine: Machine, mdev: Mdev, guest: Guest) -> int:
    """Attach: -EPERM when another mdev has this VM; else pointer, reference, hook and masks.

    Variant `hook_before_check`: the hook is set before the test and stays when the test fails.
    """
    before = machine.variant("hook_order") == "hook_before_check"
    if before:
        await _set_hook(machine, mdev, guest)
    async with held(machine.matrix_lock):
        for other in await machine.matrix_dev.list_mdevs():
            if other != mdev.name and await machine.mdev(other).read_kvm() == guest.name:
                return Errno.EPERM.failure
        if machine.on("vm_ref"):
            await guest.vm.get()
        await mdev.set_kvm(guest.name)
    if not before:
        await _set_hook(machine, mdev, guest)
    if await guest.vm.has_crycb():
        async with held(guest.kvm_lock):
            await guest.crycb.set_masks(await mdev.read_matrix())
    return 0


async def _set_hook(machine: Machine, mdev: Mdev, guest: Guest) -> None:
    async with writing(guest.hook_lock, when=machine.on("hook_lock")):
        await guest.vm.set_hook(mdev.name)

"""The vfio core: the device file of an mdev is opened and closed, and kvm-vfio tells the group which VM uses it.

Mirrors: drivers/vfio/vfio_main.c: vfio_device_open(), vfio_device_fops_release(), vfio_file_set_kvm() (6.0);
virt/kvm/vfio.c: kvm_vfio_destroy() (6.0);
drivers/vfio/group.c: vfio_device_group_open(), vfio_device_group_close() (6.2, 6.3);
virt/kvm/vfio.c: kvm_vfio_release() (6.2 to 6.12);
virt/kvm/kvm_main.c: kvm_device_release() (6.2 to 6.12);
drivers/vfio/group.c: vfio_group_fops_unl_ioctl(), vfio_df_group_open(), vfio_df_group_close(), vfio_group_set_kvm(),
vfio_device_group_get_kvm_safe() (6.12);
drivers/vfio/vfio_main.c: vfio_device_fops_release(), vfio_df_open(), vfio_df_close(), vfio_device_put_kvm() (6.12);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_open_device(), vfio_ap_mdev_close_device() (6.12);
virt/kvm/vfio.c: kvm_vfio_file_set_kvm() (6.12).
Left out: that group_lock is an rwsem in 6.0, which opening and closing read; that kvm-vfio takes its own lock for a
moment, too, when its device goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.vfio_device import VfioDevice

F = TypeVar("F", bound=Callable[..., Any])


@mirrors("vfio_group_fops_unl_ioctl")
async def open_device(machine: Machine, guest: Guest) -> int:
    """The device file is opened; the first time the core takes a reference of the VM and the driver attaches it.

    0; -ENODEV: the device is being removed; -EINVAL: no VM is known; what the driver says otherwise. Before fix B12 the
    core takes no reference, it trusts in the group's lock.
    """
    if not await guest.device.get_registration():
        return Errno.ENODEV.failure
    error = await _group_open(machine, guest)
    if error:
        await guest.device.put_registration()
    return error


@mirrors(renamed("vfio_device_open", group_lock_first="vfio_device_group_open", group_add_locked="vfio_df_group_open"))
async def _group_open(machine: Machine, guest: Guest) -> int:
    device = guest.device
    outer, inner = _locks(machine, device)
    async with held(outer), held(inner):
        if await device.opened(1) > 1:
            return 0
        vm = await _get_kvm_safe(machine, device)
        await device.set_kvm(None if vm is None else vm.name)
        error = Errno.EINVAL.failure if vm is None else await _driver(machine.ops.attach)(machine, guest.mdev, vm)
        if error:
            await device.opened(-1)
            await _put_kvm(machine, device)
        return error


@mirrors("vfio_device_fops_release")
async def release_device(machine: Machine, guest: Guest) -> None:
    """The device file is closed for good; after the last one the driver detaches, and then the core drops its VM."""
    await _group_close(machine, guest)
    await guest.device.put_registration()


@mirrors(renamed(None, group_lock_first="vfio_device_group_close", group_add_locked="vfio_df_group_close"))
async def _group_close(machine: Machine, guest: Guest) -> None:
    device = guest.device
    outer, inner = _locks(machine, device)
    async with held(outer), held(inner):
        if await device.opened(-1) == 0:
            if not machine.on("close_needs_group") or await _recorded(device) is not None:
                await _driver(machine.ops.detach)(machine, guest.mdev)
            await _put_kvm(machine, device)


def _driver(function: F | None) -> F:
    """A function that every driver since 6.0 has."""
    assert function is not None
    return function


def _locks(machine: Machine, device: VfioDevice) -> tuple[Mutex | None, Mutex | None]:
    """The group's lock and that of the device's set, the outer one first: until 6.2 that was the latter."""
    group, dev_set = device.group_lock, device.dev_set_lock
    return (group, dev_set) if machine.on("group_lock_first") else (dev_set, group)


def keeps_vm(machine: Machine) -> bool:
    """Whether the core has a reference of the VM while the device is open."""
    return machine.on("B12") and not machine.on("no_core_ref")


async def _get_kvm_safe(machine: Machine, device: VfioDevice) -> Guest | None:
    """A reference of the recorded VM, unless its last one is gone already."""
    async with held(device.kvm_ref_lock):
        vm = await device.recorded_kvm()
        if vm is None:
            return None
        if keeps_vm(machine) and not await machine.guest(vm).vm.get_unless_zero():
            return None
        return machine.guest(vm)


async def _recorded(device: VfioDevice) -> str | None:
    async with held(device.kvm_ref_lock):
        return await device.recorded_kvm()


async def _put_kvm(machine: Machine, device: VfioDevice) -> None:
    vm = await device.read_kvm()
    if vm is not None:
        await device.set_kvm(None)
        if keeps_vm(machine):
            await put_vm(machine, machine.guest(vm))


@mirrors("kvm_vfio_file_set_kvm")
async def group_set_kvm(machine: Machine, guest: Guest, vm: Guest | None) -> None:
    """The group of `guest` is given to kvm-vfio, or taken from it, which records the VM, or that there is none.

    Locks: holds kvm-vfio's own, since 6.6 also when the group is given to it.
    """
    own = guest.kvm_vfio_lock if vm is None else vm.kvm_vfio_lock
    async with held(own, when=vm is None or machine.on("group_add_locked")):
        await _record(guest, vm)


async def _record(guest: Guest, vm: Guest | None) -> None:
    device = guest.device
    async with held(device.group_kvm_lock):
        await device.record_kvm(None if vm is None else vm.name)


@mirrors("kvm_device_release")
async def kvm_vfio_closed(machine: Machine, guest: Guest) -> None:
    """The kvm-vfio file is closed for good; since fix B11 its device goes with it. Locks: takes kvm->lock."""
    if machine.on("B11"):
        async with held(guest.kvm_lock):
            await kvm_vfio_release(guest)


async def kvm_vfio_release(guest: Guest) -> None:
    """The kvm-vfio device goes: the group forgets its VM. Locks: kvm->lock held."""
    await _record(guest, None)


@mirrors("kvm_vfio_destroy")
async def kvm_vfio_destroyed(machine: Machine, guest: Guest) -> None:
    """The VM is destroyed. Before fix B11 the kvm-vfio device goes, and the group forgets the VM, only now.

    With the fix the kernel has no such function any more, and nothing is left to do.
    """
    if not machine.on("B11"):
        await _record(guest, None)

"""The host's configuration changes under the guests: what the AP bus tells the driver in the course of a scan.

Removals are announced before the devices disappear, additions before they appear, the end of the scan after both.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_on_cfg_changed(), vfio_ap_mdev_on_cfg_remove(),
vfio_ap_mdev_cfg_remove(), vfio_ap_mdev_hot_unplug_cfg(), vfio_ap_mdev_on_cfg_add(), vfio_ap_on_scan_complete(),
vfio_ap_mdev_hot_plug_cfg(), vfio_ap_mdev_resource_in_use() (6.12).
Left out: the types of cards, of which the driver takes CEX4 and later only.
"""

from __future__ import annotations

import attrs

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.mainline.guest_config import NO_APIDS, filter_cdoms, filter_matrix, reset_queues_of, update_guest_apcb
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev


@mirrors("vfio_ap_on_cfg_changed")
async def config_changed(machine: Machine, new: Matrix, old: Matrix) -> None:
    """The host has another configuration. Guests lose what it lost; what it gained is noted for `scan_complete`."""
    async with held(machine.guests_lock):
        removed, added = old.difference(new), new.difference(old)
        if removed != Matrix():
            await _cfg_remove(machine, removed)
        if added != Matrix():
            await _cfg_add(machine, added)
        await machine.matrix_dev.set_info(new)


async def _cfg_remove(machine: Machine, removed: Matrix) -> None:
    before = False
    for name in await machine.matrix_dev.list_mdevs():
        mdev = machine.mdev(name)
        gone = removed.intersection(await mdev.read_matrix())
        before = gone != Matrix() or (before and not machine.on("B24"))
        if before:
            guest = await _lock_vm(machine, mdev)
            await machine.mdevs_lock.lock()
            await _hot_unplug_cfg(machine, mdev, gone)
            await machine.mdevs_lock.unlock()
            if guest is not None:
                await guest.kvm_lock.unlock()


async def _lock_vm(machine: Machine, mdev: Mdev) -> Guest | None:
    """kvm->lock of the mdev's VM. Before fix B19 it was taken whether there was a VM or not."""
    vm = await mdev.read_kvm()
    if vm is None:
        if not machine.on("B19"):
            await mdev.null_dereference("kvm->lock")
        return None
    guest = machine.guest(vm)
    await guest.kvm_lock.lock()
    return guest


@mirrors("vfio_ap_mdev_hot_unplug_cfg")
async def _hot_unplug_cfg(machine: Machine, mdev: Mdev, gone: Matrix) -> None:
    """Take what the host lost from the guest. No reset: the devices are about to go."""
    old = await mdev.read_shadow()
    shadow = old.difference(gone)
    if not machine.on("B25"):
        shadow = attrs.evolve(shadow, adm=old.adm)
    await mdev.set_shadow(shadow)
    if _changed(machine, old, shadow, gone):
        await update_guest_apcb(machine, mdev)


def _changed(machine: Machine, old: Matrix, shadow: Matrix, gone: Matrix) -> bool:
    """Whether the guest's masks have to be written. Before fix B21: whether something is left of a mask that shrank."""
    if machine.on("B21"):
        return shadow != old
    return bool((gone.apm and shadow.apm) or (gone.aqm and shadow.aqm) or (gone.adm and shadow.adm))


async def _cfg_add(machine: Machine, added: Matrix) -> None:
    for name in await machine.matrix_dev.list_mdevs():
        mdev = machine.mdev(name)
        async with held(machine.mdevs_lock, when=machine.on("B26")):
            await mdev.set_added((await mdev.read_matrix()).intersection(added))


@mirrors("vfio_ap_on_scan_complete")
async def scan_complete(machine: Machine) -> None:
    """The scan is done and the new devices are there: guests get what the host gained and their mdevs have."""
    async with held(machine.guests_lock):
        for name in await machine.matrix_dev.list_mdevs():
            mdev = machine.mdev(name)
            guest = await _lock_vm(machine, mdev)
            await machine.mdevs_lock.lock()
            await _hot_plug_cfg(machine, mdev)
            await machine.mdevs_lock.unlock()
            if guest is not None:
                await guest.kvm_lock.unlock()


@mirrors("vfio_ap_mdev_hot_plug_cfg")
async def _hot_plug_cfg(machine: Machine, mdev: Mdev) -> None:
    added = await mdev.read_added()
    if added == Matrix():
        return
    changed, lost = False, NO_APIDS
    if added.apm or added.aqm:
        changed, lost = await filter_matrix(machine, mdev)
    elif not machine.on("B23"):
        lost = tuple(sorted((await mdev.read_shadow()).apm))  # whatever the bitmap held: here, all of them
    if added.adm:
        changed = await filter_cdoms(machine, mdev) or changed
    if changed:
        await update_guest_apcb(machine, mdev)
    await reset_queues_of(machine, mdev, lost)
    await mdev.set_added(Matrix())


@mirrors("vfio_ap_mdev_resource_in_use")
async def in_use(machine: Machine, wanted: Matrix) -> int:
    """Whether an mdev has an APQN of `wanted`, which the host's drivers are to get: 0 or -EADDRINUSE.

    Locks: ap_perms_mutex held.
    """
    async with held(machine.guests_lock), held(machine.mdevs_lock):
        for name in await machine.matrix_dev.list_mdevs():
            if (await machine.mdev(name).read_matrix()).intersection(wanted).apqns():
                return Errno.EADDRINUSE.failure
    return 0

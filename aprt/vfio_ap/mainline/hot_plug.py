"""The host's configuration changes under the guests: what the AP bus tells the driver in the course of a scan.

Removals are announced before the devices disappear, additions before they appear, the end of the scan after both.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_on_cfg_changed(), vfio_ap_mdev_on_cfg_remove(),
vfio_ap_mdev_cfg_remove(), vfio_ap_mdev_hot_unplug_cfg(), vfio_ap_mdev_on_cfg_add(), vfio_ap_on_scan_complete(),
vfio_ap_mdev_cfg_add(), vfio_ap_filter_apid_by_qtype(), vfio_ap_mdev_hot_plug_cfg(),
vfio_ap_mdev_resource_in_use() (6.12).
"""

from __future__ import annotations

import attrs

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.kernel.held import held
from aprt.vfio_ap.ap.ap_queue import CEX4
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.mainline.guest_config import (
    NO_APIDS,
    Apids,
    filter_cdoms,
    filter_matrix,
    reset_filtered,
    update_guest_apcb,
)
from aprt.vfio_ap.mainline.locks import lock_below_guests, unlock_below_guests
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
    """Every mdev loses what it has of `removed`, and so does its guest.

    Before fix B24 the flag that says whether there is anything was not cleared from one mdev to the next. Before B25
    the control domains that were looked at were those which the mdev does *not* have.
    """
    unplugs = False
    for name in await machine.matrix_dev.list_mdevs():
        mdev = machine.mdev(name)
        guest = await _lock(machine, mdev)
        matrix = await mdev.read_matrix()
        gone = removed.intersection(matrix)
        if not machine.on("B25"):
            gone = attrs.evolve(gone, adm=removed.difference(matrix).adm)
        unplugs = gone != Matrix() or (unplugs and not machine.on("B24"))
        if unplugs:
            await _hot_unplug_cfg(machine, mdev, gone)
        await unlock_below_guests(machine, guest)


async def _lock(machine: Machine, mdev: Mdev) -> Guest | None:
    """As `lock_below_guests`; before fix B19 kvm->lock was taken whether there was a VM or not."""
    if not machine.on("B19") and await mdev.read_kvm() is None:
        await mdev.null_dereference("kvm")
    return await lock_below_guests(machine, mdev)


@mirrors("vfio_ap_mdev_hot_unplug_cfg")
async def _hot_unplug_cfg(machine: Machine, mdev: Mdev, gone: Matrix) -> None:
    """Take what the host lost from the guest. No reset: the devices are about to go."""
    old = await mdev.read_shadow()
    shadow = old.difference(gone)
    await mdev.set_shadow(shadow)
    if _changed(machine, old, shadow, gone):
        await update_guest_apcb(machine, mdev)


def _changed(machine: Machine, old: Matrix, shadow: Matrix, gone: Matrix) -> bool:
    """Whether the guest's masks have to be written. Before fix B21: whether something is left of a mask that shrank."""
    if machine.on("B21"):
        return shadow != old
    return bool((gone.apm and shadow.apm) or (gone.aqm and shadow.aqm) or (gone.adm and shadow.adm))


@mirrors("vfio_ap_mdev_cfg_add")
async def _cfg_add(machine: Machine, added: Matrix) -> None:
    mdevs = await machine.matrix_dev.list_mdevs()
    if not mdevs:
        return
    added = await _of_known_type(machine, added)
    for name in mdevs:
        mdev = machine.mdev(name)
        async with held(machine.mdevs_lock, when=machine.on("B26")):
            await mdev.set_added((await mdev.read_matrix()).intersection(added))


@mirrors("vfio_ap_filter_apid_by_qtype")
async def _of_known_type(machine: Machine, added: Matrix) -> Matrix:
    """Without the adapters that are older than CEX4, or whose type is not told.

    Their queues in the domains that were *added* are asked: when no domain was, no adapter is looked at.
    """
    for apid in sorted(added.apm):
        for apqi in sorted(added.aqm):
            queue = machine.queues.get(Apqn(apid, apqi))
            hwtype = None if queue is None else await queue.hw.tapq_type(HOST)
            if hwtype is None or hwtype < CEX4:
                added = added.without_bit("apm", apid)
                break
    return added


@mirrors("vfio_ap_on_scan_complete")
async def scan_complete(machine: Machine) -> None:
    """The scan is done and the new devices are there: guests get what the host gained and their mdevs have.

    Before fix B26 what was gained was looked at, and forgotten, under guests_lock only.
    """
    locked = machine.on("B26")
    async with held(machine.guests_lock):
        for name in await machine.matrix_dev.list_mdevs():
            mdev = machine.mdev(name)
            if not locked and await mdev.read_added() == Matrix():
                continue
            guest = await _lock(machine, mdev)
            await _hot_plug_cfg(machine, mdev)
            if locked:
                await mdev.set_added(Matrix())
            await unlock_below_guests(machine, guest)
            if not locked:
                await mdev.set_added(Matrix())


@mirrors("vfio_ap_mdev_hot_plug_cfg")
async def _hot_plug_cfg(machine: Machine, mdev: Mdev) -> None:
    added = await mdev.read_added()
    if added == Matrix():
        return
    gained = added.intersection(await mdev.read_matrix())
    changed, lost = await _hot_plug_queues(machine, mdev, gained)
    if gained.adm:
        changed = await filter_cdoms(machine, mdev) or changed
    if changed:
        await update_guest_apcb(machine, mdev)
    await reset_filtered(machine, mdev, lost)


async def _hot_plug_queues(machine: Machine, mdev: Mdev, gained: Matrix) -> tuple[bool, Apids]:
    """Filter for the adapters and domains that were gained. Result as for `filter_matrix`.

    Before fix B29 only a part of the matrix was filtered, and that in any case. Since then nothing is filtered where no
    adapter and no domain was gained; the bitmap of adapters that the guest loses is then as it was on the stack, maybe
    full, unless it was cleared first (B23).
    """
    if not machine.on("B29"):
        shadow = await mdev.read_shadow()
        aqm = shadow.aqm if gained.apm and not gained.aqm else gained.aqm
        return await filter_matrix(machine, mdev, Matrix.of(gained.apm or shadow.apm, aqm))
    if gained.apm or gained.aqm:
        return await filter_matrix(machine, mdev)
    if machine.on("B23") or await choose("apm_filtered", "empty", "full") == "empty":
        return False, NO_APIDS
    return False, tuple(sorted((await mdev.read_shadow()).apm))


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

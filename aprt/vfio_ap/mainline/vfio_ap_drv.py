"""The driver on the AP bus: a queue device gets it, or loses it.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_probe_queue(), vfio_ap_mdev_remove_queue(),
status_show(), vfio_ap_mdev_for_queue() (6.12).
Left out: that before 6.8 a queue left the table of its mdev before it was reset, which nobody sees under these locks.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.mainline.guest_config import filter_and_update, link_queue, reset_adapter, update_guest_apcb
from aprt.vfio_ap.mainline.irq import free_aqic_resources
from aprt.vfio_ap.mainline.locks import lock_by_apqn, lock_for_queue, mdev_of, unlock
from aprt.vfio_ap.mainline.machine import Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.mainline.reset import reset_and_wait

Shown: TypeAlias = Literal["unassigned", "assigned", "in use"]


@mirrors("vfio_ap_mdev_probe_queue")
async def probe_queue(machine: Machine, queue: Queue) -> int:
    """A queue device gets this driver: 0, -EEXIST (its attribute was left behind) or -ENOMEM.

    An mdev that has its APQN gets the queue, and its guest too. Before fix B22 the locks were taken last, when the
    attribute was there and the object, too. Locks: device_lock held.
    """
    early = await lock_by_apqn(machine, queue.apqn) if machine.on("B22") else None
    found = await _make(machine, queue)
    if isinstance(found, Errno):
        if early is not None:
            await unlock(machine, early[1])
        if found is Errno.ENOMEM and machine.on("B39"):
            await queue.status.remove()
        return found.failure
    mdev, guest = early or await lock_by_apqn(machine, queue.apqn)
    if mdev is not None:
        await _give_to_guest(machine, mdev, found)
    await machine.bus.set_drvdata(queue.apqn, found.generation)
    await unlock(machine, guest)
    return 0


async def _make(machine: Machine, queue: Queue) -> QueuePointer | Errno:
    """The attribute, then the object; or why one of them cannot be made."""
    if not await queue.status.create():
        return Errno.EEXIST
    if machine.on("probe_enomem") and await choose("alloc", "ok", "fails") == "fails":
        return Errno.ENOMEM
    return QueuePointer(queue.apqn, await queue.object.alloc())


async def _give_to_guest(machine: Machine, mdev: Mdev, found: QueuePointer) -> None:
    """While the mdev has adapters or domains pending, scan_complete will do the filtering (B31)."""
    await link_queue(machine, mdev, found)
    added = await mdev.read_added()
    if not (machine.on("B31") and (added.apm or added.aqm)):
        await filter_and_update(machine, mdev)


@mirrors("vfio_ap_mdev_remove_queue")
async def remove_queue(machine: Machine, queue: Queue) -> None:
    """The driver lets a queue device go: the guest loses the adapter, queues are reset, the object is freed.

    Locks: device_lock held.
    """
    if not machine.on("status_removed_late"):
        await queue.status.remove()
    generation = await machine.bus.get_drvdata(queue.apqn)
    if generation is None:
        return
    found = QueuePointer(queue.apqn, generation)
    guest = await lock_for_queue(machine, queue, found)
    name = await queue.object.read_mdev(generation)
    mdev = None if name is None else machine.mdev(name)
    await _take_from_guest(machine, queue, found, mdev)
    if mdev is not None:
        await mdev.hash_del(found)
    await machine.bus.set_drvdata(queue.apqn, None)
    await queue.object.free()
    if machine.on("status_removed_late"):
        await queue.status.remove()
    await unlock(machine, guest)


async def _take_from_guest(machine: Machine, queue: Queue, found: QueuePointer, mdev: Mdev | None) -> None:
    if mdev is not None:
        shadow = await mdev.read_shadow()
        if queue.apqn in shadow:
            await mdev.set_shadow(shadow.without_bit("apm", queue.apqn.apid))
            await update_guest_apcb(machine, mdev)
            if machine.on("B27"):
                await reset_adapter(machine, mdev, queue.apqn.apid)
            else:
                await reset_and_wait(machine, found)
            return
    if queue.apqn in await machine.matrix_dev.read_info() or not machine.on("B32"):
        await reset_and_wait(machine, found)
    elif machine.on("B18"):
        await free_aqic_resources(machine, queue, found)


@mirrors("status_show")
async def status_show(machine: Machine, queue: Queue) -> Shown | None:
    """Somebody reads the attribute `status` of a queue; None: there is no such attribute (any more).

    Before 6.8 every queue of an mdev that has a VM was "in use", whether the guest could see it or not.
    """
    if not await queue.status.enter():
        return None
    shown: Shown = "unassigned"
    async with held(machine.guests_lock, when=machine.on("B20")), held(machine.mdevs_lock):
        looked = machine.bus.get_drvdata if machine.on("B22") else machine.bus.follow_drvdata
        mdev = None if await looked(queue.apqn) is None else await _mdev_for_queue(machine, queue)
        if mdev is not None:
            attached = await mdev.read_kvm() is not None
            seen = attached and (not machine.on("status_of_guest") or queue.apqn in await mdev.read_shadow())
            shown = "in use" if seen else "assigned"
    await queue.status.leave()
    return shown


@mirrors("vfio_ap_mdev_for_queue")
async def _mdev_for_queue(machine: Machine, queue: Queue) -> Mdev | None:
    return await mdev_of(machine, queue.apqn)

"""How the driver finds the object of a queue for an mdev, and all that an mdev has.

Since 6.0 an mdev has a table. Before, the driver walked the devices that are bound to it, and an object pointed to the
mdev only from one AQIC of its guest to the next disabling.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_get_queue(), vfio_ap_find_queue() (6.12);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_get_queue(), match_apqn() (5.3 to 5.15);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_find_queue() (5.12 to 5.15);
drivers/base/driver.c: driver_find_device() (5.3 to 5.15).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.host.names import renamed
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev import Mdev


@mirrors(renamed("vfio_ap_get_queue", dynamic_config="vfio_ap_mdev_get_queue"))
async def get_queue(machine: Machine, mdev: Mdev, apqn: Apqn) -> QueuePointer | None:
    """The queue with that APQN, if the mdev has it. Locks: mdevs_lock held."""
    if machine.on("dynamic_config"):
        return await mdev.find(apqn)
    if apqn not in await mdev.read_matrix():
        return None
    found = await walk_devices(machine, apqn)
    if found is not None:
        await machine.queues[apqn].object.set_mdev(found.generation, mdev.name)
    return found


@mirrors(None)
async def queues_of(machine: Machine, mdev: Mdev) -> tuple[QueuePointer, ...]:
    """All of them. Locks: mdevs_lock held."""
    if machine.on("dynamic_config"):
        return await mdev.queues()
    result: tuple[QueuePointer, ...] = ()
    for apqn in (await mdev.read_matrix()).apqns():
        found = await walk_devices(machine, apqn)
        if found is not None:
            result += (found,)
    return result


@mirrors("vfio_ap_find_queue")
async def find_queue(machine: Machine, apqn: Apqn) -> QueuePointer | None:
    """The queue with that APQN, through the AP bus: its device must be bound, and have drvdata already."""
    generation = await machine.bus.get_drvdata(apqn)
    return None if generation is None else QueuePointer(apqn, generation)


@mirrors(renamed(None, B35="vfio_ap_find_queue"))
async def walk_devices(machine: Machine, apqn: Apqn) -> QueuePointer | None:
    """The queue with that APQN, through the devices bound to the driver."""
    generation = await _driver_find_device(machine, apqn)
    return None if generation is None else QueuePointer(apqn, generation)


@mirrors("driver_find_device")
async def _driver_find_device(machine: Machine, apqn: Apqn) -> int | None:
    return await machine.bus.driver_find_device(apqn)

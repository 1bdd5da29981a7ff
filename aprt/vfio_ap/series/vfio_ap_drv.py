"""The vfio_ap driver on the AP bus: probe and remove of one queue device.

Mirrors: drivers/s390/crypto/vfio_ap_drv.c: vfio_ap_queue_dev_probe(), vfio_ap_queue_dev_remove(), as the v4 series
has them (cover letter). Whether remove holds the matrix lock is the variant `remove_lock`.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.kernel.held import held
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.series.cleanup import free_records
from aprt.vfio_ap.series.machine import Machine, Queue
from aprt.vfio_ap.series.reset import reset_and_wait, reset_until_empty


@mirrors("vfio_ap_queue_dev_probe")
async def probe_queue(machine: Machine, queue: Queue) -> int:
    """A queue device gets this driver. 0 or -ENOMEM. The new queue goes to the free list, whoever claims its APQN.

    Variant `probe_links`: it goes to the mdev that has the APQN in its matrix, as today's driver does.
    """
    if machine.on("probe_enomem") and await choose("alloc", "ok", "fails") == "fails":
        return Errno.ENOMEM.failure
    generation = await queue.object.alloc()
    await machine.bus.set_drvdata(queue.apqn, generation)
    async with held(machine.matrix_lock):
        found = QueuePointer(queue.apqn, generation)
        if machine.variant("probe") == "probe_links":
            for name in await machine.matrix_dev.list_mdevs():
                mdev = machine.mdev(name)
                if queue.apqn in await mdev.read_matrix():
                    await queue.object.set_mdev(name)
                    await mdev.link(found)
                    return 0
        await machine.matrix_dev.give(found)
    return 0


@mirrors("vfio_ap_queue_dev_remove")
async def remove_queue(machine: Machine, queue: Queue) -> None:
    """The driver lets a queue device go: guest access, reset, records, bucket, object. In that order."""
    locked = machine.variant("remove_lock") == "remove_locked" or machine.on("one_mutex")
    async with held(machine.matrix_lock, when=locked):
        generation = await machine.bus.get_drvdata(queue.apqn)
        if generation is None:
            return
        await _release(machine, queue, QueuePointer(queue.apqn, generation))
        await machine.bus.set_drvdata(queue.apqn, None)
        await queue.object.free()


async def _release(machine: Machine, queue: Queue, found: QueuePointer) -> None:
    name = await queue.object.read_mdev(found.generation)
    vm = None if name is None else await machine.mdev(name).read_kvm()
    guest = None if vm is None else machine.guest(vm)
    if guest is not None:
        async with held(guest.kvm_lock):
            await guest.crycb.drop_adapter(queue.apqn.apid)
    if machine.on("wait_reset"):
        await reset_and_wait(queue.hw)
    else:
        await reset_until_empty(queue.hw)
    await free_records(machine, queue, found, guest, after_reset=True)
    if name is None or await machine.mdev(name).unlink(queue.apqn) is None:
        await machine.matrix_dev.take(queue.apqn)

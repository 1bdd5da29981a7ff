"""The driver's IOMMU notifier: user space unmaps a range of guest memory.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_iommu_notifier() (v4 series, patch 4).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.memory import PAGE
from aprt.vfio_ap.series.cleanup import disable
from aprt.vfio_ap.series.machine import Guest, Machine


@mirrors("vfio_ap_mdev_iommu_notifier")
async def notify_unmap(machine: Machine, guest: Guest, first: int, pages: int) -> None:
    """The callback. The series unpins one page, the first of the range, and does nothing else.

    Variant `unmap_disables`: every queue whose NIB lies in the range is disabled, which also unpins.
    """
    if machine.variant("unmap") == "unmap_unpins":
        await guest.memory.unpin(first << PAGE)
        return
    async with held(machine.matrix_lock):
        for found in await guest.mdev.queues():
            queue = machine.queues[found.apqn]
            saved = await queue.object.records(found.generation)
            if saved is not None and first <= saved.nib >> PAGE < first + pages:
                await disable(machine, queue, found, guest)

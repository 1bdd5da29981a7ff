"""User space unmaps a range of guest memory that may hold a NIB.

The notifier of old and the callback of today do the same. They are two functions, as in the kernel, because the tables
of functions show each by its name (`driver`).

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_iommu_notifier() (5.3 to 5.15);
drivers/s390/crypto/vfio_ap_ops.c: vfio_ap_mdev_dma_unmap(), unmap_iova() (6.12).
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.mainline.find_queue import queues_of
from aprt.vfio_ap.mainline.irq import irq_disable
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.memory import PAGE


@mirrors("vfio_ap_mdev_iommu_notifier")
async def notifier(machine: Machine, guest: Guest, first: int, pages: int) -> None:
    """Before 6.0: see `callback`."""
    await _unmap(machine, guest, first, pages)


@mirrors("vfio_ap_mdev_dma_unmap")
async def callback(machine: Machine, guest: Guest, first: int, pages: int) -> None:
    """Every queue whose NIB lies in the range is disabled, which also unpins (B13).

    A queue without a NIB has the address 0. Before that fix one page was unpinned, the first of the range, and
    nothing else done.
    """
    await _unmap(machine, guest, first, pages)


async def _unmap(machine: Machine, guest: Guest, first: int, pages: int) -> None:
    if not machine.on("B13"):
        await guest.memory.unpin(first << PAGE)
        return
    async with held(machine.mdevs_lock):
        for found in await queues_of(machine, guest.mdev):
            queue = machine.queues[found.apqn]
            _, saved = await queue.object.records(found.generation)
            page = 0 if saved is None else saved.iova >> PAGE
            if first <= page < first + pages:
                await irq_disable(machine, queue, found)

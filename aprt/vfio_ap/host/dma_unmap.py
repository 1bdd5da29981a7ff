"""User space unmaps a range of guest memory, which type1 has to take from whoever has pinned a page of it.

Mirrors: drivers/vfio/vfio_iommu_type1.c: vfio_dma_do_unmap(), which repeats the callback and gives up with a BUG.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.vfio_ap.host.machine import Guest, Machine

ROUNDS = 11  # type1 calls back so often before it gives up: once, and then for each of ten retries


@mirrors("vfio_dma_do_unmap")
async def dma_unmap(machine: Machine, guest: Guest, first: int, pages: int) -> None:
    """Unmap `pages` pages from page number `first` on. While one of them stays pinned the driver is told again."""
    for _ in range(ROUNDS):
        if await guest.memory.unmap(first, pages):
            return
        await machine.ops.dma_unmap(machine, guest, first, pages)
    if not await guest.memory.unmap(first, pages):
        await guest.memory.bug(first)

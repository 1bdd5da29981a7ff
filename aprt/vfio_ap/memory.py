"""Guest memory as the host sees it: what is mapped for DMA, and which pages are pinned.

One actor per VM stands for the IOMMU domain of its container and the pages behind it. A pin keeps a page where
it is; hardware that writes a page nobody pins writes memory that may be somebody else's by now.

Mirrors: drivers/vfio/vfio_iommu_type1.c: vfio_iommu_type1_pin_pages(), vfio_iommu_type1_unpin_pages(),
vfio_dma_do_unmap().
Left out: page tables, access rights, several containers.
"""

from __future__ import annotations

import attrs
from pyrsistent import PMap, PSet, pmap, pset

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note, Oops, Owes

PAGE = 12  # bits of an address inside its page


@attrs.frozen
class MemoryState:
    mapped: PSet[int]  # page numbers (guest), valid for DMA
    pins: PMap[int, int] = pmap()  # page number -> count, no zeros
    written: PSet[int] = pset()  # NIB addresses that hardware has set and the guest has not cleared


@attrs.frozen(eq=False)
class Memory(Actor[MemoryState]):
    """The memory of the VM called `vm`. Pages are numbers of 4 KiB guest pages."""

    atomic = ("*",)  # the domain and its pages have locks of their own

    vm: str
    pages: tuple[int, ...]

    def initial(self) -> MemoryState:
        return MemoryState(pset(self.pages))

    @handler(reads="mapped pins", writes="pins")
    def pin(self, state: MemoryState, by: Caller, nib: int) -> Outcome[MemoryState, bool]:
        """Pin the page of the address `nib`. False: it is not mapped."""
        page = nib >> PAGE
        if page not in state.mapped:
            return state, False
        after = attrs.evolve(state, pins=state.pins.set(page, state.pins.get(page, 0) + 1))
        return after, True, (Owes(("pin", self.vm, page), 1),)

    @handler(reads="pins", writes="pins")
    def unpin(self, state: MemoryState, by: Caller, nib: int) -> Outcome[MemoryState, bool]:
        """Drop one pin of the page of `nib`. False: there was none, nothing changes."""
        page = nib >> PAGE
        count = state.pins.get(page, 0)
        if not count:
            return state, False
        pins = state.pins.set(page, count - 1) if count > 1 else state.pins.remove(page)
        return attrs.evolve(state, pins=pins), True, (Owes(("pin", self.vm, page), -1),)

    @handler(reads="mapped pins", writes="mapped")
    def unmap(self, state: MemoryState, by: Caller, first: int, pages: int) -> Outcome[MemoryState, bool]:
        """User space takes the range away from DMA; it may be used for something else. False: a page is pinned."""
        if any(first <= page < first + pages for page in state.pins):
            return state, False
        gone = {page for page in state.mapped if first <= page < first + pages}
        return attrs.evolve(state, mapped=pset(state.mapped - gone)), True

    @handler(reads="")
    def bug(self, state: MemoryState, by: Caller, first: int) -> Outcome[MemoryState, None]:
        """type1 has told the driver often enough and stops the host. Finding P10."""
        return state, None, (Oops("P10", f"{self.vm}: pages from {first:#x} on stay pinned while they are unmapped"),)

    @handler(reads="pins written", writes="written")
    def write_nib(self, state: MemoryState, by: Caller, nib: int) -> Outcome[MemoryState, None]:
        """Hardware sets the notification byte at `nib`. It does not know whether the page is still pinned."""
        notes: tuple[Note, ...] = ()
        if nib >> PAGE not in state.pins:
            notes = (Broken("P8", f"hardware writes the NIB {nib:#x} of {self.vm} in a page that is not pinned"),)
        return attrs.evolve(state, written=state.written.add(nib)), None, notes

    @handler(reads="written", writes="written")
    def clear_nib(self, state: MemoryState, by: Caller, nib: int) -> Outcome[MemoryState, bool]:
        """The guest tests and clears its notification byte."""
        if nib not in state.written:
            return state, False
        return attrs.evolve(state, written=state.written.remove(nib)), True

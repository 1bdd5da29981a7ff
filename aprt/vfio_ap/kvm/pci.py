"""Interrupts of a PCI function are forwarded to its guest: a user of the GISC counts beside the AP queues.

Mirrors: arch/s390/kvm/pci.c: kvm_s390_pci_aif_enable(), kvm_s390_pci_aif_disable(). Left out: everything but the
registration and that a later step may fail: the pages of the indicators, the forwarding table, the function itself.
"""

from __future__ import annotations

from aprt.core.chain import mirrors
from aprt.core.effects import choose
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.kvm.gisa_int import GisaParts
from aprt.vfio_ap.kvm.gisc import gisc_register, gisc_unregister


@mirrors("kvm_s390_pci_aif_enable")
async def aif_enable(parts: GisaParts, isc: int, unregisters: bool = True) -> int:
    """Forward: 0, -EIO when a page cannot be pinned, or what the registration says. Lock: takes ref_lock.

    unregisters: the way back from a failure gives the registration back (B45).
    """
    gisc = await gisc_register(parts, isc)
    if gisc < 0:
        return gisc
    if await choose("pin_user_pages", "ok", "fails") == "fails":
        if unregisters:
            await gisc_unregister(parts, isc)
        return Errno.EIO.failure
    return 0


@mirrors("kvm_s390_pci_aif_disable")
async def aif_disable(parts: GisaParts, isc: int) -> None:
    """Forward no longer. Lock: takes ref_lock."""
    await gisc_unregister(parts, isc)

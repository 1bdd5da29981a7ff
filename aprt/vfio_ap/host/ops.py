"""The tables of functions through which the AP bus, KVM and the vfio core call the driver of an era.

Machine, queue and guest are those of the driver's own package, which is why their types are open here.

Mirrors: drivers/s390/crypto/ap_bus.h: struct ap_driver; include/linux/vfio.h: struct vfio_device_ops;
virt/kvm/vfio.c: struct kvm_device_ops (kvm_vfio_ops).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from aprt.vfio_ap.host.aqic import Answer


@attrs.frozen
class Ops:
    """probe, remove: of a queue device (machine, queue); probe replies 0 or a negative errno.

    config_changed: a scan has read another configuration (machine, new, old). scan_complete: and is done (machine).
    in_use: whether queues that the host wants for itself are assigned (machine, wanted): 0 or a negative errno.
    pqap: a vCPU's PQAP(AQIC) is intercepted (machine, guest, aqic). open, release: first open, which replies 0 or a
    negative errno, and last close of the device file (machine, guest). reset: VFIO_DEVICE_RESET, 0 or a negative errno
    (machine, guest). dma_unmap: pages of the guest's memory are to go (machine, guest, first page, how many).
    set_kvm: kvm-vfio puts a guest, or None, into the guest's group (machine, guest, whom). kvm_vfio_closed: last close
    of the kvm-vfio file, None before there was something to do. kvm_vfio_destroyed: the VM is gone, and the kvm-vfio
    device with it (machine, guest).
    """

    probe: Callable[[Any, Any], Awaitable[int]]
    remove: Callable[[Any, Any], Awaitable[None]]
    pqap: Callable[[Any, Any, Any], Awaitable[Answer]]
    open: Callable[[Any, Any], Awaitable[int]]
    release: Callable[[Any, Any], Awaitable[None]]
    reset: Callable[[Any, Any], Awaitable[int]]
    dma_unmap: Callable[[Any, Any, int, int], Awaitable[None]]
    set_kvm: Callable[[Any, Any, Any], Awaitable[None]]
    kvm_vfio_destroyed: Callable[[Any, Any], Awaitable[None]] | None = None
    kvm_vfio_closed: Callable[[Any, Any], Awaitable[None]] | None = None
    config_changed: Callable[[Any, Any, Any], Awaitable[None]] | None = None
    scan_complete: Callable[[Any], Awaitable[None]] | None = None
    in_use: Callable[[Any, Any], Awaitable[int]] | None = None

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Those that the driver has, by name."""
        found = ((field.name, getattr(self, field.name)) for field in attrs.fields(Ops))
        return MappingProxyType({name: function for name, function in found if function is not None})

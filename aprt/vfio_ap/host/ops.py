"""The tables of functions through which the AP bus, KVM, the vfio core and sysfs call the driver of an era.

Machine, queue and guest are those of the driver's own package, which is why their types are open here.

Mirrors: drivers/s390/crypto/ap_bus.h: struct ap_driver; include/linux/vfio.h: struct vfio_device_ops;
include/linux/kvm_host.h: struct kvm_device_ops (kvm_vfio_ops); include/linux/mdev.h: struct mdev_driver.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from aprt.core.effects import Effect
from aprt.vfio_ap.host.aqic import Answer


@attrs.frozen
class Ops:
    """The functions of one driver. Each is called with the machine first; results are 0 or a negative errno."""

    # AP bus: (machine, queue)
    probe: Callable[[Any, Any], Awaitable[int]]  # a queue device is to get the driver
    remove: Callable[[Any, Any], Awaitable[None]]  # the driver loses a queue device

    # KVM: (machine, guest, aqic)
    pqap: Callable[[Any, Any, Any], Awaitable[Answer]]  # PQAP(AQIC) of a vCPU is intercepted

    # vfio core: (machine, guest)
    open: Callable[[Any, Any], Awaitable[int]]  # the device file is opened
    release: Callable[[Any, Any], Awaitable[None]]  # the last reference of the device file is gone
    reset: Callable[[Any, Any], Awaitable[int]]  # ioctl VFIO_DEVICE_RESET
    # (machine, guest, first page, how many): the guest's memory loses these pages for DMA
    dma_unmap: Callable[[Any, Any, int, int], Awaitable[None]]

    # sysfs: (machine, mdev); an mdev is made, and removed
    create: Callable[[Any, Any], Coroutine[Effect[Any], Any, int]]
    remove_mdev: Callable[[Any, Any], Coroutine[Effect[Any], Any, int]]
    # (machine, mdev, mask, text): a number is written to assign_adapter (mask "apm") or assign_domain ("aqm")
    assign: Callable[[Any, Any, Any, str], Coroutine[Effect[Any], Any, int]]
    unassign: Callable[[Any, Any, Any, str], Coroutine[Effect[Any], Any, int]]

    # kvm-vfio; None where the driver's era has nothing to do
    # (machine, guest, whom): kvm-vfio puts guest `whom`, or None, into the vfio group of `guest`
    set_kvm: Callable[[Any, Any, Any], Awaitable[None]]
    # (machine, guest): the VM is destroyed; the kvm-vfio file is closed
    kvm_vfio_destroyed: Callable[[Any, Any], Awaitable[None]] | None = None
    kvm_vfio_closed: Callable[[Any, Any], Awaitable[None]] | None = None

    # the driver's part of the first open and of the last close of the device; None before 6.0: a notifier does it
    attach: Callable[[Any, Any, Any], Awaitable[int]] | None = None  # (machine, mdev, guest)
    detach: Callable[[Any, Any], Awaitable[None]] | None = None  # (machine, mdev)

    # AP bus since 6.0, None before
    # (machine, new, old): a scan has read a configuration of the host that is not the old one
    config_changed: Callable[[Any, Any, Any], Awaitable[None]] | None = None
    scan_complete: Callable[[Any], Awaitable[None]] | None = None  # (machine): that scan is done
    # (machine, wanted): does an mdev have queues of this matrix, which the host wants for itself?
    in_use: Callable[[Any, Any], Awaitable[int]] | None = None

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Those that the driver has, by name."""
        found = ((field.name, getattr(self, field.name)) for field in attrs.fields(Ops))
        return MappingProxyType({name: function for name, function in found if function is not None})

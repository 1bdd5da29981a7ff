"""The releases that are eras, the oldest first, and in a line what is new in each: to name them without the model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "4.20": "the first release: queues for guests, without interrupts; no reference of the VM is taken",
        "5.3": "interrupts, under one lock; the VM comes through a notifier, and SET_KVM(NULL) only forgets it",
        "5.12": "SET_KVM(NULL) cleans up as release does, all under the lock",
        "5.13": "the lock is given back while masks are written; a flag keeps others out meanwhile",
        "5.15": "a rwsem for the hook; kvm->lock is taken before the lock",
        "6.0": "dynamic configuration: guests_lock, mdevs_lock, shadow APCB, hot plug and unplug",
        "6.2": "DMA unmap disables the interrupts of the queues concerned",
        "6.3": "resets end when TAPQ says so; the vfio core keeps a VM reference",
        "6.6": "a work item waits for the end of each reset, without limit",
        "6.8": "the whole matrix is filtered, what a guest loses is reset",
        "6.12": "the attribute ap_config: all masks of an mdev, read or written at once",
        "6.16": "6.12 with the event that tells user space of configuration changes",
        "2026": "6.12.117, with the ten fixes of August to October 2026",
    }
)

"""The lock orders that the kernels mean to keep, by the classes that the model gives their locks.

Mirrors: drivers/s390/crypto/vfio_ap_ops.c: what stands above get_update_locks_for_kvm() and its like, and the order in
which callbacks of KVM, the vfio core and the AP bus find locks taken (6.12); Documentation/virt/kvm/locking.rst
(kvm->lock is taken outside vcpu->mutex).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.documented_order import DocumentedOrder

_KVM: Final = ("kvm_lock", "vcpu_mutex")
_BUS: Final = ("ap_scan_bus_mutex", "device_lock", "ap_perms_mutex")
_INNERMOST: Final = ("ref_lock",)

_NOTIFIED: Final = ("kvm_vfio_lock", "notifier_rwsem")

BEFORE_5_15: Final = DocumentedOrder((_BUS, _KVM, (*_NOTIFIED, "matrix_lock"), (*_NOTIFIED, "kvm_lock")), _INNERMOST)
"""Nothing is said of the driver's one lock and kvm->lock: which of them comes first went wrong (B2)."""

FROM_5_15: Final = DocumentedOrder(
    (
        _BUS,
        (*_KVM, "pqap_hook_rwsem", "matrix_lock"),
        (*_NOTIFIED, "kvm_lock"),
        ("dev_set_lock", "notifier_rwsem"),
    ),
    _INNERMOST,
)

FROM_6_0: Final = DocumentedOrder(
    (
        (*_BUS, "guests_lock", *_KVM, "pqap_hook_rwsem", "mdevs_lock", "iommu_lock"),
        ("group_lock", "dev_set_lock", "guests_lock"),
        ("device_list_lock", "mdevs_lock"),
        ("kvm_vfio_lock", "group_lock"),
    ),
    _INNERMOST,
)

LOCK_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "device_lock": "&dev->mutex",
        "dev_set_lock": "&device->dev_set->lock",
        "group_lock": "&group->group_lock",
        "guests_lock": "&matrix_dev->guests_lock",
        "kvm_busy": "matrix_mdev->kvm_busy",
        "kvm_lock": "&kvm->lock",
        "kvm_ref_lock": "&group->kvm_ref_lock",
        "kvm_vfio_lock": "&kv->lock",
        "matrix_lock": "&matrix_dev->lock",
        "mdev_sysfs": "kn->active",
        "mdevs_lock": "&matrix_dev->mdevs_lock",
        "notifier_rwsem": "&(&group->notifier)->rwsem",
        "pqap_hook_rwsem": "&kvm->arch.crypto.pqap_hook_rwsem",
        "ref_lock": "&gi->alert.ref_lock",
        "reset_work": "(work_completion)(&q->reset_work)",
        "status": "kn->active#2",
        "vcpu_mutex": "&vcpu->mutex",
    }
)
"""What lockdep calls the classes. The others have the same name there (`ap_perms_mutex`), or none."""

"""The driver of the series, as the tables of functions through which bus, KVM and vfio call it."""

from __future__ import annotations

from functools import partial

from aprt.vfio_ap.host import kvm_vfio
from aprt.vfio_ap.host.ops import Ops
from aprt.vfio_ap.series import mdev_sysfs
from aprt.vfio_ap.series.group_notifier import notify
from aprt.vfio_ap.series.iommu_notifier import notify_unmap
from aprt.vfio_ap.series.pqap import handle_pqap
from aprt.vfio_ap.series.vfio_ap_drv import probe_queue, remove_queue
from aprt.vfio_ap.series.vfio_device import ioctl_reset, open_device, release_device

OPS = Ops(
    probe=probe_queue,
    remove=remove_queue,
    pqap=handle_pqap,
    open=open_device,
    release=release_device,
    reset=ioctl_reset,
    dma_unmap=notify_unmap,
    create=mdev_sysfs.create,
    remove_mdev=mdev_sysfs.remove,
    assign=mdev_sysfs.assign,
    unassign=mdev_sysfs.unassign,
    set_kvm=partial(kvm_vfio.set_group, notify),
    kvm_vfio_destroyed=partial(kvm_vfio.destroyed, notify),
)

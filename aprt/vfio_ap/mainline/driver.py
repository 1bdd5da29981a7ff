"""The driver as the tables of functions through which bus, KVM and vfio call it."""

from __future__ import annotations

from functools import partial

from aprt.vfio_ap.host import kvm_vfio
from aprt.vfio_ap.host.ops import Ops
from aprt.vfio_ap.mainline import (
    dma_unmap,
    fixed_config,
    group_notifier,
    kvm_attach,
    mdev_sysfs,
    vfio_ap_drv,
    vfio_core,
)
from aprt.vfio_ap.mainline.hot_plug import config_changed, in_use, scan_complete
from aprt.vfio_ap.mainline.pqap import handle_pqap
from aprt.vfio_ap.mainline.vfio_events import ioctl_reset

DYNAMIC = Ops(
    probe=vfio_ap_drv.probe_queue,
    remove=vfio_ap_drv.remove_queue,
    pqap=handle_pqap,
    open=vfio_core.open_device,
    release=vfio_core.release_device,
    reset=ioctl_reset,
    dma_unmap=dma_unmap.callback,
    create=mdev_sysfs.create,
    remove_mdev=mdev_sysfs.remove,
    assign=mdev_sysfs.assign,
    unassign=mdev_sysfs.unassign,
    set_kvm=vfio_core.group_set_kvm,
    kvm_vfio_closed=vfio_core.kvm_vfio_closed,
    kvm_vfio_destroyed=vfio_core.kvm_vfio_destroyed,
    attach=kvm_attach.set_kvm,
    detach=kvm_attach.unset_kvm,
    config_changed=config_changed,
    scan_complete=scan_complete,
    in_use=in_use,
)

FIXED = Ops(
    probe=fixed_config.probe_queue,
    remove=fixed_config.remove_queue,
    pqap=handle_pqap,
    open=group_notifier.open_device,
    release=group_notifier.release_device,
    reset=ioctl_reset,
    dma_unmap=dma_unmap.notifier,
    create=mdev_sysfs.create,
    remove_mdev=mdev_sysfs.remove,
    assign=fixed_config.assign,
    unassign=fixed_config.unassign,
    set_kvm=partial(kvm_vfio.set_group, group_notifier.notify),
    kvm_vfio_destroyed=partial(kvm_vfio.destroyed, group_notifier.notify),
)
"""Before 6.0: no configuration changes under a guest, and a group notifier (until 5.18) tells the VM."""


def ops(dynamic: bool) -> Ops:
    """The tables of the driver since 6.0 (`dynamic`), or of one before."""
    return DYNAMIC if dynamic else FIXED

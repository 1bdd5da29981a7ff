"""The driver as the tables of functions through which bus, KVM and vfio call it."""

from __future__ import annotations

from aprt.vfio_ap.host.ops import Ops
from aprt.vfio_ap.mainline.hot_plug import config_changed, in_use, scan_complete
from aprt.vfio_ap.mainline.pqap import handle_pqap
from aprt.vfio_ap.mainline.vfio_ap_drv import probe_queue, remove_queue
from aprt.vfio_ap.mainline.vfio_core import (
    group_set_kvm,
    kvm_vfio_closed,
    kvm_vfio_destroyed,
    open_device,
    release_device,
)

OPS = Ops(
    probe=probe_queue,
    remove=remove_queue,
    pqap=handle_pqap,
    open=open_device,
    release=release_device,
    set_kvm=group_set_kvm,
    kvm_vfio_closed=kvm_vfio_closed,
    kvm_vfio_destroyed=kvm_vfio_destroyed,
    config_changed=config_changed,
    scan_complete=scan_complete,
    in_use=in_use,
)

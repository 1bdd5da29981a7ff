"""The functions of the vfio_ap driver, so that a page can say which of them the model leaves out, and why.

Names of drivers/s390/crypto/vfio_ap_ops.c and vfio_ap_drv.c in Linux 6.16.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPS: Final = "drivers/s390/crypto/vfio_ap_ops.c"
DRV: Final = "drivers/s390/crypto/vfio_ap_drv.c"

_PART = "part of its callers here: a loop, a look-up or a field"
_PURE = "a computation without a step of its own"
_LOG = "only logs"
_TEXT = "only makes text of a mask, or reads one"
_PROTECTED = "no guest here has pages that it does not share"
_INIT = "an object, or the module, is set up or taken down; the model begins when all is there"

_IN_OPS = """
    get_update_locks_for_kvm release_update_locks_for_kvm get_update_locks_for_mdev release_update_locks_for_mdev
    get_update_locks_by_apqn get_update_locks_for_queue vfio_ap_mdev_get_queue vfio_ap_wait_for_irqclear
    vfio_ap_free_aqic_resources vfio_ap_irq_disable vfio_ap_validate_nib ensure_nib_shared vfio_ap_irq_enable
    vfio_ap_le_guid_to_be_uuid handle_pqap vfio_ap_matrix_init signal_guest_ap_cfg_changed
    vfio_ap_mdev_update_guest_apcb vfio_ap_mdev_filter_cdoms _queue_passable vfio_ap_mdev_filter_matrix
    vfio_ap_mdev_init_dev vfio_ap_mdev_probe vfio_ap_mdev_link_queue vfio_ap_mdev_link_apqn
    vfio_ap_unlink_queue_fr_mdev vfio_ap_unlink_mdev_fr_queue vfio_ap_mdev_unlink_fr_queues vfio_ap_mdev_remove
    vfio_ap_mdev_log_sharing_err vfio_ap_mdev_log_in_use_err vfio_ap_mdev_verify_no_sharing
    vfio_ap_mdev_validate_masks vfio_ap_mdev_link_adapter collect_queues_to_reset reset_queues_for_apid
    reset_queues_for_apids assign_adapter_store vfio_ap_unlink_apqn_fr_mdev vfio_ap_mdev_unlink_adapter
    vfio_ap_mdev_hot_unplug_adapters vfio_ap_mdev_hot_unplug_adapter unassign_adapter_store vfio_ap_mdev_link_domain
    assign_domain_store vfio_ap_mdev_unlink_domain vfio_ap_mdev_hot_unplug_domains vfio_ap_mdev_hot_unplug_domain
    unassign_domain_store assign_control_domain_store unassign_control_domain_store control_domains_show
    vfio_ap_mdev_matrix_show matrix_show guest_matrix_show write_ap_bitmap ap_config_show parse_bitmap
    ap_matrix_overflow_check ap_matrix_copy ap_config_store vfio_ap_mdev_set_kvm unmap_iova vfio_ap_mdev_dma_unmap
    vfio_ap_mdev_unset_kvm vfio_ap_find_queue apq_status_check apq_reset_check vfio_ap_mdev_reset_queue
    vfio_ap_mdev_reset_queues vfio_ap_mdev_reset_qlist vfio_ap_mdev_open_device vfio_ap_mdev_close_device
    vfio_ap_mdev_request vfio_ap_mdev_get_device_info vfio_ap_get_irq_info vfio_ap_irq_set_init
    vfio_ap_set_request_irq vfio_ap_set_cfg_change_irq vfio_ap_set_irqs vfio_ap_mdev_ioctl vfio_ap_mdev_for_queue
    status_show vfio_ap_mdev_register vfio_ap_mdev_unregister vfio_ap_mdev_probe_queue vfio_ap_mdev_remove_queue
    vfio_ap_mdev_resource_in_use vfio_ap_mdev_hot_unplug_cfg vfio_ap_mdev_cfg_remove vfio_ap_mdev_on_cfg_remove
    vfio_ap_filter_apid_by_qtype vfio_ap_mdev_cfg_add vfio_ap_mdev_on_cfg_add vfio_ap_on_cfg_changed
    vfio_ap_mdev_hot_plug_cfg vfio_ap_on_scan_complete
"""
_IN_DRV = """
    features_show vfio_ap_matrix_dev_release vfio_ap_matrix_dev_create vfio_ap_matrix_dev_destroy
    vfio_ap_dbf_info_init vfio_ap_init vfio_ap_exit
"""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({OPS: _names(_IN_OPS), DRV: _names(_IN_DRV)})

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "vfio_ap_unlink_queue_fr_mdev": _PART,
        "vfio_ap_unlink_mdev_fr_queue": _PART,
        "vfio_ap_mdev_unlink_fr_queues": _PART,
        "vfio_ap_mdev_link_adapter": _PART,
        "vfio_ap_mdev_link_domain": _PART,
        "vfio_ap_mdev_unlink_adapter": _PART,
        "vfio_ap_mdev_unlink_domain": _PART,
        "collect_queues_to_reset": _PART,
        "signal_guest_ap_cfg_changed": _PART,
        "vfio_ap_irq_set_init": _PART,
        "vfio_ap_set_request_irq": _PART,
        "vfio_ap_set_cfg_change_irq": _PART,
        "vfio_ap_matrix_init": _PURE,
        "ap_matrix_overflow_check": _PURE,
        "ap_matrix_copy": _PURE,
        "vfio_ap_le_guid_to_be_uuid": _LOG,
        "vfio_ap_mdev_log_sharing_err": _LOG,
        "vfio_ap_mdev_log_in_use_err": _LOG,
        "ensure_nib_shared": _PROTECTED,
        "vfio_ap_mdev_matrix_show": _TEXT,
        "write_ap_bitmap": _TEXT,
        "parse_bitmap": _TEXT,
        "features_show": _TEXT,
        "vfio_ap_mdev_init_dev": _INIT,
        "vfio_ap_mdev_register": _INIT,
        "vfio_ap_mdev_unregister": _INIT,
        "vfio_ap_matrix_dev_release": _INIT,
        "vfio_ap_matrix_dev_create": _INIT,
        "vfio_ap_matrix_dev_destroy": _INIT,
        "vfio_ap_dbf_info_init": _INIT,
        "vfio_ap_init": _INIT,
        "vfio_ap_exit": _INIT,
    }
)

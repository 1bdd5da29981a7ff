"""The switches of a release: fixes and features as it has them, and what is the same in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from aprt.core.switch import FLAG, Switch
from aprt.vfio_ap.host.switches import ASSUMPTIONS, HOST_MUTANTS, HOST_PARAMETERS, REFUSED_ENABLE
from aprt.vfio_ap.kvm.gisa_switches import GISA_SWITCHES
from aprt.vfio_ap.releases.disturbances import BINDINGS
from aprt.vfio_ap.releases.fixes import fix_switches, has, in_or_out, never_had

_GONE: Mapping[str, str] = MappingProxyType({"hook_owner": "5.15"})

_FEATURES = (
    ("aqic", "5.3", "PQAP(AQIC) is handled, each queue has an object, and a VM's mdev a reference of it"),
    ("hook_owner", "5.3", "KVM holds a reference of the module that the hook names while it calls it; until 5.15"),
    ("dev_set", "5.15", "the vfio core opens and closes devices under the lock of their set"),
    ("gisc_checked", "5.18", "the driver notices that the registration of an ISC has failed"),
    ("dynamic_config", "6.0", "what a guest has may change while it runs; two locks; open takes the VM, no notifier"),
    ("group_add_locked", "6.6", "kvm-vfio holds its own lock also while a group is given to it"),
    ("group_lock_first", "6.2", "the vfio core takes the group's lock before that of the set, not after it"),
    ("status_of_guest", "6.8", "the attribute status tells which queues a guest sees, not which its mdev has"),
    ("checkstop_ends", "6.9", "a broken card (04) ends a reset, and an adapter with a queue of it may be seen"),
    ("ap_config", "6.10", "the attribute ap_config of an mdev has all its masks"),
)

PARAMETERS = (
    *HOST_PARAMETERS,
    Switch("probe_enomem", "parameter", FLAG, "the allocation in probe may fail"),
    Switch("facility_65", "parameter", ("yes", "no"), "the machine has AQIC"),
    Switch("binding", "parameter", tuple(BINDINGS), "secure binding: 0a at a reset, or 35 until one, once a queue"),
)

MUTANTS = (
    *HOST_MUTANTS,
    Switch("no_core_ref", "mutant", FLAG, "the vfio core takes no reference of the VM of an open device (P9)"),
    Switch("close_needs_group", "mutant", FLAG, "the driver's close runs only while the group has its VM (P4)"),
    Switch("keep_apcb", "mutant", FLAG, "a detach leaves the guest its masks (P11)"),
    Switch("reset_skips_first", "mutant", FLAG, "the first queue of an mdev's table is not reset (P1)"),
    Switch("detach_in_spinlock", "mutant", FLAG, "a detach takes its locks while it holds a spinlock (P23)"),
    Switch("assign_without_perms", "mutant", FLAG, "assign_adapter and assign_domain leave ap_perms_mutex alone (P15)"),
    Switch("assign_keeps_bit", "mutant", FLAG, "an assignment that is refused leaves its bit in the matrix (P39)"),
    Switch("handler_asks_bus", "mutant", FLAG, "a PQAP handler finds a queue by the bus, not in the table (P37)"),
    Switch("one_try_more", "mutant", FLAG, "the loops of irq_disable make one round more than they may (P38)"),
    Switch("status_removed_late", "mutant", FLAG, "remove takes the attribute status away with its locks held (P40)"),
    Switch("reset_unwaited", "mutant", FLAG, "nobody waits for the end of a reset (P1)"),
)

OF_NOTIFIER = (
    Switch("unregister_locked", "mutant", FLAG, "the driver unregisters its notifier with its lock held (P20)"),
)

_GISA_SINCE: Mapping[str, str] = MappingProxyType(
    {
        "clear_kicked": "5.15",
        "keep_deliverable": "5.15",
        "idle_by_index": "5.15",
        "destroy_takes_list": "6.6",
        "gd_of_nothing": "6.11",
        "gal_handled": "5.1",
        "physical_link": "6.4",
        "ipm_of_nothing": "5.1",
        "moved_kernel": "6.10",
    }
)
_GISA_UNTIL: Mapping[str, str] = MappingProxyType({"gd_of_nothing": "6.2"})
"""What was right before a release broke it."""


def switches(era: str) -> tuple[Switch, ...]:
    """All switches of an era, with its defaults."""
    features = tuple(
        Switch(name, "feature", ("in" if has(era, since) and not _is_gone(era, name) else "out",), f"{about} ({since})")
        for name, since, about in _FEATURES
    )
    features += never_had(era)
    variants = (
        Switch("req_event", "variant", in_or_out(has(era, "6.5")), "user space can be asked to let a device go (6.5)"),
        Switch(
            "cfg_chg_event",
            "variant",
            in_or_out(era == "6.16"),
            "user space can be told of changes of a guest's configuration (6.16)",
        ),
        REFUSED_ENABLE,
    )
    notifier = () if has(era, "6.0") else OF_NOTIFIER
    gisa = tuple(_as_of(era, switch) for switch in GISA_SWITCHES)
    return (*fix_switches(era), *features, *variants, *ASSUMPTIONS, *PARAMETERS, *MUTANTS, *notifier, *gisa)


def _is_gone(era: str, feature: str) -> bool:
    return feature in _GONE and has(era, _GONE[feature])


def _as_of(era: str, switch: Switch) -> Switch:
    """A switch of the GISA as the era has it: what is in the kernel by then is in."""
    since, until = _GISA_SINCE.get(switch.name), _GISA_UNTIL.get(switch.name, era)
    return switch if since is None else attrs.evolve(switch, values=in_or_out(has(era, since) or not has(era, until)))

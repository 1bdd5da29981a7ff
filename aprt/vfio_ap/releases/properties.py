"""The properties of a release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from aprt.core.properties import Property
from aprt.vfio_ap.host.detach import p34, p35
from aprt.vfio_ap.host.liveness import liveness
from aprt.vfio_ap.host.model import by_number, common
from aprt.vfio_ap.host.properties import objects_of, p47
from aprt.vfio_ap.host.structure import p14, p16, p17
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.releases.changes import p43, p45, p46
from aprt.vfio_ap.releases.config import p18, p36
from aprt.vfio_ap.releases.failing import p39
from aprt.vfio_ap.releases.guarantee import detaches
from aprt.vfio_ap.releases.pqap import p37, p38, p52
from aprt.vfio_ap.releases.resets import FORGETS, let_go, p50
from aprt.vfio_ap.releases.resources import books, p7, references
from aprt.vfio_ap.releases.status import p40
from aprt.vfio_ap.releases.structure import groups, hook_changes, lists, masks_change, p13, p15, p51, was_reset


def properties(machine: Machine) -> tuple[Property, ...]:
    """All that can be checked on a machine of a release, by number."""
    found = common(machine, references(machine), books(machine), let_go(machine), FORGETS)
    found += [make(machine) for make in (p7, p15, p43, p46, p47, p50, p51)]
    found += [p14(machine, partial(lists, machine)), _visible(machine)]
    found += [make(machine) for feature, makers in NEEDING.items() if machine.on(feature) for make in makers.values()]
    locks = dict.fromkeys((machine.guests_lock, machine.mdevs_lock))
    found += liveness(machine, (*locks, *(g.kvm_lock for g in machine.guests)))
    return by_number(found)


def _p34(machine: Machine) -> Property:
    return p34(machine, detaches(machine), "in the table of the mdev")


def _p35(machine: Machine) -> Property:
    return p35(machine, detaches(machine))


def _hook(machine: Machine) -> Property:
    return p16(machine, partial(hook_changes, machine), groups(machine), "With pqap_hook_rwsem free", "set_kvm")


def _visible(machine: Machine) -> Property:
    masks = tuple((mdev, op) for mdev in machine.mdevs for op in ("set_matrix", "set_shadow"))
    looked_at = (
        "Since 6.0\nthe last reset of the queue was accepted, too, or the queue was off. Not looked at while a scan, a "
        "probe or remove\nruns, or somebody holds mdevs_lock; before 6.0 also while a notifier is called."
    )
    passable = partial(was_reset, machine) if machine.on("dynamic_config") else None
    reads = (*objects_of(machine), *groups(machine))
    return p17(machine, partial(masks_change, machine), reads, looked_at, masks, passable)


NEEDING: Mapping[str, Mapping[str, Callable[[Machine], Property]]] = MappingProxyType(
    {
        "aqic": MappingProxyType({"P16": _hook, "P37": p37, "P38": p38, "P52": p52}),
        "dynamic_config": MappingProxyType(
            {"P13": p13, "P18": p18, "P34": _p34, "P35": _p35, "P36": p36, "P39": p39, "P40": p40, "P45": p45}
        ),
    }
)
"""Properties that can be asked only where the driver has a feature: there is no hook and no object of a queue without
`aqic`, no table and no shadow without `dynamic_config`."""

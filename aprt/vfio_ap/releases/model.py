"""From a machine and its contexts to a model: the properties of a release, the scope and the assumptions in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from aprt.core.properties import DEADLOCK, Property
from aprt.core.scenario import Model
from aprt.core.system import Context
from aprt.kernel.rules import RULES
from aprt.vfio_ap.host.alike import Kind, Owned
from aprt.vfio_ap.host.balance import p5, p6
from aprt.vfio_ap.host.detach import p34, p35
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.host.liveness import liveness
from aprt.vfio_ap.host.model import assemble, by_number
from aprt.vfio_ap.host.properties import p1, p4, p8, p9, p10, p19, p24, p47
from aprt.vfio_ap.host.structure import p14, p16, p17
from aprt.vfio_ap.host.users import p11, p12
from aprt.vfio_ap.kvm.gisa_properties import gisa_properties
from aprt.vfio_ap.mainline.build import reset_workers
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.releases.changes import p43, p45, p46
from aprt.vfio_ap.releases.config import p18, p36
from aprt.vfio_ap.releases.disturbances import disturbances
from aprt.vfio_ap.releases.failing import p39
from aprt.vfio_ap.releases.guarantee import detaches
from aprt.vfio_ap.releases.pqap import p37, p38, p52
from aprt.vfio_ap.releases.resets import forgets, let_go, p50
from aprt.vfio_ap.releases.resources import books, p7
from aprt.vfio_ap.releases.status import p40
from aprt.vfio_ap.releases.structure import groups, hook_changes, lists, masks_change, objects, p13, p15, p51, was_reset


def properties(machine: Machine) -> tuple[Property, ...]:
    """All that can be checked on a machine of a release, by number."""
    own = [make(machine) for make in (p1, p4, p7, p8, p9, p10, p15, p19, p24, p43, p46, p47, p50, p51)]
    own += [*_balances(machine), _lists(machine)]
    own += [make(machine) for feature, makers in NEEDING.items() if machine.on(feature) for make in makers.values()]
    locks = dict.fromkeys((machine.guests_lock, machine.mdevs_lock))
    own += liveness(machine, (*locks, *(g.kvm_lock for g in machine.guests)))
    parts = tuple(guest.gisa for guest in machine.guests)
    vcpus = tuple(vcpu for guest in machine.guests for vcpu in guest.vcpus)
    return by_number([*own, *gisa_properties(machine.gib, parts, vcpus), *RULES, DEADLOCK])


def _balances(machine: Machine) -> tuple[Property, ...]:
    records = books(machine)
    users = p11(machine, let_go(machine)), p12(machine, forgets(machine))
    return (p5(machine, records), p6(machine, records), *users)


def _p34(machine: Machine) -> Property:
    return p34(machine, detaches(machine), "in the table of the mdev")


def _p35(machine: Machine) -> Property:
    return p35(machine, detaches(machine))


def _lists(machine: Machine) -> Property:
    queues = {apqn: queue.object for apqn, queue in machine.queues.items()}
    return p14(machine, machine.matrix_dev, queues, partial(lists, machine))


def _hook(machine: Machine) -> Property:
    return p16(machine, partial(hook_changes, machine), groups(machine), "With pqap_hook_rwsem free", "set_kvm")


def _visible(machine: Machine) -> Property:
    masks = tuple((mdev, op) for mdev in machine.mdevs for op in ("set_matrix", "set_shadow"))
    looked_at = (
        "The last\nreset of the queue was accepted, or the queue was off. Not looked at while a scan, a probe or "
        "remove runs,\nor somebody holds mdevs_lock."
    )
    return p17(machine, partial(masks_change, machine), objects(machine), looked_at, masks, partial(was_reset, machine))


NEEDING: Mapping[str, Mapping[str, Callable[[Machine], Property]]] = MappingProxyType(
    {
        "aqic": MappingProxyType({"P16": _hook, "P17": _visible, "P37": p37, "P38": p38, "P52": p52}),
        "dynamic_config": MappingProxyType(
            {"P13": p13, "P18": p18, "P34": _p34, "P35": _p35, "P36": p36, "P39": p39, "P40": p40, "P45": p45}
        ),
    }
)
"""Properties that can be asked only where the driver has a feature: there is no hook and no object of a queue without
`aqic`, no table and no shadow without `dynamic_config`."""


def model(
    machine: Machine,
    contexts: Iterable[Context],
    states: Mapping[str, Any],
    scope: Iterable[str] = (),
    together: Iterable[Kind] = (),
) -> Model:
    """The model that runs `contexts`, the machine's hardware and its workers from `states`.

    together: what is alike, where vCPUs, guests and queues by themselves are not.
    """
    running = (*contexts, *hardware(machine), *disturbances(machine), *reset_workers(machine))
    owned = [Owned.at_start(machine, guest, guest.mdev, states) for guest in machine.guests]
    return assemble(machine, properties(machine), running, states, owned, scope=scope, together=together)

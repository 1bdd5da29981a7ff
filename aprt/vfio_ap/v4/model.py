"""From a machine and its contexts to a model: the properties of v4, the scope and the assumptions in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from aprt.core.actor import Actor
from aprt.core.properties import DEADLOCK, Property
from aprt.core.scenario import Model
from aprt.core.system import Context
from aprt.kernel.rules import RULES
from aprt.vfio_ap.host.alike import Kind, Owned
from aprt.vfio_ap.host.balance import p5, p6
from aprt.vfio_ap.host.detach import p34, p35
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.host.model import assemble, by_number
from aprt.vfio_ap.host.properties import p1, p4, p8, p9, p10, p19, p24
from aprt.vfio_ap.host.structure import p14, p16, p17
from aprt.vfio_ap.host.users import p11, p12
from aprt.vfio_ap.kvm.gisa_properties import gisa_properties
from aprt.vfio_ap.series.machine import Machine
from aprt.vfio_ap.v4.guarantee import detaches
from aprt.vfio_ap.v4.isolation import forgets, hook_changes, let_go, lists, masks_change, p13
from aprt.vfio_ap.v4.resources import books, p7
from aprt.vfio_ap.v4.switches import GROUPS

ONLY_WITH_ALL_MEASURES = frozenset({"P34", "P35"})


def properties(machine: Machine) -> tuple[Property, ...]:
    """All that can be checked on a v4 machine, by number; P34 and P35 only with all measures in."""
    own = [make(machine) for make in (p1, p4, p7, p8, p9, p10, p13, p19, p24)]
    own += [*_balances(machine), *_structure(machine), *_detach(machine)]
    parts = tuple(guest.gisa for guest in machine.guests)
    vcpus = tuple(vcpu for guest in machine.guests for vcpu in guest.vcpus)
    found = [*own, *gisa_properties(machine.gib, parts, vcpus), *RULES, DEADLOCK]
    if not all(machine.on(measure) for measure in GROUPS["all-measures"]):
        found = [p for p in found if p.id not in ONLY_WITH_ALL_MEASURES]
    return by_number(found)


def _balances(machine: Machine) -> tuple[Property, ...]:
    records = books(machine)
    users = p11(machine, let_go(machine)), p12(machine, forgets(machine))
    return (p5(machine, records), p6(machine, records), *users)


def _detach(machine: Machine) -> tuple[Property, ...]:
    whose = "of the matrix that the driver still has (not one that was unbound)"
    return (p34(machine, detaches(machine), whose), p35(machine, detaches(machine)))


def _structure(machine: Machine) -> tuple[Property, ...]:
    objects = {apqn: queue.object for apqn, queue in machine.queues.items()}
    groups = tuple(guest.group for guest in machine.guests)
    bits = tuple((mdev, op) for mdev in machine.mdevs for op in ("set_bit", "clear_bit"))
    looked_at = "Not looked at while a scan, a probe or remove, a\nnotifier or a release runs."
    return (
        p14(machine, machine.matrix_dev, objects, partial(lists, machine)),
        p16(machine, partial(hook_changes, machine), groups, "Outside of notifier and release", "end_detach"),
        p17(machine, partial(masks_change, machine), groups, looked_at, bits),
    )


def model(
    machine: Machine,
    contexts: Iterable[Context],
    states: Mapping[str, Any],
    scope: Iterable[str] = (),
    actors: Iterable[Actor[Any]] = (),
    together: Iterable[Kind] = (),
) -> Model:
    """The model that runs `contexts` and the machine's hardware from `states`.

    actors: beside the machine's. together: what is alike, where vCPUs, guests and queues by themselves are not.
    """
    running = (*contexts, *hardware(machine))
    owned = [Owned.at_start(machine, guest, guest.mdev, states) for guest in machine.guests]
    return assemble(machine, properties(machine), running, states, owned, scope=scope, actors=actors, together=together)

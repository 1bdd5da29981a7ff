"""From a machine and its contexts to a model: the properties of a release, the scope and the assumptions in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aprt.core.properties import DEADLOCK, Property
from aprt.core.scenario import Model
from aprt.core.system import Context, System
from aprt.kernel.rules import RULES
from aprt.vfio_ap.host.balance import p5, p6
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.host.properties import p1, p4, p8, p9, p10, p24
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from aprt.vfio_ap.host.users import p11, p12
from aprt.vfio_ap.kvm.gisa_properties import gisa_properties
from aprt.vfio_ap.mainline.build import reset_workers
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.releases.resets import forgets, let_go
from aprt.vfio_ap.releases.resources import books, p7


def properties(machine: Machine) -> tuple[Property, ...]:
    """All that can be checked on a machine of a release, by number."""
    own = [make(machine) for make in (p1, p4, p7, p8, p9, p10, p24)]
    records = books(machine)
    own += [p5(machine, records), p6(machine, records), p11(machine, let_go(machine)), p12(machine, forgets(machine))]
    parts = tuple(guest.gisa for guest in machine.guests)
    vcpus = tuple(vcpu for guest in machine.guests for vcpu in guest.vcpus)
    return tuple(sorted([*own, *gisa_properties(machine.gib, parts, vcpus), *RULES, DEADLOCK], key=_number))


def _number(property: Property) -> tuple[str, int]:
    letters = property.id.rstrip("0123456789")
    return (letters if letters in "PK" else "z", int(property.id[len(letters) :] or 0))


def model(machine: Machine, contexts: Iterable[Context], states: Mapping[str, Any], scope: Iterable[str] = ()) -> Model:
    """The model that runs `contexts`, the machine's hardware and its workers from `states`."""
    system = System(machine.actors(), (*contexts, *hardware(machine), *reset_workers(machine)), states)
    assumptions = [(s.name, machine.settings[s.name]) for s in ASSUMPTIONS]
    return Model(system, properties(machine), (*_scope(machine), *scope), tuple(assumptions))


def _scope(machine: Machine) -> tuple[str, ...]:
    guests = ", ".join(f"{g.name} ({len(g.vcpus)} vCPU)" for g in machine.guests)
    queues = ", ".join(str(apqn) for apqn in sorted(machine.queues))
    return (
        f"guests: {guests}; queues: {queues}; mdevs: {', '.join(m.name for m in machine.mdevs)}",
        f"requests and interrupt delivery: {'in' if machine.on('delivery') else 'out'}",
    )

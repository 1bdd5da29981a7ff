"""From a machine, its contexts and its properties to a model: what is the same for every driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aprt.core.actor import Actor
from aprt.core.properties import DEADLOCK, LIVELOCK, Before, Property
from aprt.core.scenario import Model
from aprt.core.system import Context, System
from aprt.kernel.rules import RULES
from aprt.vfio_ap.host.alike import Kind, Owned, alike, kinds
from aprt.vfio_ap.host.balance import Books, p5, p6
from aprt.vfio_ap.host.bounds import bounds
from aprt.vfio_ap.host.machine import Machine
from aprt.vfio_ap.host.properties import References, p1, p4, p8, p9, p10, p19, p24
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from aprt.vfio_ap.host.users import p11, p12
from aprt.vfio_ap.kvm.gisa_properties import gisa_properties


def common(
    machine: Machine, references: References, books: Books, let_go: Iterable[Before], forgets: Iterable[str]
) -> list[Property]:
    """What can be checked under every driver. For what it is given besides see `p4`, `p5`, `p11` and `p12`."""
    found = [make(machine) for make in (p1, p8, p9, p10, p19, p24)]
    found += [
        p4(machine, references),
        p5(machine, books),
        p6(machine, books),
        p11(machine, let_go),
        p12(machine, forgets),
    ]
    parts = tuple(guest.gisa for guest in machine.guests)
    vcpus = tuple(vcpu for guest in machine.guests for vcpu in guest.vcpus)
    return [*found, *gisa_properties(machine.gib, parts, vcpus), *RULES, DEADLOCK, LIVELOCK]


def by_number(properties: Iterable[Property]) -> tuple[Property, ...]:
    """In the order of their numbers: K1, K2, ..., P1, P2, ..., then those that have names."""
    return tuple(sorted(properties, key=_number))


def _number(property: Property) -> tuple[str, int]:
    letters = property.id.rstrip("0123456789")
    return (letters if letters in "PK" else "z", int(property.id[len(letters) :] or 0))


def assemble(
    machine: Machine,
    properties: tuple[Property, ...],
    contexts: tuple[Context, ...],
    states: Mapping[str, Any],
    *,
    scope: Iterable[str] = (),
    actors: Iterable[Actor[Any]] = (),
    together: Iterable[Kind] = (),
) -> Model:
    """The model that runs exactly these contexts on the machine from `states`.

    scope: besides `bounds`. actors: besides the machine's.
    together: what is alike, where vCPUs, guests and queues by themselves are not.
    """
    parts = (*machine.actors(), *actors)
    owned = [Owned.at_start(machine, guest, states) for guest in machine.guests]
    same = alike(tuple(together) or kinds(owned, machine.queues), contexts, parts)
    assumptions = tuple((switch.name, machine.settings[switch.name]) for switch in ASSUMPTIONS)
    return Model(System(parts, contexts, states, same), properties, (*bounds(machine), *scope), assumptions)

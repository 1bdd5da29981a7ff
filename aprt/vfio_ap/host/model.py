"""From a machine, its contexts and its properties to a model: what is the same for every driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aprt.core.actor import Actor
from aprt.core.properties import Property
from aprt.core.scenario import Model
from aprt.core.system import Context, System
from aprt.vfio_ap.host.alike import Kind, Owned, alike, kinds
from aprt.vfio_ap.host.bounds import bounds
from aprt.vfio_ap.host.machine import Machine
from aprt.vfio_ap.host.switches import ASSUMPTIONS


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
    owned: Sequence[Owned],
    *,
    scope: Iterable[str] = (),
    actors: Iterable[Actor[Any]] = (),
    together: Iterable[Kind] = (),
) -> Model:
    """The model that runs exactly these contexts on the machine from `states`.

    owned: by each guest at the start. scope: beside `bounds`. actors: beside the machine's.
    together: what is alike, where vCPUs, guests and queues by themselves are not.
    """
    parts = (*machine.actors(), *actors)
    same = alike(tuple(together) or kinds(owned, machine.queues), contexts, parts)
    assumptions = tuple((switch.name, machine.settings[switch.name]) for switch in ASSUMPTIONS)
    return Model(System(parts, contexts, states, same), properties, (*bounds(machine), *scope), assumptions)

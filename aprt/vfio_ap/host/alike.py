"""What is alike on a machine: vCPUs, guests, adapters and domains, each with all that is called after it.

Only candidates: a search with symmetry finds out which of them nothing tells apart (`explore.stateful.exchange`).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import methodcaller
from typing import Any, TypeAlias

import attrs

from aprt.core.actor import Actor
from aprt.core.symmetry import Alike
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import DIMENSIONS, Apqn, QueueDimension
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.userspace import vcpu_file

MOST = 8  # members of a class: the orders of more are too many for any search

Kind: TypeAlias = "tuple[Part, ...]"


@attrs.frozen
class Part:
    """A part of a machine that may be like other parts.

    words: pieces of names, such as `vm0` or `05.0004`, in the same order for all like parts. A context or an actor
    belongs to the part if its name has one of them. options: the options of choices that stand for it.
    """

    words: tuple[str, ...]
    options: tuple[Hashable, ...] = ()

    def names(self, names: Iterable[str]) -> dict[str, str]:
        """Those of `names` that belong to it, by their general form, alike in like parts: `<0>.gisa` of `vm0.gisa`."""
        pattern = re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in self.words))
        places = {word: f"<{place}>" for place, word in enumerate(self.words)}
        found = {name: pattern.sub(lambda match: places[match.group()], name) for name in names}
        return {general: name for name, general in sorted(found.items()) if general != name}


@attrs.frozen
class Owned:
    """A guest with the queues that are assigned to its mdev."""

    guest: Guest
    queues: tuple[Apqn, ...]

    @property
    def names(self) -> tuple[str, str]:
        """Of the guest and of its mdev."""
        return self.guest.name, self.guest.mdev.name

    @classmethod
    def at_start(cls, machine: Machine, guest: Guest, states: Mapping[str, Any]) -> Owned:
        """With what its mdev has in these initial states."""
        matrix: Matrix = states.get(guest.mdev.name, guest.mdev.initial()).matrix
        return cls(guest, tuple(apqn for apqn in matrix.apqns() if apqn in machine.queues))


def kinds(owned: Sequence[Owned], queues: Iterable[Apqn]) -> tuple[Kind, ...]:
    """The parts of a machine with these guests and queues, in groups of those that may be alike."""
    used = {apqn for guest in owned for apqn in guest.queues}
    guests = tuple(Part((*o.names, *map(str, o.queues)), (*o.names, *o.queues)) for o in owned)
    shares = [*(guest.queues for guest in owned), tuple(apqn for apqn in sorted(queues) if apqn not in used)]
    vcpus = (_vcpus(o.guest, files=len(owned) == 1) for o in owned)
    by_number = (_grouped(share, dimension) for share in shares for dimension in DIMENSIONS)
    return (guests, *vcpus, *by_number)


def alike(kinds: Iterable[Kind], contexts: Iterable[Context], actors: Iterable[Actor[Any]]) -> tuple[Alike, ...]:
    """The classes of parts whose contexts and actors have the same general forms (`Part.names`)."""
    running, there = [context.name for context in contexts], [actor.name for actor in actors]
    found = []
    for kind in kinds:
        shapes: dict[Hashable, list[tuple[Hashable, ...]]] = {}
        for part in kind:
            mine, has = part.names(running), part.names(there)
            names = dict.fromkeys((*part.words, *mine.values(), *has.values(), *part.options))
            shapes.setdefault((tuple(mine), tuple(has)), []).append(tuple(names))
        found += [Alike(tuple(members)) for members in shapes.values() if 1 < len(members) <= MOST]
    return tuple(found)


def _vcpus(guest: Guest, files: bool) -> Kind:
    """files: the name of its file stands for a vCPU, too. Two guests have files of the same names."""
    return tuple(Part((vcpu.name,), (vcpu_file(vcpu),) if files else ()) for vcpu in guest.vcpus)


def _grouped(queues: Sequence[Apqn], dimension: QueueDimension) -> Kind:
    """Queues together that have the same adapter (apm), or the same domain (aqm)."""
    number = methodcaller("number", dimension)
    parts = [tuple(group) for _, group in groupby(sorted(queues, key=number), number)]
    return tuple(Part(tuple(map(str, part)), part) for part in parts)

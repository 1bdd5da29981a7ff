"""Properties of how what the driver knows hangs together, as far as drivers have it in common: P14, P16, P17.

Each driver says where it keeps its queues, and when it is in the middle of changing what is looked at (`busy`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aprt.core.actor import Actor
from aprt.core.properties import Actors, Always, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.host.machine import Guest, Machine

About = tuple[tuple[Actor[Any], str], ...]


def listed(machine: Machine, view: View) -> list[Actor[Any]]:
    """The mdevs that are alive and in the driver's list."""
    known = view(machine.matrix_dev).mdevs
    return [mdev for mdev in machine.mdevs if view(mdev).live and mdev.name in known]


def p14(machine: Machine, lists: Callable[[View], list[tuple[str, tuple[QueuePointer, ...]]]]) -> Property:
    """lists: each list or table of queues, with what to call it."""
    objects = {apqn: queue.object for apqn, queue in machine.queues.items()}
    mdevs = {mdev.name: mdev for mdev in machine.mdevs}

    def test(view: View) -> str | None:
        for name, nodes in lists(view):
            if len(set(nodes)) < len(nodes):
                return f"{name} has a queue twice"
            for found in nodes:
                state = view(objects[found.apqn])
                if not state.live or state.generation != found.generation:
                    return f"{name} has {found.apqn}, which was freed"
        known = view(machine.matrix_dev).mdevs
        if len(set(known)) < len(known):
            return "the list of mdevs has one twice"
        freed = [name for name in known if not view(mdevs[name]).live]
        return f"the list of mdevs has {freed[0]}, which was freed" if freed else None

    return Property(
        "P14",
        "lists are well formed",
        (Always((machine.matrix_dev, *mdevs.values(), *objects.values()), test),),
        "No list has a node twice or a node that was freed; assigning again what is assigned changes nothing.",
    )


def p16(machine: Machine, busy: Callable[[View, Guest], bool], reads: Actors, when: str, detach: str) -> Property:
    """busy: whether somebody is changing hook or pointer just now, so that the property does not speak of them.

    reads: what `busy` looks at. when: what it leaves, in words. detach: the last message of a detach.
    """
    return Property(
        "P16",
        "hook and VM pointer belong together",
        tuple(_hook(machine, guest, busy, reads) for guest in machine.guests),
        f"{when}: a VM's hook is NULL or that of a live mdev which has this VM; an mdev that\n"
        "has a VM has its hook there; at most one mdev has a VM.",
        (
            *((guest.vm, "set_hook") for guest in machine.guests),
            *((mdev, op) for mdev in machine.mdevs for op in dict.fromkeys(("set_kvm", detach))),
        ),
    )


def _hook(machine: Machine, guest: Guest, busy: Callable[[View, Guest], bool], reads: Actors) -> Always:
    def test(view: View) -> str | None:
        if not view(guest.vm).live or busy(view, guest):
            return None
        hook = view(guest.vm).hook
        owners = [m.name for m in machine.mdevs if view(m).live and view(m).kvm == guest.name]
        if len(owners) > 1:
            return f"{' and '.join(owners)} both have {guest.name}"
        owner = owners[0] if owners else None
        if hook != owner:
            return f"the hook of {guest.name} is {hook or 'NULL'}, the mdev that has it is {owner or 'none'}"
        return None

    return Always((guest.vm, *machine.mdevs, *reads), test)


def p17(
    machine: Machine,
    busy: Callable[[View, Guest], bool],
    reads: Actors,
    when: str,
    about: About,
    passable: Callable[[View, Apqn], bool] | None = None,
) -> Property:
    """busy: whether somebody is changing the guest's masks just now, so that the property does not speak of them.

    passable: what the driver's filter asks of a queue, if it asks anything. reads: what these two look at. when: what
    `busy` says, in words.
    """
    return Property(
        "P17",
        "a guest reaches only queues that are bound to vfio_ap and assigned to it",
        tuple(_reachable(machine, guest, busy, reads, passable) for guest in machine.guests),
        "Every APQN in the APCB of v is one that the host has (as the last bus scan saw it), has a queue device bound\n"
        f"to vfio_ap and is in the matrix of the mdev that has v. {when}",
        (
            *((guest.crycb, op) for guest in machine.guests for op in ("set_masks", "drop_adapter")),
            *about,
            *((machine.bus, op) for op in ("set_driver", "end_remove")),
        ),
    )


def bus_busy(machine: Machine, view: View) -> bool:
    """Whether a scan runs, or a driver's probe or remove."""
    return view.held(machine.scan_mutex.name) or any(view.inflight(("callback", apqn)) for apqn in machine.queues)


def _reachable(
    machine: Machine,
    guest: Guest,
    busy: Callable[[View, Guest], bool],
    reads: Actors,
    passable: Callable[[View, Apqn], bool] | None,
) -> Always:
    def test(view: View) -> str | None:
        if bus_busy(machine, view) or busy(view, guest) or not view(guest.crycb).live:
            return None
        for apqn in view(guest.crycb).apcb.apqns():
            if apqn not in view(machine.bus).scanned:
                return f"{guest.name} reaches {apqn}, which the host does not have"
            if view(machine.bus).drivers.get(apqn) != "vfio_ap":
                return f"{guest.name} reaches {apqn}, which is not bound to vfio_ap"
            states = [view(mdev) for mdev in machine.mdevs]
            if not any(m.live and m.kvm == guest.name and apqn in m.matrix for m in states):
                return f"{guest.name} reaches {apqn}, which no mdev assigns to it"
            if passable is not None and not passable(view, apqn):
                return f"{guest.name} reaches {apqn}, which was not reset"
        return None

    return Always((machine.bus, guest.crycb, *machine.mdevs, *reads), test)

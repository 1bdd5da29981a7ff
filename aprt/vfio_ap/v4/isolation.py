"""Properties of buckets, lists and hook, and of what a guest reaches: P13, P14, P16, P17; the parts of P11, P12."""

from __future__ import annotations

from typing import Any

from aprt.core.actor import Actor
from aprt.core.properties import Actors, Always, Before, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.users import detached, still_used
from aprt.vfio_ap.series.machine import Guest, Machine


def let_go(machine: Machine) -> list[Before]:
    """For P11: with a detach, however it is done, and when a queue goes to the free list."""
    detaches = [detached(machine, mdev, op) for mdev in machine.mdevs for op in ("end_detach", "set_kvm")]
    freed = still_used(machine, machine.matrix_dev, "give", lambda event: event.args[0].apqn, "goes to the free list")
    return [*detaches, freed]


def forgets(machine: Machine) -> list[tuple[Apqn, Actor[Any], str]]:
    """For P12: records are erased by one message."""
    return [(apqn, queue.object, "forget") for apqn, queue in machine.queues.items()]


def p13(machine: Machine) -> Property:
    objects = tuple(queue.object for queue in machine.queues.values())
    reads: Actors = (machine.matrix_dev, machine.matrix_lock, *machine.mdevs, *objects)
    return Property(
        "P13",
        "with the matrix lock free every queue is in exactly one bucket, the right one",
        (Always(reads, lambda view: _buckets(machine, view)),),
        "Every vfio_ap_queue is in exactly one of the free list and the mdevs' lists; in the list of an mdev that has\n"
        "a VM it is iff its APQN is in the matrix. Not looked at while the matrix lock is held, or for a queue whose\n"
        "probe or remove is running. (After a close the series keeps the matrix and frees the queues by design.)",
    )


def _buckets(machine: Machine, view: View) -> str | None:
    if view(machine.matrix_lock).owner is not None:
        return None
    free = [found.apqn for found in view(machine.matrix_dev).free_list]
    lists = {mdev: [f.apqn for f in view(mdev).qlist] for mdev in machine.mdevs if view(mdev).live}
    for apqn, queue in sorted(machine.queues.items()):
        if not view(queue.object).live or view.inflight(("callback", apqn)):
            continue
        places = free.count(apqn) + sum(qlist.count(apqn) for qlist in lists.values())
        if places != 1:
            return f"{apqn} is in {places} buckets"
        for mdev, qlist in lists.items():
            state = view(mdev)
            attached = state.kvm is not None and not view.inflight(("detach", mdev.name))
            if attached and (apqn in qlist) != (apqn in state.matrix):
                return f"{apqn} is {'' if apqn in qlist else 'not '}in the list of {mdev.name}, unlike its matrix"
    return None


def p14(machine: Machine) -> Property:
    objects = tuple(queue.object for queue in machine.queues.values())
    reads: Actors = (machine.matrix_dev, *machine.mdevs, *objects)
    return Property(
        "P14",
        "lists are well formed",
        (Always(reads, lambda view: _lists(machine, view)),),
        "No list has a node twice or a node that was freed; assigning again what is assigned changes nothing.",
    )


def _lists(machine: Machine, view: View) -> str | None:
    device = view(machine.matrix_dev)
    live = [mdev for mdev in machine.mdevs if view(mdev).live]
    for name, nodes in (("the free list", device.free_list), *((m.name, view(m).qlist) for m in live)):
        if len(set(nodes)) < len(nodes):
            return f"{name} has a queue twice"
        for found in nodes:
            state = view(machine.queues[found.apqn].object)
            if not state.live or state.generation != found.generation:
                return f"{name} has {found.apqn}, which was freed"
    if len(set(device.mdevs)) < len(device.mdevs):
        return "the list of mdevs has one twice"
    freed = [name for name in device.mdevs if machine.mdev(name) not in live]
    return f"the list of mdevs has {freed[0]}, which was freed" if freed else None


def p16(machine: Machine) -> Property:
    return Property(
        "P16",
        "hook and VM pointer belong together",
        tuple(_hook(machine, guest) for guest in machine.guests),
        "Outside of notifier and release: a VM's hook is NULL or that of a live mdev which has this VM; an mdev that\n"
        "has a VM has its hook there; at most one mdev has a VM.",
        (
            *((guest.vm, "set_hook") for guest in machine.guests),
            *((mdev, op) for mdev in machine.mdevs for op in ("set_kvm", "end_detach")),
        ),
    )


def _hook(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        if not view(guest.vm).live or any(view(g.group).calling for g in machine.guests):
            return None
        if any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs):
            return None
        hook = view(guest.vm).hook
        owners = [mdev.name for mdev in machine.mdevs if view(mdev).live and view(mdev).kvm == guest.name]
        if len(owners) > 1:
            return f"{' and '.join(owners)} both have {guest.name}"
        owner = owners[0] if owners else None
        if hook != owner:
            return f"the hook of {guest.name} is {hook or 'NULL'}, the mdev that has it is {owner or 'none'}"
        return None

    return Always((guest.vm, *machine.mdevs, *(g.group for g in machine.guests)), test)


def p17(machine: Machine) -> Property:
    return Property(
        "P17",
        "a guest reaches only queues that are bound to vfio_ap and assigned to it",
        tuple(_reachable(machine, guest) for guest in machine.guests),
        "Every APQN in the APCB of v is one that the host has (as the last bus scan saw it), has a queue device bound\n"
        "to vfio_ap and is in the matrix of the mdev that has v. Not looked at while a scan, a probe or remove, a\n"
        "notifier or a release runs.",
        (
            *((guest.crycb, op) for guest in machine.guests for op in ("set_masks", "drop_adapter")),
            *((mdev, op) for mdev in machine.mdevs for op in ("set_bit", "clear_bit")),
            *((machine.bus, op) for op in ("set_driver", "end_remove")),
        ),
    )


def _reachable(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        running = any(view.inflight(("callback", apqn)) for apqn in machine.queues)
        running = running or any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs)
        running = running or view(machine.scan_mutex).owner is not None
        if running or view(guest.group).calling or not view(guest.crycb).live:
            return None
        for apqn in view(guest.crycb).apcb.apqns():
            if apqn not in view(machine.bus).scanned:
                return f"{guest.name} reaches {apqn}, which the host does not have"
            if view(machine.bus).drivers.get(apqn) != "vfio_ap":
                return f"{guest.name} reaches {apqn}, which is not bound to vfio_ap"
            if not any(view(m).live and view(m).kvm == guest.name and apqn in view(m).matrix for m in machine.mdevs):
                return f"{guest.name} reaches {apqn}, which no mdev assigns to it"
        return None

    return Always((machine.bus, machine.scan_mutex, guest.crycb, guest.group, *machine.mdevs), test)

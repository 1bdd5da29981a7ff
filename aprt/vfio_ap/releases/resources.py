"""How the driver of a release keeps its records, for P5 and P6, and the property that they tell the truth: P7."""

from __future__ import annotations

from functools import partial
from typing import Any

from aprt.core.actor import Actor
from aprt.core.amount import count
from aprt.core.properties import Actors, AtEnd, Check, Property
from aprt.core.system import View
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.balance import Books, all_along, common_ends
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova, VfioApQueueState
from aprt.vfio_ap.memory import PAGE


def books(machine: Machine) -> Books:
    """ISC and address of the NIB are recorded, and forgotten, one without the other."""
    ends: list[tuple[Actor[Any], str]] = [(mdev, "set_kvm") for mdev in machine.mdevs]
    ends += [(queue.reset_work, "done") for queue in machine.queues.values()]
    return Books(
        _actors(machine),
        lambda view, guest: [
            s.iova.iova >> PAGE for s in _recorded(machine, view, guest) if s.iova is not None and s.iova.iova
        ],
        lambda view, guest: [s.isc.isc for s in _recorded(machine, view, guest) if s.isc is not None],
        (*common_ends(machine), *ends),
    )


def _actors(machine: Machine) -> tuple[Actor[Any], ...]:
    return (*(queue.object for queue in machine.queues.values()), *machine.mdevs)


def _recorded(machine: Machine, view: View, guest: host.Guest) -> list[VfioApQueueState]:
    """The queue objects of the mdev that has the VM."""
    mine = {mdev.name for mdev in machine.mdevs if view(mdev).kvm == guest.name}
    states = [view(queue.object) for queue in machine.queues.values()]
    return [state for state in states if state.live and state.mdev in mine]


def p7(machine: Machine) -> Property:
    checks: list[Check] = []
    for guest in machine.guests:
        reads: Actors = (guest.gisa.interrupt, guest.memory, *_actors(machine))
        checks += all_along(reads, partial(_untrue, machine, guest))
    return Property(
        "P7",
        "the records of a queue tell the truth",
        (
            *checks,
            AtEnd(_actors(machine), partial(_forgotten, machine)),
            AtEnd(_owners(machine), partial(_kept, machine)),
        ),
        "What a queue has on record it owns: the ISC is registered, the page of the NIB is pinned, and the address 0\n"
        "means that nothing is. At the end, a queue without a VM has nothing on record, and nobody has a reference of\n"
        "the module, nor an mdev that was removed one of an eventfd.",
        (
            *((q.object, op) for q in machine.queues.values() for op in ("record", "forget_isc", "forget_iova")),
            *((mdev, "set_irqs") for mdev in machine.mdevs),
        ),
    )


def _untrue(machine: Machine, guest: Guest, running: bool, view: View) -> str | None:
    counts, pins = view(guest.gisa.interrupt).ref_count, view(guest.memory).pins
    for apqn, queue in sorted(machine.queues.items()):
        state = view(queue.object)
        for record in (state.isc, state.iova) if state.live else ():
            if record is None or record.vm != guest.name or (running and view.inflight(record.resource) < 0):
                continue
            kind, _, number = record.resource
            if not (counts[number] if kind == "gisc" else pins.get(number)):
                return f"{apqn} has {record} on record and does not own it"
            if isinstance(record, SavedIova) and not record.iova:
                return f"{apqn} has a pin on record as address 0, which says that it has none"
    return None


def _owners(machine: Machine) -> Actors:
    return (machine.module, *machine.mdevs)


def _kept(machine: Machine, view: View) -> str | None:
    refs = view(machine.module).refs
    if refs:
        return f"{machine.module.name} has {count(refs, 'reference')} that nobody will give back"
    for mdev in machine.mdevs:
        state = view(mdev)
        if not state.live and (state.req_trigger or state.cfg_chg_trigger):
            return f"{mdev.name} is freed and its eventfd was not given back"
    return None


def _forgotten(machine: Machine, view: View) -> str | None:
    for apqn, queue in sorted(machine.queues.items()):
        state = view(queue.object)
        attached = state.mdev is not None and view(machine.mdev(state.mdev)).kvm is not None
        left = [str(record) for record in (state.isc, state.iova) if record is not None]
        if state.live and left and not attached:
            return f"{apqn} has no VM and still has {' and '.join(left)} on record"
    return None

"""How the driver of a release keeps its references and records, for P4 to P6, and that they tell the truth: P7."""

from __future__ import annotations

from functools import partial
from typing import Any

from aprt.core.actor import Actor
from aprt.core.amount import count
from aprt.core.properties import AtEnd, Property
from aprt.core.system import View
from aprt.vfio_ap.host import balance
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.balance import Books, common_ends, recorded, records
from aprt.vfio_ap.host.properties import References
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova
from aprt.vfio_ap.mainline.vfio_core import keeps_vm
from aprt.vfio_ap.memory import PAGE


def books(machine: Machine) -> Books:
    """ISC and address of the NIB are recorded, and forgotten, one without the other."""
    ends: list[tuple[Actor[Any], str]] = [(mdev, "set_kvm") for mdev in machine.mdevs]
    ends += [(queue.reset_work, "done") for queue in machine.queues.values()]
    return Books(
        lambda view, guest: [s.iova.iova >> PAGE for s in recorded(machine, view, guest) if s.iova and s.iova.iova],
        lambda view, guest: [s.isc.isc for s in recorded(machine, view, guest) if s.isc],
        (*common_ends(machine), *ends),
    )


def references(machine: Machine) -> References:
    """Of a VM, for P4: those of mdevs, since 5.3 (B1), and of the vfio core, since 6.3 (B12)."""
    devices = tuple(guest.device for guest in machine.guests)
    by_mdev = machine.on("aqic") and machine.on("B1")
    by_core = machine.on("dynamic_config") and keeps_vm(machine)

    def held(view: View, guest: host.Guest) -> int:
        mdevs = [mdev for mdev in machine.mdevs if by_mdev and view(mdev).live and view(mdev).kvm == guest.name]
        return len(mdevs) + (by_core and sum(view(device).kvm == guest.name for device in devices))

    return held, (*machine.mdevs, *devices)


def p7(machine: Machine) -> Property:
    return balance.p7(
        machine,
        partial(_untrue, machine),
        (
            AtEnd(records(machine), partial(_forgotten, machine)),
            AtEnd((machine.module, *machine.mdevs), partial(_kept, machine)),
        ),
        "What a queue has on record it owns: the ISC is registered, the page of the NIB is pinned, and the address 0\n"
        "means that nothing is. At the end, a queue without a VM has nothing on record, and nobody has a reference of\n"
        "the module, nor an mdev that was removed one of an eventfd.",
        (
            *((q.object, op) for q in machine.queues.values() for op in ("record", "forget_isc", "forget_iova")),
            *((mdev, "set_irqs") for mdev in machine.mdevs),
        ),
    )


def _untrue(machine: Machine, guest: host.Guest, running: bool, view: View) -> str | None:
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

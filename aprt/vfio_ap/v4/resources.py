"""How the series keeps its records, for P5 and P6, and the property that they tell the truth: P7."""

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
from aprt.vfio_ap.memory import PAGE
from aprt.vfio_ap.series.machine import Machine
from aprt.vfio_ap.series.vfio_ap_queue import Saved


def _saved(machine: Machine, view: View, guest: host.Guest) -> list[Saved]:
    return [state.saved for state in recorded(machine, view, guest) if state.saved is not None]


def books(machine: Machine) -> Books:
    """How the series keeps its records: ISC and NIB together, or neither."""
    ends: list[tuple[Actor[Any], str]] = [(mdev, "end_detach") for mdev in machine.mdevs]
    ends += [(guest.group, "called") for guest in machine.guests]
    return Books(
        lambda view, guest: [s.nib >> PAGE for s in _saved(machine, view, guest)],
        lambda view, guest: [s.isc for s in _saved(machine, view, guest)],
        (*common_ends(machine), *ends),
    )


def p7(machine: Machine) -> Property:
    return balance.p7(
        machine,
        partial(_untrue, machine),
        (_returned(machine),),
        "What a queue has on record it owns: the ISC is registered and the page is pinned, and at most one generation\n"
        "is on record. At the end, a queue without a VM has nothing on record, and module references are as many\n"
        "as open mdevs.",
        ((queue.object, op) for queue in machine.queues.values() for op in ("record", "forget")),
    )


def _untrue(machine: Machine, guest: host.Guest, running: bool, view: View) -> str | None:
    for apqn, queue in sorted(machine.queues.items()):
        state = view(queue.object)
        saved = state.saved
        if not state.live or saved is None or saved.vm != guest.name:
            continue
        given_back = running and (view.inflight(saved.gisc) < 0 or view.inflight(saved.pin) < 0)
        registered = view(guest.gisa.interrupt).ref_count[saved.isc]
        owned = registered and view(guest.memory).pins.get(saved.nib >> PAGE)
        if not owned and not given_back:
            return f"{apqn} has ISC {saved.isc} and NIB {saved.nib:#x} on record and does not own both"
    return None


def _returned(machine: Machine) -> AtEnd:
    def test(view: View) -> str | None:
        for apqn, queue in sorted(machine.queues.items()):
            state = view(queue.object)
            if (
                state.live
                and state.saved is not None
                and (state.mdev is None or view(machine.mdev(state.mdev)).kvm is None)
            ):
                return f"{apqn} has no VM and still has {state.saved} on record"
        opened = sum(view(mdev).live and view(mdev).opened for mdev in machine.mdevs)
        if view(machine.module).live and view(machine.module).refs != opened:
            refs = count(view(machine.module).refs, "reference")
            return f"the module has {refs} for {count(opened, 'open mdev')}"
        return None

    return AtEnd((machine.module, *records(machine)), test)

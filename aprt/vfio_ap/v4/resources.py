"""How the series keeps its records, for P5 and P6, and the property that they tell the truth: P7."""

from __future__ import annotations

from functools import partial
from typing import Any

from aprt.core.actor import Actor
from aprt.core.amount import count
from aprt.core.properties import Actors, AtEnd, Check, Property
from aprt.core.system import View
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.balance import Books, all_along, common_ends
from aprt.vfio_ap.memory import PAGE
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_ap_queue import Saved


def _records(machine: Machine) -> tuple[Actor[Any], ...]:
    return (*(queue.object for queue in machine.queues.values()), *machine.mdevs)


def _saved(machine: Machine, view: View, guest: host.Guest) -> list[Saved]:
    """What queues have on record for the VM, through the mdev that points to it."""
    mine = {mdev.name for mdev in machine.mdevs if view(mdev).kvm == guest.name}
    states = [view(queue.object) for queue in machine.queues.values()]
    return [s.saved for s in states if s.live and s.saved is not None and s.mdev in mine]


def books(machine: Machine) -> Books:
    """How the series keeps its records: ISC and NIB together, or neither."""
    ends: list[tuple[Actor[Any], str]] = [(mdev, "end_detach") for mdev in machine.mdevs]
    ends += [(guest.group, "called") for guest in machine.guests]
    return Books(
        _records(machine),
        lambda view, guest: [s.nib >> PAGE for s in _saved(machine, view, guest)],
        lambda view, guest: [s.isc for s in _saved(machine, view, guest)],
        (*common_ends(machine), *ends),
    )


def p7(machine: Machine) -> Property:
    checks: list[Check] = []
    for guest in machine.guests:
        reads: Actors = (guest.gisa.interrupt, guest.memory, *_records(machine))
        checks += all_along(reads, partial(_untrue, machine, guest))
    return Property(
        "P7",
        "the records of a queue tell the truth",
        (*checks, _returned(machine)),
        "What a queue has on record it owns: the ISC is registered and the page is pinned, and at most one generation\n"
        "is on record. At the end, a queue without a VM has nothing on record, and module references are as many\n"
        "as open mdevs.",
        tuple((queue.object, op) for queue in machine.queues.values() for op in ("record", "forget")),
    )


def _untrue(machine: Machine, guest: Guest, running: bool, view: View) -> str | None:
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

    return AtEnd((machine.module, *_records(machine)), test)

"""Properties of pins, registrations and records: P5, P6, P7, P8, P10."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.properties import Actors, Always, AtEnd, Before, Check, Property
from aprt.core.system import View
from aprt.vfio_ap.memory import PAGE
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_ap_queue import Saved


def _records(machine: Machine) -> tuple[Actor[Any], ...]:
    return (*(queue.object for queue in machine.queues.values()), *machine.mdevs)


def _saved(machine: Machine, view: View, guest: Guest) -> list[Saved]:
    """What queues have on record for the VM, through the mdev that points to it."""
    mine = {mdev.name for mdev in machine.mdevs if view(mdev).kvm == guest.name}
    states = [view(queue.object) for queue in machine.queues.values()]
    return [s.saved for s in states if s.live and s.saved is not None and s.mdev in mine]


def _nothing_owed(machine: Machine, kind: Literal["pin", "gisc"]) -> list[Check]:
    """Whoever ends a procedure holds nothing of this kind beyond the records, nor less than they say."""
    vcpus = [vcpu for guest in machine.guests for vcpu in guest.vcpus]
    ends: list[tuple[Actor[Any], str]] = [(vcpu, op) for vcpu in vcpus for op in ("answer", "operation_exception")]
    ends += [(mdev, "end_detach") for mdev in machine.mdevs]
    ends += [(guest.group, "called") for guest in machine.guests]
    ends += [(guest.memory, "unmap") for guest in machine.guests]
    ends += [(machine.bus, op) for op in ("set_driver", "end_remove")]
    return [Before(actor, op, (), partial(_owed, kind)) for actor, op in ends]


def _owed(kind: str, view: View, event: Event) -> str | None:
    what = {"pin": "a pin of page {:#x} of {}", "gisc": "a registration of ISC {} of {}"}[kind]
    for resource, count in event.caller.owed:
        match resource:
            case (of, str(vm), int(number)) if of == kind:
                thing = what.format(number, vm)
                if count > 0:
                    return f"{event.context} ends at {event.label.op} with {thing} that is on no record"
                return f"{event.context} ends at {event.label.op} with {thing} given back that is still on record"
    return None


def p5(machine: Machine) -> Property:
    checks = _nothing_owed(machine, "pin")
    for guest in machine.guests:
        reads: Actors = (guest.memory, *_records(machine))
        checks.append(Always(reads, partial(_unequal_pins, machine, guest, True)))
        checks.append(AtEnd(reads, partial(_unequal_pins, machine, guest, False)))
    return Property(
        "P5",
        "every pinned page is on the record of a queue",
        tuple(checks),
        "The pins of a page of v are as many as the queues of the mdev that has v and whose NIB is in that page, plus\n"
        "those that running procedures hold. What a procedure (a PQAP, a detach, a notifier, a probe or remove, a DMA\n"
        "unmap) still holds when it ends was leaked.",
        tuple((guest.memory, op) for guest in machine.guests for op in ("pin", "unpin")),
    )


def _unequal_pins(machine: Machine, guest: Guest, running: bool, view: View) -> str | None:
    saved = [s.nib >> PAGE for s in _saved(machine, view, guest)]
    pins = view(guest.memory).pins
    for page in sorted({*pins, *saved}):
        recorded = saved.count(page) + (view.inflight(("pin", guest.name, page)) if running else 0)
        if pins.get(page, 0) != recorded:
            return f"page {page:#x} of {guest.name} has {pins.get(page, 0)} pins, on record are {recorded}"
    return None


def p6(machine: Machine) -> Property:
    checks = _nothing_owed(machine, "gisc")
    for guest in machine.guests:
        reads: Actors = (guest.gisa.interrupt, *_records(machine))
        checks.append(Always(reads, partial(_unequal_registrations, machine, guest, True)))
        checks.append(AtEnd(reads, partial(_unequal_registrations, machine, guest, False)))
    return Property(
        "P6",
        "every GISC registration is on the record of a queue",
        tuple(checks),
        "The reference count of each guest ISC of v is the number of queues of the mdev that has v and that have this\n"
        "ISC on record, plus the registrations that running procedures hold. What a procedure still holds when it\n"
        "ends was leaked.",
        tuple((guest.gisa.interrupt, op) for guest in machine.guests for op in ("register", "unregister")),
    )


def _unequal_registrations(machine: Machine, guest: Guest, running: bool, view: View) -> str | None:
    saved = [s.isc for s in _saved(machine, view, guest)]
    for isc, count in enumerate(view(guest.gisa.interrupt).ref_count):
        recorded = saved.count(isc) + (view.inflight(("gisc", guest.name, isc)) if running else 0)
        if count != recorded:
            return f"ISC {isc} of {guest.name} is registered {count} times, on record are {recorded}"
    return None


def p7(machine: Machine) -> Property:
    checks: list[Always | AtEnd] = []
    for guest in machine.guests:
        reads: Actors = (guest.gisa.interrupt, guest.memory, *_records(machine))
        checks.append(Always(reads, partial(_untrue, machine, guest, True)))
        checks.append(AtEnd(reads, partial(_untrue, machine, guest, False)))
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
            return f"the module has {view(machine.module).refs} references, {opened} mdevs are open"
        return None

    return AtEnd((machine.module, *_records(machine)), test)

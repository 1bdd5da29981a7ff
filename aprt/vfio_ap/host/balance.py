"""Properties of what a driver takes for its queues and has to give back, pins and registrations: P5, P6, P7.

Whatever the driver, the count must be what is on record and what running procedures hold (`View.inflight`); how it
keeps its records is told by `Books`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal

import attrs

from aprt.core.actor import Actor
from aprt.core.amount import count
from aprt.core.events import Event
from aprt.core.properties import Actors, Always, AtEnd, Before, Check, Property
from aprt.core.system import View
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.properties import objects_of


@attrs.frozen(eq=False)
class Books:
    """How a driver keeps records of what its queues own.

    pages, iscs: what is on record for a guest, in `records`: one page number a pin, one ISC a registration.
    ends: the last messages of the driver's procedures, as actor and name.
    """

    pages: Callable[[View, Guest], list[int]]
    iscs: Callable[[View, Guest], list[int]]
    ends: tuple[tuple[Actor[Any], str], ...]


def records(machine: Machine) -> Actors:
    """Where drivers keep them: the objects of the queues, and the mdevs, which have the VMs."""
    return (*objects_of(machine), *machine.mdevs)


def recorded(machine: Machine, view: View, guest: Guest) -> list[Any]:
    """The states of the queue objects of the mdev that has the VM of a guest."""
    mine = {mdev.name for mdev in machine.mdevs if view(mdev).kvm == guest.name}
    states = [view(queue.object) for queue in machine.queues.values()]
    return [state for state in states if state.live and state.mdev in mine]


def common_ends(machine: Machine) -> tuple[tuple[Actor[Any], str], ...]:
    """The ends of procedures that every driver has: a PQAP, a DMA unmap, a probe and a remove."""
    vcpus = [vcpu for guest in machine.guests for vcpu in guest.vcpus]
    return (
        *((vcpu, op) for vcpu in vcpus for op in ("answer", "operation_exception")),
        *((guest.memory, "unmap") for guest in machine.guests),
        *((machine.bus, op) for op in ("set_driver", "end_remove")),
    )


def all_along(reads: Actors, test: Callable[[bool, View], str | None]) -> tuple[Always, AtEnd]:
    """Checks of every state, and of the end. test: gets whether procedures may be running, whose share counts then."""
    return Always(reads, partial(test, True)), AtEnd(reads, partial(test, False))


def p5(machine: Machine, books: Books) -> Property:
    checks = _nothing_owed(books, "pin")
    for guest in machine.guests:
        checks += all_along((guest.memory, *records(machine)), partial(_unequal_pins, books, guest))
    return Property(
        "P5",
        "every pinned page is on the record of a queue",
        tuple(checks),
        "The pins of a page of v are as many as the queues of the mdev that has v and whose NIB is in that page, plus\n"
        "those that running procedures hold. What a procedure (a PQAP, a detach, a notifier, a probe or remove, a DMA\n"
        "unmap) still holds when it ends was leaked.",
        tuple((guest.memory, op) for guest in machine.guests for op in ("pin", "unpin")),
    )


def p6(machine: Machine, books: Books) -> Property:
    checks = _nothing_owed(books, "gisc")
    for guest in machine.guests:
        checks += all_along((guest.gisa.interrupt, *records(machine)), partial(_unequal_registrations, books, guest))
    return Property(
        "P6",
        "every GISC registration is on the record of a queue",
        tuple(checks),
        "The reference count of each guest ISC of v is the number of queues of the mdev that has v and that have this\n"
        "ISC on record, plus the registrations that running procedures hold. What a procedure still holds when it\n"
        "ends was leaked.",
        tuple((guest.gisa.interrupt, op) for guest in machine.guests for op in ("register", "unregister")),
    )


def p7(
    machine: Machine,
    untrue: Callable[[Guest, bool, View], str | None],
    at_end: Iterable[AtEnd],
    text: str,
    about: Iterable[tuple[Actor[Any], str]],
) -> Property:
    """untrue: what is wrong with what is on record for a guest; looks at `records`, its GISA and memory (`all_along`).

    at_end: what else is to be so then.
    """
    checks: list[Check] = []
    for guest in machine.guests:
        reads: Actors = (guest.gisa.interrupt, guest.memory, *records(machine))
        checks += all_along(reads, partial(untrue, guest))
    return Property("P7", "the records of a queue tell the truth", (*checks, *at_end), text, tuple(about))


def _nothing_owed(books: Books, kind: Literal["pin", "gisc"]) -> list[Check]:
    """Whoever ends a procedure holds nothing of this kind beyond the records, nor less than they say."""
    return [Before(actor, op, (), partial(_owed, kind)) for actor, op in books.ends]


def _owed(kind: str, view: View, event: Event) -> str | None:
    what = {"pin": "a pin of page {:#x} of {}", "gisc": "a registration of ISC {} of {}"}[kind]
    for resource, n in event.caller.owed:
        match resource:
            case (of, str(vm), int(number)) if of == kind:
                thing = what.format(number, vm)
                if n > 0:
                    return f"{event.context} ends at {event.label.op} with {thing} that is on no record"
                return f"{event.context} ends at {event.label.op} with {thing} given back that is still on record"
    return None


def _unequal_pins(books: Books, guest: Guest, running: bool, view: View) -> str | None:
    saved = books.pages(view, guest)
    pins = view(guest.memory).pins
    for page in sorted({*pins, *saved}):
        recorded = saved.count(page) + (view.inflight(("pin", guest.name, page)) if running else 0)
        if pins.get(page, 0) != recorded:
            return f"page {page:#x} of {guest.name} has {count(pins.get(page, 0), 'pin')}, {recorded} on record"
    return None


def _unequal_registrations(books: Books, guest: Guest, running: bool, view: View) -> str | None:
    saved = books.iscs(view, guest)
    for isc, users in enumerate(view(guest.gisa.interrupt).ref_count):
        recorded = saved.count(isc) + (view.inflight(("gisc", guest.name, isc)) if running else 0)
        if users != recorded:
            return f"ISC {isc} of {guest.name} is registered {count(users, 'time')}, {recorded} on record"
    return None

"""Properties of the interrupt control that a guest asks for: P37, P38, P52."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from pyrsistent import PMap, pmap

from aprt.core.events import Event
from aprt.core.properties import Actors, After, History, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.properties import hardware_of, objects_of
from aprt.vfio_ap.mainline.irq import DISABLE_TRIES, IRQCLEAR_TRIES
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.reset_polled import POLLS


def p37(machine: Machine) -> Property:
    return Property(
        "P37",
        "a guest enables the interrupt of its own queues only",
        tuple(_enabled(machine, apqn) for apqn in sorted(machine.queues)),
        "When a queue accepts an AQIC(enable) for v, its device is bound to vfio_ap and its APQN is in the matrix of\n"
        "the mdev that has v. Whether the guest can see the queue the kernel does not ask; P52 does.",
        tuple((hw, "aqic") for hw in hardware_of(machine)),
    )


def _enabled(machine: Machine, apqn: Apqn) -> After:
    def test(view: View, guest: str) -> str | None:
        if view(machine.bus).drivers.get(apqn) != "vfio_ap":
            return "and is not bound to vfio_ap"
        states = [view(mdev) for mdev in machine.mdevs]
        assigned = any(state.live and state.kvm == guest and apqn in state.matrix for state in states)
        return None if assigned else "to which no mdev assigns it"

    return _when_enabled(machine, apqn, (machine.bus, *machine.mdevs), test)


def _when_enabled(machine: Machine, apqn: Apqn, reads: Actors, test: Callable[[View, str], str | None]) -> After:
    """A check of every AQIC(enable) that the queue accepts. test: what is wrong with it, by the guest it is for."""

    def accepted(view: View, event: Event) -> str | None:
        (target,) = event.args
        if target is None or event.reply.rc is not Rc.NORMAL:
            return None
        wrong = test(view, target.guest)
        return wrong and f"{apqn} is enabled for {target.guest}, {wrong}"

    return After(machine.queues[apqn].hw, "aqic", reads, accepted)


def p52(machine: Machine) -> Property:
    return Property(
        "P52",
        "a guest enables the interrupt of queues only that it reaches",
        tuple(_reached(machine, apqn) for apqn in sorted(machine.queues)),
        "When a queue accepts an AQIC(enable) for v, its APQN is in the APCB of v. The strict form of P37.",
        tuple((hw, "aqic") for hw in hardware_of(machine)),
    )


def _reached(machine: Machine, apqn: Apqn) -> After:
    def test(view: View, guest: str) -> str | None:
        return None if apqn in view(machine.guest(guest).crycb).apcb else "which does not reach it"

    return _when_enabled(machine, apqn, tuple(guest.crycb for guest in machine.guests), test)


def p38(machine: Machine) -> Property:
    return Property(
        "P38",
        "whoever waits for a queue with locks held gives up in the end",
        (History(pmap(), (*hardware_of(machine), *objects_of(machine)), partial(_tries, machine)),),
        f"At most {DISABLE_TRIES} AQIC(disable) in a row, {IRQCLEAR_TRIES} TAPQ after them, and {POLLS} after a reset\n"
        "in kernels without reset work. Only the reset work polls without limit.",
        tuple((hw, op) for hw in hardware_of(machine) for op in ("aqic", "tapq")),
    )


def _tries(machine: Machine, memory: Hashable, event: Event) -> Hashable | Wrong:
    """Memory: by context, what it repeats or polls for, and how often it did so in a row."""
    tries: PMap[str, tuple[str, int]] = memory  # type: ignore[assignment]
    if any(event.caller.holds(queue.reset_work.name) for queue in machine.queues.values()):
        return tries
    after, count = tries.get(event.context, ("", 0))
    match event.op, event.args:
        case ("aqic", (None,)):
            count = count + 1 if after == "aqic" else 1
            if count > DISABLE_TRIES:
                return Wrong(f"{event.context} tries {count} times to disable {event.actor}")
            return tries.set(event.context, ("aqic", count))
        case ("tapq", (user,)) if user == HOST:
            waits_for, limit = ("reset", POLLS) if after == "reset" else ("irqclear", IRQCLEAR_TRIES)
            count = count + 1 if after == waits_for else 1
            if count > limit:
                return Wrong(f"{event.context} polls {event.actor} {count} times")
            return tries.set(event.context, (waits_for, count))
        case ("reset", (_, user)) if user == HOST:
            return tries.set(event.context, ("reset", 0))
        case ("set_reset_status", _):
            return tries
        case _:
            return tries.discard(event.context) if event.context in tries else tries

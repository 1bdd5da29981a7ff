"""Properties of changes of the host's configuration, and of what they may cost: P43, P45, P46."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any, TypeAlias

from pyrsistent import PMap, pmap

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.properties import Actors, Before, History, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.mainline.machine import Machine, Queue

Left: TypeAlias = PMap[str, int] | None
"""How often a scan may still write the masks of each guest, by the name of its CRYCB; None: it is not limited."""


def p43(machine: Machine) -> Property:
    concerns: tuple[Actor[Any], ...] = (machine.bus, *(guest.crycb for guest in machine.guests))
    return Property(
        "P43",
        "a change of the host's configuration stops a guest at most once",
        (History(None, concerns, partial(_writes, machine)),),
        "In one scan the masks of a guest, for which all its vCPUs leave SIE, are written at most once for what the\n"
        "host lost and once for what it gained.",
        tuple((guest.crycb, "set_masks") for guest in machine.guests),
    )


def _writes(machine: Machine, memory: Hashable, event: Event) -> Hashable | Wrong:
    left: Left = memory  # type: ignore[assignment]
    if event.actor == machine.bus.name:
        return _allowed(machine, event) if event.op == "fetch_info" else left
    if left is None or event.op != "set_masks" or not event.caller.holds(machine.scan_mutex.name):
        return left
    crycb = event.actor or ""
    if not left[crycb]:
        return Wrong(f"a scan stops the vCPUs of {crycb.partition('.')[0]} once more for the same change")
    return left.set(crycb, left[crycb] - 1)


def _allowed(machine: Machine, event: Event) -> Left:
    new, old = event.reply
    if new == old:
        return None
    changes = [new.difference(old), old.difference(new)]
    return pmap(dict.fromkeys((guest.crycb.name for guest in machine.guests), 2 - changes.count(Matrix())))


def p45(machine: Machine) -> Property:
    return Property(
        "P45",
        "no queue is reset that a guest reaches, and none unbound is reset that the host has lost",
        tuple(
            reset(machine, apqn, queue) for apqn, queue in sorted(machine.queues.items()) for reset in (_used, _lost)
        ),
        "When the host issues ZAPQ under guests_lock or the lock of the queue's device, that is, because of a change\n"
        "and not because user space asks for it, the queue is in no guest's APCB. When the driver resets a queue that\n"
        "it loses, the queue is in the host's configuration.",
        tuple((queue.hw, "reset") for queue in machine.queues.values()),
    )


def _used(machine: Machine, apqn: Apqn, queue: Queue) -> Before:
    reads: Actors = tuple(guest.crycb for guest in machine.guests)

    def test(view: View, event: Event) -> str | None:
        asked = not (event.caller.holds(queue.device_lock.name) or event.caller.holds(machine.guests_lock.name))
        if event.args != ("ZAPQ", HOST) or asked:
            return None
        reaching = (guest for guest in machine.guests if view(guest.crycb).live and apqn in view(guest.crycb).apcb)
        return next((f"{apqn} is reset while {guest.name} reaches it" for guest in reaching), None)

    return Before(queue.hw, "reset", reads, test)


def _lost(machine: Machine, apqn: Apqn, queue: Queue) -> Before:
    def test(view: View, event: Event) -> str | None:
        driver = event.caller.holds(queue.device_lock.name) and event.caller.holds(machine.mdevs_lock.name)
        if event.args != ("ZAPQ", HOST) or not driver or apqn in view(machine.matrix_dev).info:
            return None
        return f"{apqn} is reset although the host has lost it"

    return Before(queue.hw, "reset", (machine.matrix_dev,), test)


def p46(machine: Machine) -> Property:
    def test(view: View, event: Event) -> str | None:
        apqn, gone = event.args
        if gone and apqn in view(machine.bus).scanned:
            return f"the device of {apqn} is deleted, and the host has the queue"
        return None

    return Property(
        "P46",
        "a scan deletes only devices whose queue has left the host's configuration",
        (Before(machine.bus, "end_remove", (machine.bus,), test),),
    )

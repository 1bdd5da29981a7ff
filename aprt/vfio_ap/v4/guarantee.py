"""Properties of a detach, in the forms that v4 can be held to: P34, P35."""

from __future__ import annotations

from collections.abc import Hashable

from aprt.core.events import Event
from aprt.core.properties import Actors, After, History, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.ap_queue import HOST, ApQueue
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.properties import hardware_of
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.mdev import Mdev


def p34(machine: Machine) -> Property:
    checks = [_after_detach(machine, mdev) for mdev in machine.mdevs]
    return Property(
        "P34",
        "a detached mdev leaves its queues reset and its guest without access",
        tuple(checks),
        "At the end of a detach every queue of the matrix that the driver still has (not one that was unbound) has\n"
        "seen a ZAPQ of the host end, its interrupt is off and nothing is on record; the guest's APCB is empty and\n"
        "its hook is gone. Checked with all measures in.",
    )


def _after_detach(machine: Machine, mdev: Mdev) -> After:
    queues = [(apqn, queue) for apqn, queue in sorted(machine.queues.items())]
    objects = [queue.object for _, queue in queues]
    guests = [guest for guest in machine.guests if guest.mdev == mdev]

    def test(view: View, event: Event) -> str | None:
        matrix = view(mdev).matrix
        for apqn, queue in queues:
            hw, known = view(queue.hw), view(queue.object)
            if apqn not in matrix or not known.live or queue.hw.silent(hw):
                continue
            if not queue.hw.reset_over(hw) or hw.irq is not None or known.saved is not None:
                return f"{mdev.name} is detached and {apqn} is not reset, off and forgotten"
        for guest in guests:
            if view(guest.crycb).live and view(guest.crycb).apcb != Matrix():
                return f"{mdev.name} is detached and {guest.name} can still reach {view(guest.crycb).apcb}"
            if view(guest.vm).hook == mdev.name:
                return f"{mdev.name} is detached and {guest.name} still has its hook"
        return None

    reads: Actors = (mdev, *hardware_of(machine), *objects, *(g.crycb for g in guests), *(g.vm for g in guests))
    return After(mdev, "end_detach", reads, test)


def p35(machine: Machine) -> Property:
    return Property(
        "P35",
        "a detach does its steps in the order that makes it safe",
        tuple(_order(machine, guest) for guest in machine.guests),
        "For each detach: hook removed < APCB cleared < ZAPQ of each queue < that reset finished < its records, if it\n"
        "has any, forgotten < VM pointer cleared < VM reference dropped. Checked with all measures in.",
        tuple((mdev, "claim") for mdev in machine.mdevs),
    )


def _order(machine: Machine, guest: Guest) -> History:
    """Memory: what a detach in progress has done; empty when none is, `by:` names the context that does it."""
    hardware = {queue.hw.name: queue.hw for queue in machine.queues.values()}
    objects = {queue.object.name: queue for queue in machine.queues.values()}
    known = [queue.object for queue in machine.queues.values()]
    concerns: Actors = (guest.mdev, guest.vm, guest.crycb, *hardware_of(machine), *known)

    def advance(memory: Hashable, event: Event) -> Hashable | Wrong:
        assert isinstance(memory, frozenset)
        done, mine = memory, f"by:{event.context}" in memory
        if event.actor == guest.mdev.name:
            if event.op == "claim" and event.reply is not None:
                return frozenset({f"by:{event.context}"})
            if event.op == "end_detach" and mine:
                unfinished = [hw for hw in hardware if f"zapq:{hw}" in done and f"finished:{hw}" not in done]
                if unfinished:
                    return Wrong(f"the VM pointer is cleared before the reset of {unfinished[0]} ended")
                return done | {"kvm"}
        elif event.actor in hardware:
            return _reset_progress(done, mine, event, hardware[event.actor])
        elif event.actor in objects and event.op == "forget" and mine:
            hw = objects[event.actor].hw.name
            if "kvm" in done:
                return Wrong(f"{event.actor} is forgotten after the VM pointer is cleared")
            return done if f"finished:{hw}" in done else Wrong(f"{event.actor} is forgotten before its reset ended")
        elif event.actor == guest.crycb.name and event.op == "set_masks" and mine:
            return done | {"apcb"} if "hook" in done else Wrong("the APCB is cleared before the hook is removed")
        elif event.actor == guest.vm.name and mine:
            return _vm_progress(done, event)
        return memory

    return History(frozenset(), concerns, advance)


def _reset_progress(done: frozenset[str], mine: bool, event: Event, hw: ApQueue) -> Hashable | Wrong:
    if event.op == "reset" and mine and event.args == ("ZAPQ", HOST):
        if "apcb" not in done:
            return Wrong(f"{hw.name} is reset before the APCB is cleared")
        done |= {f"zapq:{hw.name}"}
    if f"zapq:{hw.name}" in done and hw.reset_over(event.state):
        return done | {f"finished:{hw.name}"}
    return done


def _vm_progress(done: frozenset[str], event: Event) -> Hashable | Wrong:
    if event.op == "set_hook" and event.args == (None,):
        return done | {"hook"}
    if event.op == "put":
        return frozenset() if "kvm" in done else Wrong("the VM reference is dropped before the VM pointer is cleared")
    return done

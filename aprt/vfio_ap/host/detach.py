"""Properties of a detach, the end of a guest with its queues: P34, P35. Each driver names its steps (`Detach`)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import attrs

from aprt.core.events import Event
from aprt.core.properties import Actors, After, History, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import HOST
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.properties import hardware_of


@attrs.frozen(eq=False)
class Detach:
    """How a driver detaches the VM of a guest.

    begin, end: messages of the mdev: of the first, to whose sender the detach belongs from then on, and of the one
    that clears the VM pointer. declines: `begin` replies None when there is nothing to do. forgets: messages of a
    queue object that erase a record. by_others: another context may send those. hook_first: the hook may go before
    `begin`. queues: those that have to be reset, each with whether something is on record. note: ends the texts.
    """

    guest: Guest
    begin: str
    end: str
    forgets: tuple[str, ...]
    queues: Callable[[View], list[tuple[Apqn, bool]]]
    declines: bool = False
    by_others: bool = False
    hook_first: bool = False
    note: str = ""


def p34(machine: Machine, detaches: tuple[Detach, ...], whose: str) -> Property:
    """whose: which queues are meant."""
    return Property(
        "P34",
        "a detached mdev leaves its queues reset and its guest without access",
        tuple(_after_detach(machine, detach) for detach in detaches),
        f"At the end of a detach every queue {whose} has\n"
        "seen a ZAPQ of the host end, its interrupt is off and nothing is on record; the guest's APCB is empty and\n"
        f"its hook is gone.{_note(detaches)}",
    )


def _note(detaches: tuple[Detach, ...]) -> str:
    return next((f" {detach.note}" for detach in detaches if detach.note), "")


def _after_detach(machine: Machine, detach: Detach) -> After:
    guest, mdev = detach.guest, detach.guest.mdev

    def test(view: View, event: Event) -> str | None:
        if event.args not in ((), (None,)):
            return None
        for apqn, recorded in detach.queues(view):
            queue = machine.queues[apqn]
            hw = view(queue.hw)
            if not queue.hw.silent(hw) and (not queue.hw.reset_over(hw) or hw.irq is not None or recorded):
                return f"{mdev.name} is detached and {apqn} is not reset, off and forgotten"
        if view(guest.crycb).live and view(guest.crycb).apcb != Matrix():
            return f"{mdev.name} is detached and {guest.name} can still reach {view(guest.crycb).apcb}"
        if view(guest.vm).hook == mdev.name:
            return f"{mdev.name} is detached and {guest.name} still has its hook"
        return None

    reads: Actors = (mdev, *hardware_of(machine), *_objects(machine), guest.crycb, guest.vm)
    return After(mdev, detach.end, reads, test)


def p35(machine: Machine, detaches: tuple[Detach, ...]) -> Property:
    return Property(
        "P35",
        "a detach does its steps in the order that makes it safe",
        tuple(_order(machine, detach) for detach in detaches),
        "For each detach: hook removed < APCB cleared < ZAPQ of each queue < that reset finished < its records, if it\n"
        f"has any, forgotten < VM pointer cleared < VM reference dropped.{_note(detaches)}",
        tuple((detach.guest.mdev, detach.begin) for detach in detaches),
    )


def _order(machine: Machine, detach: Detach) -> History:
    guest = detach.guest
    concerns: Actors = (guest.mdev, guest.vm, guest.crycb, *hardware_of(machine), *_objects(machine))
    return History(frozenset(), concerns, partial(_advance, machine, detach))


def _advance(machine: Machine, detach: Detach, memory: Hashable, event: Event) -> Hashable | Wrong:
    """Memory: what a detach in progress has done, `by:` names the context that does it. None is: nothing, or `hook`."""
    assert isinstance(memory, frozenset)
    done: frozenset[str] = memory
    mine = f"by:{event.context}" in done
    hardware = {queue.hw.name: queue.hw for queue in machine.queues.values()}
    objects = {queue.object.name: queue.hw.name for queue in machine.queues.values()}
    if event.actor == detach.guest.mdev.name:
        return _mdev_progress(detach, done, mine, event)
    if event.actor in hardware:
        return _reset_progress(done, mine, event, hardware[event.actor])
    if event.actor in objects and event.op in detach.forgets and (mine or (detach.by_others and _running(done))):
        if "kvm" in done:
            return Wrong(f"{event.actor} is forgotten after the VM pointer is cleared")
        finished = f"finished:{objects[event.actor]}" in done
        return done if finished else Wrong(f"{event.actor} is forgotten before its reset ended")
    if event.actor == detach.guest.crycb.name and event.op == "set_masks" and mine:
        return done | {"apcb"} if "hook" in done else Wrong("the APCB is cleared before the hook is removed")
    if event.actor == detach.guest.vm.name:
        return _vm_progress(detach, done, mine, event)
    return done


def _objects(machine: Machine) -> Actors:
    return tuple(queue.object for _, queue in sorted(machine.queues.items()))


def _running(done: frozenset[str]) -> bool:
    return any(step.startswith("by:") for step in done)


def _mdev_progress(detach: Detach, done: frozenset[str], mine: bool, event: Event) -> Hashable | Wrong:
    if event.op == detach.begin and not (detach.declines and event.reply is None):
        return frozenset({f"by:{event.context}"}) | (done & {"hook"})
    if event.op == detach.end and mine:
        reset = [step.removeprefix("zapq:") for step in sorted(done) if step.startswith("zapq:")]
        unfinished = [hw for hw in reset if f"finished:{hw}" not in done]
        if unfinished:
            return Wrong(f"the VM pointer is cleared before the reset of {unfinished[0]} ended")
        return done | {"kvm"}
    return done


def _reset_progress(done: frozenset[str], mine: bool, event: Event, hw: ApQueue) -> Hashable | Wrong:
    if event.op == "reset" and mine and event.args == ("ZAPQ", HOST):
        if "apcb" not in done:
            return Wrong(f"{hw.name} is reset before the APCB is cleared")
        done |= {f"zapq:{hw.name}"}
    if f"zapq:{hw.name}" in done and hw.reset_over(event.state):
        return done | {f"finished:{hw.name}"}
    return done


def _vm_progress(detach: Detach, done: frozenset[str], mine: bool, event: Event) -> Hashable | Wrong:
    if event.op == "set_hook" and (mine or detach.hook_first):
        return done | {"hook"} if event.args == (None,) else done - {"hook"}
    if event.op == "put" and mine:
        return frozenset() if "kvm" in done else Wrong("the VM reference is dropped before the VM pointer is cleared")
    return done

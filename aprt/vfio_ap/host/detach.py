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
from aprt.vfio_ap.host.properties import hardware_of, objects_of


@attrs.frozen(eq=False)
class Detach:
    """How a driver detaches the VM of a guest: which messages begin it, end it, and what it has to do in between.

    begin: message of the mdev with which a detach begins; from then on it belongs to the context that sent it.
    end: message of the mdev that clears the VM pointer.
    forgets: messages of a queue object that erase a record.
    queues: the queues that have to be reset, each with whether something is on record for it.
    declines: `begin` replies None when there is nothing to do, and then no detach has begun.
    by_others: contexts other than the one that detaches may send `forgets` for it.
    hook_first: the hook may go before `begin`.
    note: a sentence for the end of the texts of P34 and P35.
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

    reads: Actors = (mdev, *hardware_of(machine), *objects_of(machine), guest.crycb, guest.vm)
    return After(mdev, detach.end, reads, test)


def p35(machine: Machine, detaches: tuple[Detach, ...]) -> Property:
    return Property(
        "P35",
        "a detach does its steps in the order that makes it safe",
        tuple(_order(machine, detach) for detach in detaches),
        "For each detach: hook removed < APCB cleared < ZAPQ of each queue < that reset finished < its records, if it\n"
        "has any, forgotten < VM pointer cleared < VM reference dropped. It is the order of today's driver: another\n"
        f"one may be as safe, and needs a reason why.{_note(detaches)}",
        tuple((detach.guest.mdev, detach.begin) for detach in detaches),
    )


@attrs.frozen
class Progress:
    """What a detach has done so far, for P35.

    by: the context that does it; None: none has begun, though the hook may be gone already.
    resets: the hardware queues that it has sent a ZAPQ. finished: those of them whose reset has ended since.
    """

    by: str | None = None
    hook_removed: bool = False
    apcb_cleared: bool = False
    resets: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    vm_cleared: bool = False


def _order(machine: Machine, detach: Detach) -> History:
    guest = detach.guest
    concerns: Actors = (guest.mdev, guest.vm, guest.crycb, *hardware_of(machine), *objects_of(machine))
    return History(Progress(), concerns, partial(_advance, machine, detach))


def _advance(machine: Machine, detach: Detach, memory: Hashable, event: Event) -> Progress | Wrong:
    assert isinstance(memory, Progress)
    guest, mine = detach.guest, memory.by == event.context
    hardware = {queue.hw.name: queue.hw for queue in machine.queues.values()}
    behind = {queue.object.name: queue.hw.name for queue in machine.queues.values()}
    if event.actor == guest.mdev.name:
        return _mdev_handled(detach, memory, mine, event)
    if event.actor in hardware:
        return _hardware_handled(memory, mine, event, hardware[event.actor])
    if event.actor in behind:
        return _object_handled(detach, memory, mine, event, behind[event.actor])
    if event.actor == guest.crycb.name:
        return _crycb_handled(memory, mine, event)
    return _vm_handled(detach, memory, mine, event)


def _mdev_handled(detach: Detach, progress: Progress, mine: bool, event: Event) -> Progress | Wrong:
    if event.op == detach.begin and not (detach.declines and event.reply is None):
        return Progress(by=event.context, hook_removed=progress.hook_removed)
    if event.op == detach.end and mine:
        unfinished = sorted(progress.resets - progress.finished)
        if unfinished:
            return Wrong(f"the VM pointer is cleared before the reset of {unfinished[0]} ended")
        return attrs.evolve(progress, vm_cleared=True)
    return progress


def _hardware_handled(progress: Progress, mine: bool, event: Event, hw: ApQueue) -> Progress | Wrong:
    """A ZAPQ of the detach, or whatever ends the reset that it began."""
    if event.op == "reset" and mine and event.args == ("ZAPQ", HOST):
        if not progress.apcb_cleared:
            return Wrong(f"{hw.name} is reset before the APCB is cleared")
        progress = attrs.evolve(progress, resets=progress.resets | {hw.name})
    if hw.name in progress.resets and hw.reset_over(event.state):
        return attrs.evolve(progress, finished=progress.finished | {hw.name})
    return progress


def _object_handled(detach: Detach, progress: Progress, mine: bool, event: Event, hw: str) -> Progress | Wrong:
    """hw: the hardware queue of the object that handled the message."""
    running = progress.by is not None
    if event.op not in detach.forgets or not (mine or (detach.by_others and running)):
        return progress
    if progress.vm_cleared:
        return Wrong(f"{event.actor} is forgotten after the VM pointer is cleared")
    return progress if hw in progress.finished else Wrong(f"{event.actor} is forgotten before its reset ended")


def _crycb_handled(progress: Progress, mine: bool, event: Event) -> Progress | Wrong:
    if event.op != "set_masks" or not mine:
        return progress
    if not progress.hook_removed:
        return Wrong("the APCB is cleared before the hook is removed")
    return attrs.evolve(progress, apcb_cleared=True)


def _vm_handled(detach: Detach, progress: Progress, mine: bool, event: Event) -> Progress | Wrong:
    if event.op == "set_hook" and (mine or detach.hook_first):
        return attrs.evolve(progress, hook_removed=event.args == (None,))
    if event.op == "put" and mine:
        if not progress.vm_cleared:
            return Wrong("the VM reference is dropped before the VM pointer is cleared")
        return Progress()
    return progress

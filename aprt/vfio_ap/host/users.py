"""Properties of who uses a queue, one after the other: P11, P12. What only a driver knows of it, it adds.

A queue holds something of its user since its last finished ZAPQ: requests, replies, keys (`ApQueueState.user`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.properties import Actors, Before, Noted, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.machine import Guest, Machine, Queue
from aprt.vfio_ap.host.properties import hardware_of


def p11(machine: Machine, let_go: Iterable[Before]) -> Property:
    """let_go: the steps with which the driver takes a queue, or all queues, from a guest (`still_used`)."""
    checks: list[Before | Noted] = [Noted(), *let_go, _handed_to_host(machine), _unbound(machine)]
    checks += [_shown(machine, guest) for guest in machine.guests]
    return Property(
        "P11",
        "a queue changes its user only after a finished ZAPQ",
        tuple(checks),
        "A queue that holds requests, replies or keys is used by nobody else, and does not change hands: its guest is\n"
        "not detached, it does not go to the free list, it is not unbound, not bound to a host driver, and does not\n"
        "become visible to a guest. A ZAPQ must have ended since the former user's last instruction.",
        tuple((hw, op) for hw in hardware_of(machine) for op in ("nqap", "dqap")),
    )


def holds(machine: Machine, view: View, apqn: Apqn) -> str | None:
    """Whose things the queue holds; None also for one that is off or gone, and comes back reset."""
    hw = view(machine.queues[apqn].hw)
    return hw.user if hw.cfg == "on" else None


def detached(machine: Machine, mdev: Actor[Any], op: str) -> Before:
    """No queue in the matrix of `mdev` holds something of its VM when `op` takes that from it."""

    def test(view: View, event: Event) -> str | None:
        state = view(mdev)
        if state.kvm is None or event.args not in ((), (None,)):
            return None
        for apqn in sorted(machine.queues):
            if apqn in state.matrix and holds(machine, view, apqn) == state.kvm:
                return f"{mdev.name} lets {state.kvm} go while {apqn} holds something of it"
        return None

    return Before(mdev, op, (mdev, *hardware_of(machine)), test)


def still_used(
    machine: Machine, actor: Actor[Any], op: str, which: Callable[[Event], Apqn | None], what: str
) -> Before:
    """The queue that `op` is about holds nothing of its former user.

    which: the APQN of that queue; None: this `op` hands none over. what: what becomes of the queue, in words.
    """

    def test(view: View, event: Event) -> str | None:
        apqn = which(event)
        user = None if apqn is None else holds(machine, view, apqn)
        return f"{apqn} {what} while it holds something of {user}" if user else None

    return Before(actor, op, hardware_of(machine), test)


def _handed_to_host(machine: Machine) -> Before:
    def to_zcrypt(event: Event) -> Apqn | None:
        apqn, driver = event.args
        return apqn if driver == "zcrypt" else None

    return still_used(machine, machine.bus, "set_driver", to_zcrypt, "is given to the host")


def _unbound(machine: Machine) -> Before:
    return still_used(machine, machine.bus, "end_remove", lambda event: event.args[0], "is unbound")


def _shown(machine: Machine, guest: Guest) -> Before:
    def test(view: View, event: Event) -> str | None:
        (masks,) = event.args
        for apqn in sorted(machine.queues):
            user = holds(machine, view, apqn)
            if user and apqn in masks and apqn not in view(guest.crycb).apcb:
                return f"{apqn} becomes visible to {guest.name} while it holds something of {user}"
        return None

    return Before(guest.crycb, "set_masks", (guest.crycb, *hardware_of(machine)), test)


def p12(machine: Machine, forgets: Iterable[str]) -> Property:
    """forgets: the messages of a queue object that erase a record; their last argument: after a reset."""
    return Property(
        "P12",
        "a reset counts as finished only when it is",
        tuple(_concluded(queue, op) for queue in machine.queues.values() for op in forgets),
        "Records are forgotten after a reset only when the last ZAPQ that the host issued was accepted and has ended,\n"
        "or the queue answered that it does not work (off, broken, gone) and off_is_silent holds.",
    )


def _concluded(queue: Queue, op: str) -> Before:
    reads: Actors = (queue.hw,)

    def test(view: View, event: Event) -> str | None:
        hw = view(queue.hw)
        if not event.args[-1] or queue.hw.reset_over(hw):
            return None
        return f"the records of {queue.apqn} are freed as if it were reset; its last ZAPQ is {hw.zapq}"

    return Before(queue.object, op, reads, test)

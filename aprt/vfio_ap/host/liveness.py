"""Properties about what must not stay so for ever: P32, P33, P42, P44. They need the whole state graph.

Hardware, timers and every thread that can go on do so at last; a lock that is free again and again is had at last.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from aprt.core.properties import Eventually, Property
from aprt.core.system import View
from aprt.kernel.mutex import Mutex
from aprt.vfio_ap.ap.response import TRANSIENT
from aprt.vfio_ap.host.machine import Guest, Machine, Queue
from aprt.vfio_ap.kvm.gisa_properties import p33
from aprt.vfio_ap.kvm.vcpu import Vcpu


def liveness(machine: Machine, locks: Iterable[Mutex]) -> tuple[Property, ...]:
    """All of this file. locks: those that operations hold from their begin to their end."""
    return p32(tuple(locks)), p33(tuple(guest.gisa for guest in machine.guests)), p42(machine), p44(machine)


def p32(locks: tuple[Mutex, ...]) -> Property:
    return Property(
        "P32",
        "no operation keeps its locks for ever",
        tuple(Eventually((lock,), partial(_held, lock)) for lock in locks),
        "If hardware finishes every reset, every operation terminates: no lock of the driver stays held for ever.",
        tuple((lock, "lock") for lock in locks),
    )


def _held(lock: Mutex, view: View) -> str | None:
    owner = view(lock).owner
    return None if owner is None else f"{owner} holds {lock.name}"


def p42(machine: Machine) -> Property:
    return Property(
        "P42",
        "an interrupt change that was accepted takes effect",
        tuple(Eventually((queue.hw,), partial(_pending, queue)) for queue in machine.queues.values()),
        "After AQIC is answered 00, and without a later reset, the bit I follows. A queue that is off or broken does\n"
        "not count.",
        tuple((queue.hw, "aqic") for queue in machine.queues.values()),
    )


def _pending(queue: Queue, view: View) -> str | None:
    hw = view(queue.hw)
    waits = hw.pending_irq is not None and hw.works
    return f"the interrupt change of {queue.apqn} is pending" if waits else None


def p44(machine: Machine) -> Property:
    vcpus = [(guest, vcpu) for guest in machine.guests for vcpu in guest.vcpus]
    return Property(
        "P44",
        "a guest that repeats AQIC while it is told 02 or 05 gets through",
        tuple(Eventually((vcpu, guest.process), partial(_turned_away, guest, vcpu)) for guest, vcpu in vcpus),
        "AQIC answered 02 or 05 is repeated, and at last answered otherwise.",
        tuple((vcpu, "answer") for _, vcpu in vcpus),
    )


def _turned_away(guest: Guest, vcpu: Vcpu, view: View) -> str | None:
    rc = view(vcpu).gr1
    if rc not in TRANSIENT or vcpu.name not in view(guest.process).threads:
        return None
    return f"{vcpu.name} is told {rc:02x}"

"""States of a machine in the middle of the way of an interrupt: a request in a queue, a GISA in the alert list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from pyrsistent import pmap, pset

from aprt.vfio_ap.ap.queue_state import ApQueueState, Target
from aprt.vfio_ap.host.machine import Guest, Machine, Queue
from aprt.vfio_ap.host.programs import FIRST_ISC, FIRST_NIB
from aprt.vfio_ap.host.userspace import VM
from aprt.vfio_ap.kvm.gib import GAL_ISC, GibState
from aprt.vfio_ap.kvm.gisa import NULL, GisaState, bit
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.kvm.vcpu import Vcpu, wait_for_interrupt
from aprt.vfio_ap.memory import PAGE, MemoryState
from aprt.vfio_ap.process import ProcessState


def last_file_open(guest: Guest) -> dict[str, Any]:
    """Of all its files only that of the VM is still open."""
    process = ProcessState(pmap({VM: VM}), pmap({VM: 1}))
    return {guest.vm.name: KvmState(users=1), guest.process.name: process}


def in_alert_list(machine: Machine, guest: Guest, alerted: bool = True) -> dict[str, Any]:
    """An interrupt came just before the guest's queues were reset; the host has not worked off the list yet.

    alerted: the alert interrupt is pending in the host.
    """
    gisa = guest.gisa.gisa.name
    return {gisa: GisaState(NULL, ipm=bit(FIRST_ISC)), machine.gib.name: GibState(gisa, gal=alerted)}


def interrupts_on(guest: Guest, queues: tuple[Queue, ...], requests: int = 0) -> dict[str, Any]:
    """These queues of the guest have their interrupt on, and so many requests of it each.

    The driver's records are its own business.
    """
    gisa, page, count = guest.gisa.gisa.name, FIRST_NIB >> PAGE, len(queues)
    target = Target(guest.name, FIRST_NIB, gisa, FIRST_ISC, GAL_ISC)
    user = guest.name if requests else None
    counts = tuple(count if isc == FIRST_ISC else 0 for isc in range(8))
    return {
        **{queue.hw.name: ApQueueState(irq=target, requests=requests, user=user) for queue in queues},
        guest.memory.name: MemoryState(pset(guest.memory.pages), pmap({page: count})),
        guest.gisa.interrupt.name: GisaIntState(gisa, alert_mask=bit(FIRST_ISC), ref_count=counts),
        gisa: attrs.evolve(guest.gisa.gisa.initial(), iam=bit(FIRST_ISC)),
    }


def kick_due(guest: Guest, states: Mapping[str, Any]) -> dict[str, Any]:
    """As in `states`; and an interrupt came just before, its alert is worked off, and the timer is about to fire."""
    gisa, interrupt = guest.gisa.gisa.name, guest.gisa.interrupt.name
    return {
        gisa: attrs.evolve(states[gisa], ipm=bit(FIRST_ISC), iam=0),
        interrupt: attrs.evolve(states[interrupt], timer="armed"),
    }


async def idle(guest: Guest, vcpu: Vcpu) -> None:
    """A vCPU that does nothing but wait for interrupts."""
    while await wait_for_interrupt(guest.gisa, vcpu) is not None:
        pass

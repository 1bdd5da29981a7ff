"""Properties that any driver is held to, of hardware, KVM, mdevs and the guest: P1, P4, P8, P9, P10, P19, P24, P47."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, TypeAlias

from pyrsistent import PMap, pmap

from aprt.core.actor import Actor
from aprt.core.amount import count
from aprt.core.events import Event
from aprt.core.properties import Always, AtEnd, Before, History, Noted, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.queue_state import Target
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.userspace import DEVICE
from aprt.vfio_ap.memory import PAGE

References: TypeAlias = tuple[Callable[[View, Guest], int], tuple[Actor[Any], ...]]


def hardware_of(machine: Machine) -> tuple[Actor[Any], ...]:
    """The hardware of all queues."""
    return tuple(queue.hw for queue in machine.queues.values())


def objects_of(machine: Machine) -> tuple[Actor[Any], ...]:
    """The driver's objects of all queues."""
    return tuple(queue.object for queue in machine.queues.values())


def p1(machine: Machine) -> Property:
    return Property(
        "P1",
        "no interrupt is aimed at a GISA when gisa_destroy begins",
        tuple(_p1_check(machine, guest) for guest in machine.guests),
        "When gisa_destroy(v) starts, no queue is enabled, or on its way to be, towards the GISA of v, no reset of\n"
        "such a queue is unfinished, and no irq_enable for v is between reading the GISA and the answer of AQIC.\n"
        "A queue that is off or broken does not count under the assumption off_is_silent.",
        (
            *((hw, "aqic") for hw in hardware_of(machine)),
            *((guest.gisa.interrupt, op) for guest in machine.guests for op in ("register", "unregister")),
        ),
    )


def _p1_check(machine: Machine, guest: Guest) -> Before:
    gisa = guest.gisa.gisa.name

    def test(view: View, event: Event) -> str | None:
        for apqn, queue in sorted(machine.queues.items()):
            state = view(queue.hw)
            if queue.hw.silent(state):
                continue
            if any(target.gisa == gisa for target in state.targets()):
                return f"{apqn} is still aimed at {gisa} when gisa_destroy begins"
        if view.inflight(("irq_enable", guest.name)):
            return f"an irq_enable for {guest.name} is under way when gisa_destroy begins"
        return None

    return Before(guest.gisa.interrupt, "begin_destroy", hardware_of(machine), test)


def p9(machine: Machine) -> Property:
    return Property(
        "P9",
        "software touches only objects that are alive",
        (Noted(),),
        "Every access by the driver, KVM or the bus hits a live object: queue, mdev, VM, GISA page, module text.\n"
        "Pointers to queues carry a generation. An execution ends where this is violated, as the machine's would.",
    )


def p4(machine: Machine, references: References) -> Property:
    """references: those of the VM of a guest that the driver and the vfio core have, and the actors that say so."""
    checks: list[Always | AtEnd] = []
    for guest in machine.guests:
        checks += [_immortal(guest), _dangling(machine, guest), _counted(guest, references)]
    return Property(
        "P4",
        "a VM is destroyed when its last file is closed, and not before its mdev forgets it",
        tuple(checks),
        "When every file of a VM and of its devices is closed and all is done, the VM is gone. When all is done and\n"
        "some are open, each reference of the VM is that of a file, of an mdev that has the VM, or of the vfio core.\n"
        "As long as an mdev has the VM its reference count is at least 1.",
        tuple((guest.vm, "put") for guest in machine.guests),
    )


def _immortal(guest: Guest) -> AtEnd:
    def test(view: View) -> str | None:
        if not view(guest.process).refs and view(guest.vm).live:
            return f"every file is closed and {guest.name} is still alive ({count(view(guest.vm).users, 'reference')})"
        return None

    return AtEnd((guest.process, guest.vm), test)


def _counted(guest: Guest, references: References) -> AtEnd:
    count_of, reads = references

    def test(view: View) -> str | None:
        users, files = view(guest.vm).users, [file for file in view(guest.process).refs if file != DEVICE]
        accounted = len(files) + count_of(view, guest)
        if not view(guest.vm).live or users == accounted:
            return None
        return f"{guest.name} has {count(users, 'reference')} and {count(accounted, 'holder')}"

    return AtEnd((guest.vm, guest.process, *reads), test)


def _dangling(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        for mdev in machine.mdevs:
            state = view(mdev)
            if state.live and state.kvm == guest.name and view(guest.vm).users == 0:
                return f"{mdev.name} points to {guest.name}, whose reference count is 0"
        return None

    return Always((guest.vm, *machine.mdevs), test)


def p47(machine: Machine) -> Property:
    return Property(
        "P47",
        "the host issues only instructions that the machine has",
        (Noted(),),
        "Without facility 65 there is no AQIC: whoever issues it ends in a specification exception, and an execution\n"
        "here.",
        tuple((hw, "aqic") for hw in hardware_of(machine)),
    )


def p8(machine: Machine) -> Property:
    return Property(
        "P8",
        "a page is unpinned only when no queue can still write its NIB there",
        (*(_writers(machine, guest) for guest in machine.guests), Noted()),
        "When a pin of a page is dropped, the queues that may still write a NIB in that page are not more than the\n"
        "pins that are left. Hardware that writes a page without a pin violates it too.",
        tuple((guest.memory, op) for guest in machine.guests for op in ("unpin", "write_nib")),
    )


def _writers(machine: Machine, guest: Guest) -> Before:
    def test(view: View, event: Event) -> str | None:
        page = event.args[0] >> PAGE
        pins = view(guest.memory).pins.get(page, 0)
        writers = [
            str(apqn)
            for apqn, queue in sorted(machine.queues.items())
            if not queue.hw.silent(view(queue.hw))
            and any(t.guest == guest.name and t.page == page for t in view(queue.hw).targets())
        ]
        if pins and len(writers) > pins - 1:
            return f"page {page:#x} of {guest.name} is unpinned while {', '.join(writers)} may write its NIB there"
        return None

    return Before(guest.memory, "unpin", (guest.memory, *hardware_of(machine)), test)


def p10(machine: Machine) -> Property:
    return Property(
        "P10",
        "after a DMA unmap no page of the range is pinned",
        (Noted(),),
        "When user space unmaps a range, the callbacks (at most eleven) leave no page of it pinned. type1 stops the\n"
        "host with a BUG otherwise.",
        tuple((guest.memory, "unmap") for guest in machine.guests),
    )


def p19(machine: Machine) -> Property:
    return Property(
        "P19",
        "the masks of a guest are written under its kvm->lock, with every vCPU out of SIE",
        tuple(_masks(guest, op) for guest in machine.guests for op in ("set_masks", "drop_adapter")),
        "Hardware reads the APCB for every AP instruction in SIE: who writes it holds kvm->lock and has taken all\n"
        "vCPUs out of SIE first.",
        of_patches=True,
    )


def _masks(guest: Guest, op: str) -> Before:
    def test(view: View, event: Event) -> str | None:
        inside = view(guest.crycb).inside
        if inside:
            return f"{event.context} writes the masks of {guest.name} while {inside[0]} is in SIE"
        if not event.caller.holds(guest.kvm_lock.name):
            return f"{event.context} writes the masks of {guest.name} without {guest.kvm_lock.name}"
        return None

    return Before(guest.crycb, op, (guest.crycb,), test)


def p24(machine: Machine) -> Property:
    vcpus: tuple[Actor[Any], ...] = tuple(vcpu for guest in machine.guests for vcpu in guest.vcpus)
    return Property(
        "P24",
        "what PQAP(AQIC) tells the guest is true",
        (History(pmap(), (*hardware_of(machine), *vcpus), partial(_told, frozenset(vcpu.name for vcpu in vcpus))),),
        "00 to enable: an AQIC with the guest's ISC and NIB was accepted by the queue. 01, 06, 07: nothing new was\n"
        "enabled. The condition code is 3 iff the response code is not 00.",
        tuple((vcpu, "answer") for vcpu in vcpus),
    )


def _told(vcpus: frozenset[str], memory: Hashable, event: Event) -> Hashable | Wrong:
    """Memory: the target of the last accepted enable of every context that has not told its guest yet."""
    accepted: PMap[str, Target] = memory  # type: ignore[assignment]
    if event.actor not in vcpus:
        if event.op != "aqic" or event.args == (None,) or event.reply.rc is not Rc.NORMAL:
            return accepted
        return accepted.set(event.context, event.args[0])
    if event.op != "answer":
        return accepted
    ir, isc, nib, rc, cc = event.args
    got = accepted.get(event.context)
    if (cc == 3) != (rc != Rc.NORMAL):
        return Wrong(f"response code {rc} comes with condition code {cc}")
    if ir and rc == Rc.NORMAL and (got is None or (got.gisc, got.nib) != (isc, nib)):
        return Wrong(f"the guest is told 00 for ISC {isc} and NIB {nib:#x}, which the queue did not accept")
    if ir and rc in (Rc.Q_NOT_AVAIL, Rc.INVALID_ADDRESS, Rc.OTHERWISE_CHANGED) and got is not None:
        return Wrong(f"the guest is told {rc} although the queue accepted {got}")
    return accepted.discard(event.context)

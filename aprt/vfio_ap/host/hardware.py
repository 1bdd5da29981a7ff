"""What happens by itself on a machine: late effects of queues, replies, alerts, timers. Daemons, one context each."""

from __future__ import annotations

from functools import partial

from aprt.core.system import Context
from aprt.vfio_ap.ap.ap_queue import interrupt_control, reset_end
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.machine import Machine, Queue
from aprt.vfio_ap.host.notification import replies
from aprt.vfio_ap.kvm.gib import gal_interrupt
from aprt.vfio_ap.kvm.kick import gisa_timer


def hardware(machine: Machine) -> list[Context]:
    """The daemons of the machine: late effects of every queue and, with `delivery`, replies and alerts."""
    contexts = []
    for apqn, queue in sorted(machine.queues.items()):
        if not machine.on("irq_stays_pending"):
            contexts.append(Context(f"irq {apqn}", partial(interrupt_control, queue.hw), daemon=True))
        if not machine.on("reset_stays_pending"):
            contexts.append(Context(f"reset {apqn}", partial(reset_end, queue.hw), daemon=True))
        if machine.on("delivery"):
            contexts.append(Context(f"reply {apqn}", partial(replies, machine, queue), daemon=True))
        for switch, rc in (("busy_may_answer", Rc.BUSY), ("unexpected_rc", Rc.Q_NOT_BOUND)):
            if machine.variant(switch) == "yes":
                contexts.append(Context(f"{switch} {apqn}", partial(disturb, queue, rc)))
    if machine.on("delivery"):
        contexts += alerts(machine)
    return contexts


async def disturb(queue: Queue, rc: Rc) -> None:
    """The machine has a reason of its own, once: the next instruction for the queue answers `rc`."""
    await queue.hw.disturb(rc)


def alerts(machine: Machine) -> list[Context]:
    """The alert interrupt handler of the host, and the GISA timer of every VM."""
    gal = Context("gal", partial(gal_interrupt, machine.gib, machine.gisas()), daemon=True)
    timers = [
        Context(f"{guest.name}.timer", partial(gisa_timer, guest.gisa, guest.vcpus), daemon=True)
        for guest in machine.guests
    ]
    return [gal, *timers]

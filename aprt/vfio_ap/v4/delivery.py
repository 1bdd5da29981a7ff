"""Scenarios of era v4 about the way of an interrupt: alert, alert list, kick, delivery; and a VM that ends meanwhile.

In `two-vms` and `lost-kick` interrupts are enabled and requests in the queues from the start: what is explored
begins with the card's answer. A vCPU that waits for interrupts is a daemon, so that a state in
which nothing happens any more is an end, whoever sleeps in it; property P30 looks at that.
"""

from __future__ import annotations

from functools import partial

import attrs
from pyrsistent import pmap, pset

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.ap_queue import ApQueueState, Target
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.programs import FIRST_ISC, FIRST_NIB, SECOND_ISC, program
from aprt.vfio_ap.host.userspace import VM, close_fd, vcpu_thread
from aprt.vfio_ap.kvm.gib import GAL_ISC, GibState
from aprt.vfio_ap.kvm.gisa import NULL, GisaState, bit
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.kvm.vcpu import Vcpu, VcpuState, wait_for_interrupt
from aprt.vfio_ap.memory import PAGE, MemoryState
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.machine import Guest
from aprt.vfio_ap.series.vfio_ap_queue import Saved
from aprt.vfio_ap.v4.situation import QUEUES, Situation, attached

PATH = ("P2", "P3", "P25", "P26", "P27", "P28", "P29", "P30", "P31")


def alert(settings: Settings) -> Model:
    s = attached(settings, running=False)
    code = program(s.machine.variant("guest"), s.apqn)
    s.contexts += [
        Context(vcpu.name, partial(vcpu_thread, s.machine, s.guest, vcpu, code), daemon=True) for vcpu in s.guest.vcpus
    ]
    return s.model(scope="the vCPU enables the interrupt, sends a request and waits for it; nothing is closed")


def two_vms(settings: Settings) -> Model:
    ending = GuestPlan("vm0", "mdev0", Matrix(), attached=False)
    s = Situation(settings, (ending, GuestPlan("vm1", "mdev1", Matrix.of([5], [4]))), QUEUES[:1], running=False)
    _last_file_open(s, s.guest)
    _in_alert_list(s, s.guest)
    _expect_reply(s, s.machine.guest("vm1"), QUEUES[:1])
    return s.model(
        Context("user", partial(close_fd, s.machine, s.guest, VM)),
        scope="the first VM, device closed, is in the alert list when its last file goes; the second has a request",
    )


def _last_file_open(s: Situation, guest: Guest) -> None:
    s.states[guest.vm.name] = KvmState(users=1)
    s.states[guest.process.name] = ProcessState(pmap({VM: VM}), pmap({VM: 1}))


def _in_alert_list(s: Situation, guest: Guest) -> None:
    """An interrupt came just before the guest's queues were reset; the host has not seen the alert yet."""
    gisa = guest.gisa.gisa.name
    s.states[gisa] = GisaState(NULL, ipm=bit(FIRST_ISC))
    s.states[s.machine.gib.name] = GibState(gisa, gal=True)


def lost_kick(settings: Settings) -> Model:
    s = attached(settings, running=False)
    _expect_reply(s, s.guest, tuple(sorted(s.machine.queues)))
    closed, *others = s.guest.vcpus
    s.states[closed.name] = VcpuState(cr6=bit(SECOND_ISC))
    s.contexts += [Context(vcpu.name, partial(_idle, s.guest, vcpu), daemon=True) for vcpu in (closed, *others)]
    return s.model(scope="a request in each queue; the vCPUs only wait, the first is closed for the queues' ISC")


async def _idle(guest: Guest, vcpu: Vcpu) -> None:
    while await wait_for_interrupt(guest.gisa, vcpu) is not None:
        pass


def _expect_reply(s: Situation, guest: Guest, apqns: tuple[Apqn, ...]) -> None:
    """These queues of the guest have their interrupt on, and a request."""
    gisa, isc, page = guest.gisa.gisa.name, FIRST_ISC, FIRST_NIB >> PAGE
    count = len(apqns)
    target = Target(guest.name, FIRST_NIB, gisa, isc, GAL_ISC)
    for apqn in apqns:
        queue = s.machine.queues[apqn]
        s.states[queue.hw.name] = ApQueueState(irq=target, requests=1, user=guest.name)
        bound = s.states[queue.object.name]
        s.states[queue.object.name] = attrs.evolve(bound, saved=Saved(guest.name, isc, FIRST_NIB))
    s.states[guest.memory.name] = MemoryState(pset(guest.memory.pages), pmap({page: count}))
    counts = tuple(count if i == isc else 0 for i in range(8))
    s.states[guest.gisa.interrupt.name] = GisaIntState(gisa, alert_mask=bit(isc), ref_count=counts)
    s.states[gisa] = GisaState(gisa, iam=bit(isc))


DELIVERY = (
    Scenario(
        "alert",
        "a guest enables its interrupt, sends a request and waits",
        "Hardware sets NIB and IPM and alerts the host, the timer kicks the vCPU;\n"
        "meanwhile the vCPU may be on its way to sleep.",
        PATH,
        alert,
        ("guest=enable_wait", "delivery"),
    ),
    Scenario(
        "two-vms",
        "two VMs in the alert list, one of them ends",
        "An alert of the first VM, whose device is closed already, is not worked off yet;\n"
        "the second VM's comes while gisa_destroy waits for the first one's GISA to leave\n"
        "the list. The list's processor may still be about to start its timer then.",
        PATH,
        two_vms,
        ("delivery",),
    ),
    Scenario(
        "lost-kick",
        "two idle vCPUs, one of them closed for what is pending",
        "The kick looks for a vCPU that can take the interrupt. The closed one hides\n"
        "the other (B9); a vCPU that was kicked is passed over later on, although\n"
        "it sleeps again (B8).",
        PATH,
        lost_kick,
        ("vcpus=2", "delivery"),
    ),
)

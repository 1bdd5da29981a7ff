"""Scenarios about the way of an interrupt, for any driver: alert, alert list, kick, delivery; a VM ends meanwhile.

In `two-vms` and `lost-kick` interrupts are enabled and requests in the queues from the start: what is explored
begins with the card's answer. A vCPU that waits for interrupts is a daemon, so that a state in
which nothing happens any more is an end, whoever sleeps in it; property P30 looks at that.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.guest_code import execute
from aprt.vfio_ap.host.machine import Guest
from aprt.vfio_ap.host.pending import idle, in_alert_list, interrupts_on, kick_due, last_file_open
from aprt.vfio_ap.host.plot import Plot
from aprt.vfio_ap.host.programs import FIRST_ISC, FIRST_NIB, SECOND_ISC
from aprt.vfio_ap.host.situation import QUEUES, Situation
from aprt.vfio_ap.host.userspace import VM, close_fd
from aprt.vfio_ap.kvm.gisa import bit
from aprt.vfio_ap.kvm.gisa_properties import p33
from aprt.vfio_ap.kvm.vcpu import VcpuState

PATH = ("P2", "P3", "P25", "P26", "P27", "P28", "P29", "P30", "P31")


def alert(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings, running=False)
    s.run_vcpus(s.guest, daemon=True)
    return s.model(scope="the vCPU enables the interrupt, sends a request and waits for it; nothing is closed")


def two_vms(kind: type[Situation], settings: Settings) -> Model:
    ending = GuestPlan("vm0", "mdev0", Matrix(), attached=False)
    s = kind(settings, (ending, GuestPlan("vm1", "mdev1", Matrix.of([5], [4]))), QUEUES[:1], running=False)
    first, second = s.machine.guests
    s.states |= last_file_open(first) | in_alert_list(s.machine, first)
    _expect_reply(s, second, QUEUES[:1])
    return s.model(
        Context("user", partial(close_fd, s.machine, first, VM)),
        scope="the first VM, device closed, is in the alert list when its last file goes; the second has a request",
    )


def lost_kick(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings, running=False)
    (guest,) = s.machine.guests
    _expect_reply(s, guest, tuple(sorted(s.machine.queues)))
    closed, *others = guest.vcpus
    interrupt = guest.gisa.interrupt.name
    s.states[closed.name] = VcpuState(cr6=bit(SECOND_ISC), sleep="asleep")
    s.states[interrupt] = attrs.evolve(s.states[interrupt], idle=(closed.name,))
    s.contexts += [Context(vcpu.name, partial(idle, guest, vcpu), daemon=True) for vcpu in others]
    return s.model(scope="a request in each queue; the first vCPU sleeps, closed for the queues' ISC, the other waits")


def without_gisa(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        *s.kill(),
        scope="the VM has no GISA; its vCPU tries to enable an interrupt, then waits, until the process is killed",
    )


def late_kick(kind: type[Situation], settings: Settings) -> Model:
    s = _idle_vcpu(kind, settings)
    s.states |= kick_due(s.guest, s.states)
    return s.model(scope="an interrupt is pending and the timer due, a request is in the queue; the vCPU only waits")


def sparse_ids(kind: type[Situation], settings: Settings) -> Model:
    s = _idle_vcpu(kind, settings, sparse=True)
    return s.model(scope="a request in the queue; the vCPU, whose id is not its index, only waits")


def _idle_vcpu(kind: type[Situation], settings: Settings, sparse: bool = False) -> Situation:
    plan = GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), sparse=sparse)
    s = kind(settings, (plan,), QUEUES[:1], running=False)
    (guest,) = s.machine.guests
    _expect_reply(s, guest, QUEUES[:1])
    s.contexts += [Context(vcpu.name, partial(idle, guest, vcpu), daemon=True) for vcpu in guest.vcpus]
    return s


def end_listed(kind: type[Situation], settings: Settings) -> Model:
    s = kind(settings, (GuestPlan("vm0", "mdev0", Matrix(), attached=False),), (), running=False)
    (guest,) = s.machine.guests
    s.states |= last_file_open(guest) | in_alert_list(s.machine, guest, alerted=False)
    model = s.model(
        Context("user", partial(close_fd, s.machine, guest, VM)),
        scope="the VM's GISA is in the alert list when its last file is closed, and no alert interrupt comes",
    )
    # the series' properties leave P33 out, which takes a search of all states: it is what this scenario is about
    if any(property.id == "P33" for property in model.properties):
        return model
    return attrs.evolve(model, properties=(*model.properties, p33((guest.gisa,))))


def end_armed(kind: type[Situation], settings: Settings) -> Model:
    s = kind(settings, (GuestPlan("vm0", "mdev0", Matrix(), attached=False),), (), running=False)
    (guest,) = s.machine.guests
    s.states |= last_file_open(guest) | {
        guest.gisa.gisa.name: attrs.evolve(guest.gisa.gisa.initial(), iam=bit(FIRST_ISC))
    }
    return s.model(
        Context("user", partial(close_fd, s.machine, guest, VM)),
        scope="nothing is registered and IAM is armed, as stale-restore leaves it, when the VM's last file is closed",
    )


def stale_restore(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings, running=False)
    (guest,) = s.machine.guests
    _expect_reply(s, guest, QUEUES[:1])
    interrupt, queue = guest.gisa.interrupt.name, s.machine.queues[s.apqn]
    s.states |= {
        queue.hw.name: attrs.evolve(s.states[queue.hw.name], requests=0),
        guest.gisa.gisa.name: guest.gisa.gisa.initial(),
        interrupt: attrs.evolve(s.states[interrupt], timer="armed"),
    }
    disable = Aqic(s.apqn, False)
    return s.model(
        *(Context(vcpu.name, partial(execute, s.machine, guest, vcpu, disable)) for vcpu in guest.vcpus),
        scope="an interrupt has been taken, the timer that will arm IAM again is due; the guest disables it",
    )


def late_reply(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    (guest,) = s.machine.guests
    _expect_reply(s, guest, tuple(sorted(s.machine.queues)))
    return s.model(scope="the guest disables the interrupt of its queue while the card answers; nothing is closed")


def _expect_reply(s: Situation, guest: Guest, apqns: tuple[Apqn, ...]) -> None:
    s.states |= interrupts_on(guest, tuple(s.machine.queues[apqn] for apqn in apqns), requests=1)
    for apqn in apqns:
        s.states |= s.recorded(guest, apqn, FIRST_ISC, FIRST_NIB)


_PLOTS: Final = (
    Plot(
        "alert",
        "a guest enables its interrupt, sends a request and waits",
        "Hardware sets NIB and IPM and alerts the host, the timer kicks the vCPU;\n"
        "meanwhile the vCPU may be on its way to sleep.",
        alert,
        PATH,
        ("guest=enable_wait", "delivery"),
    ),
    Plot(
        "two-vms",
        "two VMs in the alert list, one of them ends",
        "An alert of the first VM, whose device is closed already, is not worked off yet;\n"
        "the second VM's comes while gisa_destroy waits for the first one's GISA to leave\n"
        "the list. The list's processor may still be about to start its timer then.",
        two_vms,
        (*PATH, "P9"),
        ("delivery",),
    ),
    Plot(
        "lost-kick",
        "two idle vCPUs, one of them closed for what is pending",
        "The kick looks for a vCPU that can take the interrupt. The closed one hides\nthe other (B9).",
        lost_kick,
        PATH,
        ("vcpus=2", "delivery"),
    ),
    Plot(
        "late-kick",
        "a vCPU takes an interrupt while the timer is about to kick it, and another comes",
        "The kick comes late, the vCPU finds nothing and sleeps. That it was kicked is\n"
        "remembered, and for the next interrupt it may be passed over (B8).",
        late_kick,
        PATH,
        ("delivery",),
    ),
    Plot(
        "sparse-ids",
        "an idle vCPU whose id is not its index",
        "User space chooses the ids of vCPUs. The vCPU that goes to sleep writes itself into\n"
        "the idle mask, and the kick reads the mask.",
        sparse_ids,
        PATH,
        ("delivery",),
    ),
    Plot(
        "without-gisa",
        "a guest whose VM has no GISA waits for an interrupt",
        "The host was told to do without, or cannot do it. The vCPU runs all the same, and\nasks what is pending.",
        without_gisa,
        ("P1", "P9", "P48"),
        ("guest=enable_idle", "no_gisa"),
    ),
    Plot(
        "end-listed",
        "a VM ends while its GISA is in the alert list",
        "The alert interrupt that would empty the list does not come, or belongs to\n"
        "somebody else. gisa_destroy must not wait for it.",
        end_listed,
        ("P3", "P33"),
        ("delivery",),
    ),
    Plot(
        "end-armed",
        "a VM ends whose GISA is armed for nobody",
        "Nothing is registered any more, and a restore of IAM that came too late has armed\n"
        "it. An interrupt could still put the GISA into the alert list.",
        end_armed,
        ("P3",),
        ("delivery",),
    ),
    Plot(
        "stale-restore",
        "the guest disables its interrupt while the timer restores IAM",
        "The timer reads the alert mask, and then swaps the word of the GISA if it is what it\n"
        "was. That the last user of the ISC has left meanwhile does not change the word.",
        stale_restore,
        PATH,
        ("delivery",),
    ),
    Plot(
        "late-reply",
        "the guest disables its interrupt while the card answers",
        "Unregistering the last user of an ISC writes IAM, in the same word in which hardware\n"
        "makes the interrupt pending and links the GISA into the alert list.",
        late_reply,
        PATH,
        ("guest=enable_disable", "delivery"),
    ),
)


def deliveries(kind: type[Situation]) -> tuple[Scenario, ...]:
    """The scenarios, with the driver whose situations are of this class."""
    return tuple(plot.scenario(kind) for plot in _PLOTS)

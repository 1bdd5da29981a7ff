"""Scenarios of the releases in which KVM takes the GISA from a running guest, or clears it."""

from __future__ import annotations

from functools import partial

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.pending import idle, interrupts_on
from aprt.vfio_ap.host.programs import FIRST_ISC, FIRST_NIB
from aprt.vfio_ap.host.protected import pv_disable, pv_enable
from aprt.vfio_ap.host.situation import FIRST
from aprt.vfio_ap.host.userspace import DEVICE, close_fd
from aprt.vfio_ap.kvm.gisa_int import gisa_clear
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.situation import Situation

PATH = ("P2", "P3", "P25", "P26", "P27", "P28", "P29", "P30", "P41")


def _enabled(settings: Settings, uv_aiv: bool) -> Situation:
    """A guest that does nothing yet and has the interrupt of its queue on; nothing is in the queue."""
    plan = GuestPlan("vm0", "mdev0", Matrix.of([FIRST.apid], [FIRST.apqi]), uv_aiv=uv_aiv)
    s = Situation(settings, (plan,), (FIRST,), running=False)
    queue = s.machine.queues[FIRST]
    s.states |= interrupts_on(s.guest, (queue,)) | s.recorded(s.guest, FIRST, FIRST_ISC, FIRST_NIB)
    return s


def _ultravisor(uv_aiv: bool) -> str:
    return f"the ultravisor {'knows' if uv_aiv else 'does not know'} AIV"


def pv_without_aiv(settings: Settings, uv_aiv: bool = False) -> Model:
    s = _enabled(settings, uv_aiv)
    return s.model(
        Context("pv", partial(pv_enable, s.machine, s.guest)),
        Context("qemu", partial(_reset_then_close, s.machine, s.guest)),
        scope="a guest that has its interrupt on becomes a protected one while its device is reset and then closed; "
        f"{_ultravisor(uv_aiv)}; no vCPU runs",
    )


async def _reset_then_close(machine: Machine, guest: Guest) -> None:
    await machine.ops.reset(machine, guest)
    await close_fd(machine, guest, DEVICE)


def pv_and_back(settings: Settings, uv_aiv: bool = False) -> Model:
    s = _enabled(settings, uv_aiv)
    s.run_vcpus(s.guest)
    return s.model(
        Context("pv", partial(_there_and_back, s.machine, s.guest)),
        scope="a guest that has its interrupt on becomes a protected one and a normal one again, and enables the "
        "interrupt once more at any time; " + _ultravisor(uv_aiv),
    )


async def _there_and_back(machine: Machine, guest: Guest) -> None:
    await pv_enable(machine, guest)
    await pv_disable(guest)


def clear_irqs(settings: Settings) -> Model:
    s = _enabled(settings, uv_aiv=True)
    hw = s.machine.queues[FIRST].hw.name
    s.states[hw] = attrs.evolve(s.states[hw], requests=1, user=s.guest.name)
    s.contexts += [Context(vcpu.name, partial(idle, s.guest, vcpu), daemon=True) for vcpu in s.guest.vcpus]
    return s.model(
        Context("qemu", partial(gisa_clear, s.guest.gisa)),
        scope="QEMU clears the floating interrupts while the card answers; the vCPU only waits",
    )


CLEAR_IRQS = Scenario(
    "clear-irqs",
    "QEMU clears the floating interrupts of a guest while the card answers",
    "As it does when the machine is reset. What is pending goes, in the word in which\n"
    "hardware makes interrupts pending and software arms alerts.",
    (*PATH, "P31"),
    clear_irqs,
    ("delivery",),
)

WITHOUT_AIV = (
    Scenario(
        "pv-without-aiv",
        "a guest that has its interrupt on becomes a protected one, and loses its GISA",
        "The ultravisor does not know AIV, so KVM destroys the GISA. The VM is there, the device\n"
        "open, the queue aimed at the GISA; whoever gives a registration back meanwhile finds\n"
        "a pointer that is NULL.",
        ("P1", "P3", "P5", "P6", "P7", "P9", "P20", "P29"),
        pv_without_aiv,
        ("vcpu_mutex",),
    ),
    Scenario(
        "pv-and-back",
        "a guest becomes a protected one and a normal one again",
        "It has a new GISA then, in which nothing is armed. That an ISC was registered before\n"
        "is still counted: who registers it again is not the first.",
        ("P1", "P3", "P5", "P6", "P9", "P20", "P24", "P25", "P29", "P41"),
        pv_and_back,
        ("vcpu_mutex",),
    ),
)

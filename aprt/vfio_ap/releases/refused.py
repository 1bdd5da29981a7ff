"""Scenarios of the releases in which something is refused: what was taken before has to be given back."""

from __future__ import annotations

from functools import partial

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import NIB_PAGES, GuestPlan
from aprt.vfio_ap.host.bus_scan import bind
from aprt.vfio_ap.host.programs import FIRST_ISC
from aprt.vfio_ap.host.situation import FIRST
from aprt.vfio_ap.host.userspace import DEVICE, KVM_VFIO, VM, close_fd, close_these, vcpu_file
from aprt.vfio_ap.kvm.pci import aif_disable, aif_enable
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.situation import Situation


def no_gisa(settings: Settings) -> Model:
    s = Situation.attached(settings)
    interrupt = s.guest.gisa.interrupt
    s.states[interrupt.name] = attrs.evolve(interrupt.initial(), origin=None)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the VM has no GISA; the device is closed while the guest enables its interrupt",
    )


def nib_zero(settings: Settings) -> Model:
    plan = GuestPlan("vm0", "mdev0", Matrix.of([FIRST.apid], [FIRST.apqi]), pages=(0, *NIB_PAGES))
    s = Situation(settings, (plan,), (FIRST,))
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        scope="the guest's memory begins at 0; the device is closed while the guest enables its interrupt with NIB 0",
    )


def probe_fails(settings: Settings) -> Model:
    plan = GuestPlan("vm0", "mdev0", Matrix.of([FIRST.apid], [FIRST.apqi]))
    s = Situation(settings, (plan,), (FIRST,), running=False, unbound=(FIRST,))
    return s.model(
        Context("admin", partial(_bind_twice, s.machine)),
        scope="a queue of the guest is bound, and once more when that fails; memory may run out; no vCPU runs",
    )


async def _bind_twice(machine: Machine) -> None:
    if await bind(machine, FIRST, "vfio_ap"):
        await bind(machine, FIRST, "vfio_ap")


def forwarding(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("qemu", partial(_forward_then_exit, s.machine, s.guest)),
        scope="interrupts of a PCI function are forwarded, which may fail; then all files are closed; no vCPU runs",
    )


async def _forward_then_exit(machine: Machine, guest: Guest) -> None:
    if await aif_enable(guest.gisa, FIRST_ISC, machine.on("B45")) == 0:
        await aif_disable(guest.gisa, FIRST_ISC)
    await close_these(machine, guest, (DEVICE, KVM_VFIO, vcpu_file(guest.vcpus[0]), VM))


REFUSED = (
    Scenario(
        "no-gisa",
        "the registration of an ISC fails, as the VM has no GISA",
        "The page of the NIB is pinned by then (B37).",
        ("P5", "P6", "P7", "P24"),
        no_gisa,
    ),
    Scenario(
        "nib-zero",
        "the guest enables its interrupt with the address 0 for its NIB",
        "To the driver a recorded address 0 says that nothing is pinned (B38).",
        ("P5", "P6", "P7", "P24"),
        nib_zero,
        ("guest=enable_zero",),
    ),
    Scenario(
        "probe-fails",
        "there is no memory when a queue is bound, and then there is",
        "A probe that fails must not leave its attribute on the device (B39).",
        ("P9", "P39"),
        probe_fails,
        ("probe_enomem",),
    ),
    Scenario(
        "forwarding",
        "interrupts of a PCI function are forwarded to the guest, which fails",
        "The ISC is registered by then; the VM ends with it registered (B45).",
        ("P3", "P6"),
        forwarding,
    ),
)

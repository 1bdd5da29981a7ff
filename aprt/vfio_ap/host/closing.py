"""What is closed when, for any driver: files in one order, a device that outlives its VM, a module that is unloaded.

The series has them as some of H1-H16; the releases are asked the same in scenarios of the plots' names.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.host.guest_code import Instruction
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.plot import Plot
from aprt.vfio_ap.host.situation import Situation
from aprt.vfio_ap.host.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_all,
    close_fd,
    close_these,
    vcpu_file,
    vcpu_thread,
)


def killed_with_copy(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    copy = s.pass_device_on()
    return s.model(
        *s.kill(),
        Context("other", partial(close_fd, s.machine, s.guest, copy)),
        scope="the process is killed; another one has a copy of the device's descriptor and closes it at any step",
    )


def device_kept(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    closed = (VM, *(vcpu_file(vcpu) for vcpu in s.guest.vcpus), KVM_VFIO)
    return s.model(
        Context("user", partial(close_these, s.machine, s.guest, closed)),
        scope="user space closes VM, vCPUs and kvm-vfio while the guest runs, and keeps the device open",
    )


def device_duplicated(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    s.pass_device_on()
    closed = (DEVICE, VM, *(vcpu_file(vcpu) for vcpu in s.guest.vcpus), KVM_VFIO)
    return s.model(
        Context("user", partial(close_these, s.machine, s.guest, closed)),
        scope="every file is closed, but a duplicate of the device's descriptor lives on elsewhere",
    )


def exit_after_program(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings, running=False)
    return s.model(
        Context("vm0.vcpu0", partial(_run_then_close, s.machine, s.guest, s.code(s.apqn))),
        scope="one thread runs the guest and then closes the device first",
    )


async def _run_then_close(machine: Machine, guest: Guest, code: tuple[Instruction, ...]) -> None:
    await vcpu_thread(machine, guest, guest.vcpus[0], code)
    await close_fd(machine, guest, DEVICE)
    await close_all(machine, guest)


def module_unloaded(kind: type[Situation], settings: Settings) -> Model:
    s = kind.attached(settings)
    return s.model(
        Context("close", partial(close_fd, s.machine, s.guest, DEVICE)),
        Context("rmmod", partial(_rmmod, s.machine)),
        scope="the device is closed and the module unloaded while the guest enables its interrupt",
    )


async def _rmmod(machine: Machine) -> None:
    await machine.module.unload()


_PLOTS: Final = (
    Plot(
        "killed-with-copy",
        "QEMU is killed while another process has a copy of the device's descriptor",
        "The device is released by whoever closes it last, which may be long after\n"
        "the VM's own files are gone, or just while they go (h2 of the series).",
        killed_with_copy,
        ("P1", "P4", "P9"),
    ),
    Plot(
        "device-kept",
        "user space keeps the device open and closes everything else",
        "VM, vCPU and kvm-vfio files are closed, the device file is not. The VM has to\n"
        "live as long as the device may be aimed at it (h3 and h6 of the series).",
        device_kept,
        ("P1", "P9"),
    ),
    Plot(
        "device-duplicated",
        "a duplicate of the device's descriptor outlives QEMU's own",
        "QEMU closes everything, but a dup (or a copy passed over a socket) keeps the\n"
        "device file: its release does not run (h4 of the series).",
        device_duplicated,
        ("P1", "P9"),
    ),
    Plot(
        "exit-in-order",
        "the device is closed first, after the guest is done, then everything else",
        "The order in which nothing can go wrong but the reset itself: it may be refused,\n"
        "or not have ended, when the VM is destroyed (h9 and h10 of the series).",
        exit_after_program,
        ("P1", "P8", "P12"),
    ),
    Plot(
        "module-unloaded",
        "the module is unloaded while a PQAP handler is called",
        "The vCPU has read the hook; the device is closed, which drops the module's last\n"
        "reference; rmmod. The call must not go to freed text (h15 of the series).",
        module_unloaded,
        ("P9",),
    ),
)


def closings(kind: type[Situation]) -> tuple[Scenario, ...]:
    """All of this file, for one driver."""
    return tuple(plot.scenario(kind) for plot in _PLOTS)

"""What scenarios begin with: a machine in some state, to which contexts are added until it is a model.

Each driver's package has a class of its own that builds the machine and says what can be checked on it.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable
from functools import partial
from typing import Any, Self

from aprt.core.properties import Property
from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.alike import Kind
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.guest_code import Instruction
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.host.machine import Guest, Machine
from aprt.vfio_ap.host.model import assemble
from aprt.vfio_ap.host.programs import program
from aprt.vfio_ap.host.userspace import DEVICE, exit_process, kill, vcpu_thread
from aprt.vfio_ap.kvm.vcpu import Vcpu
from aprt.vfio_ap.process import ProcessState

QUEUES = (Apqn(5, 4), Apqn(5, 5))
FIRST, SIBLING = QUEUES


class Situation(abc.ABC):
    """A machine with guests to add contexts to, until `model` makes it what a driver runs.

    A guest whose plan says that it is attached has everything open. running: vCPUs run their programs.
    """

    machine: Machine
    guest: Guest
    """The first guest."""

    @abc.abstractmethod
    def __init__(
        self, settings: Settings, plans: tuple[GuestPlan, ...], apqns: tuple[Apqn, ...], running: bool = True
    ) -> None:
        """The machine of the settings with these queues and guests."""

    def _begin(self, machine: Machine, states: dict[str, Any], running: bool) -> None:
        self.contexts: list[Context] = []
        self.states, self.guest = states, machine.guests[0]
        if running:
            for guest in machine.guests:
                self.run_vcpus(guest)

    @classmethod
    def attached(cls, settings: Settings, running: bool = True) -> Self:
        """One guest with everything open; running: its vCPUs run its program."""
        apqns = QUEUES[: int(settings["queues"])]
        matrix = Matrix.of((a.apid for a in apqns), (a.apqi for a in apqns))
        return cls(settings, (GuestPlan("vm0", "mdev0", matrix, int(settings["vcpus"])),), apqns, running)

    @classmethod
    def detached(cls, settings: Settings, matrix: Matrix) -> Self:
        """One guest that does not run yet, its mdev with this matrix, and one queue."""
        return cls(settings, (GuestPlan("vm0", "mdev0", matrix, attached=False),), QUEUES[:1], running=False)

    @abc.abstractmethod
    def properties(self) -> tuple[Property, ...]:
        """All that can be checked on the machine."""

    def daemons(self) -> Iterable[Context]:
        """What always runs: the hardware, and what the driver adds to it."""
        return hardware(self.machine)

    def model(self, *contexts: Context, scope: str, together: Iterable[Kind] = ()) -> Model:
        """What a driver runs: the contexts so far, these, and the machine's own.

        together: what is alike, where vCPUs, guests and queues by themselves are not.
        """
        running = (*self.contexts, *contexts, *self.daemons())
        checked = self.properties()
        return assemble(self.machine, checked, running, self.states, scope=(scope,), together=together)

    @abc.abstractmethod
    def recorded(self, guest: Guest, apqn: Apqn, isc: int, nib: int) -> dict[str, Any]:
        """The state of what the driver keeps of a queue that is enabled for the guest."""

    @property
    def apqn(self) -> Apqn:
        """The first queue."""
        return min(self.machine.queues)

    def run_vcpus(self, guest: Guest, daemon: bool = False) -> None:
        """One context per vCPU, running the program that the settings name for the first queue."""
        for vcpu in guest.vcpus:
            self.run_vcpu(guest, vcpu, self.apqn, daemon)

    def run_vcpu(self, guest: Guest, vcpu: Vcpu, apqn: Apqn, daemon: bool = False) -> None:
        """A context that runs the program which the settings name, for a queue."""
        behaviour = partial(vcpu_thread, self.machine, guest, vcpu, self.code(apqn))
        self.contexts.append(Context(vcpu.name, behaviour, daemon=daemon))

    def code(self, apqn: Apqn) -> tuple[Instruction, ...]:
        """The program that the settings name, for a queue."""
        return program(self.machine.variant("guest"), apqn)

    def kill(self) -> tuple[Context, Context]:
        """The first guest's process is killed at any step, and exits when its last thread has left."""
        return (
            Context("kill", partial(kill, self.guest)),
            Context("exit", partial(exit_process, self.machine, self.guest)),
        )

    def pass_device_on(self) -> str:
        """Somebody has a copy of the first guest's device descriptor. Replies what it is called."""
        process, copy = self.guest.process.initial(), "passed-on"
        self.states[self.guest.process.name] = ProcessState(
            process.fds.set(copy, DEVICE), process.refs.set(DEVICE, 2), process.threads
        )
        return copy

"""What scenarios of v4 begin with: a machine in some state, to which contexts are added until it is a model."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.programs import program
from aprt.vfio_ap.host.userspace import DEVICE, exit_process, kill, vcpu_thread
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.build import make_machine, states
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.v4.model import model

QUEUES = (Apqn(5, 4), Apqn(5, 5))


class Situation:
    """A machine with guests to add contexts to, until `model` makes it what a driver runs."""

    def __init__(
        self, settings: Settings, plans: tuple[GuestPlan, ...], apqns: tuple[Apqn, ...], running: bool = True
    ) -> None:
        self.machine: Machine = make_machine(settings, apqns, plans)
        self.contexts: list[Context] = []
        self.states = states(self.machine, plans)
        if running:
            for guest in self.machine.guests:
                self.run_vcpus(guest)

    @property
    def guest(self) -> Guest:
        """The first guest."""
        return self.machine.guests[0]

    @property
    def apqn(self) -> Apqn:
        """The first queue."""
        return min(self.machine.queues)

    def run_vcpus(self, guest: Guest) -> None:
        """One context per vCPU, running the program that the settings name."""
        code = program(self.machine.variant("guest"), self.apqn)
        for vcpu in guest.vcpus:
            self.contexts.append(Context(vcpu.name, partial(vcpu_thread, self.machine, guest, vcpu, code)))

    def kill(self) -> tuple[Context, Context]:
        """The first guest's process is killed at any step, and exits when its last thread has left."""
        return (
            Context("kill", partial(kill, self.guest)),
            Context("exit", partial(exit_process, self.machine, self.guest)),
        )

    def pass_device_on(self) -> str:
        """Somebody has a copy of the device's descriptor. Replies what it is called."""
        process, copy = self.guest.process.initial(), "passed-on"
        self.states[self.guest.process.name] = ProcessState(
            process.fds.set(copy, DEVICE), process.refs.set(DEVICE, 2), process.threads
        )
        return copy

    def model(self, *contexts: Context, scope: str) -> Model:
        return model(self.machine, [*self.contexts, *contexts], self.states, (scope,))


def attached(settings: Settings, running: bool = True) -> Situation:
    """One guest with everything open; running: its vCPUs run its program."""
    apqns = QUEUES[: int(settings["queues"])]
    matrix = Matrix.of((a.apid for a in apqns), (a.apqi for a in apqns))
    return Situation(settings, (GuestPlan("vm0", "mdev0", matrix, int(settings["vcpus"])),), apqns, running)


def detached(settings: Settings, matrix: Matrix) -> Situation:
    """One guest that does not run yet, and its mdev."""
    plan = GuestPlan("vm0", "mdev0", matrix, attached=False)
    return Situation(settings, (plan,), QUEUES[:1], running=False)

"""What scenarios of a release begin with: a machine in some state, to which contexts are added until it is a model."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.programs import program
from aprt.vfio_ap.host.userspace import exit_process, kill, vcpu_thread
from aprt.vfio_ap.mainline.build import make_machine, states
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.model import model

QUEUES = (Apqn(5, 4), Apqn(5, 5))


class Situation:
    """A machine with guests to add contexts to, until `model` makes it what a driver runs."""

    def __init__(
        self,
        settings: Settings,
        plans: tuple[GuestPlan, ...],
        apqns: tuple[Apqn, ...],
        running: bool = True,
        spare_mdevs: tuple[str, ...] = (),
        unbound: tuple[Apqn, ...] = (),
    ) -> None:
        self.machine: Machine = make_machine(settings, apqns, plans, spare_mdevs)
        self.contexts: list[Context] = []
        self.states = states(self.machine, plans, unbound)
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

    def model(self, *contexts: Context, scope: str) -> Model:
        return model(self.machine, [*self.contexts, *contexts], self.states, (scope,))


def attached(settings: Settings, running: bool = True) -> Situation:
    """One guest with everything open; running: its vCPUs run its program."""
    apqns = QUEUES[: int(settings["queues"])]
    matrix = Matrix.of((a.apid for a in apqns), (a.apqi for a in apqns))
    return Situation(settings, (GuestPlan("vm0", "mdev0", matrix, int(settings["vcpus"])),), apqns, running)

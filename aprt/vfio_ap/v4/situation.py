"""What scenarios of v4 begin with: see `host.situation`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from aprt.core.scenario import Model, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host import situation
from aprt.vfio_ap.host.alike import Kind
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.situation import QUEUES
from aprt.vfio_ap.series.build import make_machine, states
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_ap_queue import Saved
from aprt.vfio_ap.v4.model import model


class Situation(situation.Situation):
    """A machine under the driver of the series."""

    machine: Machine

    def __init__(
        self, settings: Settings, plans: tuple[GuestPlan, ...], apqns: tuple[Apqn, ...], running: bool = True
    ) -> None:
        self.machine = make_machine(settings, apqns, plans)
        self._begin(self.machine, states(self.machine, plans), running)

    @property
    def guest(self) -> Guest:
        """The first guest."""
        return self.machine.guests[0]

    def recorded(self, guest: host.Guest, apqn: Apqn, isc: int, nib: int) -> dict[str, Any]:
        name = self.machine.queues[apqn].object.name
        return {name: attrs.evolve(self.states[name], saved=Saved(guest.name, isc, nib))}

    def model(self, *contexts: Context, scope: str, together: Iterable[Kind] = ()) -> Model:
        return model(self.machine, [*self.contexts, *contexts], self.states, (scope,), together=together)


def attached(settings: Settings, running: bool = True) -> Situation:
    """One guest with everything open; running: its vCPUs run its program."""
    return Situation.attached(settings, running)


def detached(settings: Settings, matrix: Matrix) -> Situation:
    """One guest that does not run yet, and its mdev."""
    plan = GuestPlan("vm0", "mdev0", matrix, attached=False)
    return Situation(settings, (plan,), QUEUES[:1], running=False)

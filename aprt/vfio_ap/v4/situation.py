"""What scenarios of v4 begin with: see `host.situation`."""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.properties import Property
from aprt.core.scenario import Settings
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host import situation
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.series.build import make_machine, states
from aprt.vfio_ap.series.machine import Guest, Machine
from aprt.vfio_ap.series.vfio_ap_queue import Saved
from aprt.vfio_ap.v4.properties import properties


class Situation(situation.Situation):
    """A machine under the driver of the series."""

    machine: Machine
    guest: Guest

    def __init__(
        self, settings: Settings, plans: tuple[GuestPlan, ...], apqns: tuple[Apqn, ...], running: bool = True
    ) -> None:
        self.machine = make_machine(settings, apqns, plans)
        self._begin(self.machine, states(self.machine, plans), running)

    def recorded(self, guest: host.Guest, apqn: Apqn, isc: int, nib: int) -> dict[str, Any]:
        name = self.machine.queues[apqn].object.name
        return {name: attrs.evolve(self.states[name], saved=Saved(guest.name, isc, nib))}

    def properties(self) -> tuple[Property, ...]:
        return properties(self.machine)

"""What scenarios of a release begin with: see `host.situation`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from aprt.core.properties import Property
from aprt.core.scenario import Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host import situation
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.mainline.build import make_machine, reset_workers, states
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova, SavedIsc
from aprt.vfio_ap.releases.disturbances import disturbances
from aprt.vfio_ap.releases.properties import properties


class Situation(situation.Situation):
    """A machine under the driver of a release. unbound: queues that have no driver yet.

    config: what of its adapters and domains the host has, and its control domains; None: all, and none.
    """

    machine: Machine
    guest: Guest

    def __init__(
        self,
        settings: Settings,
        plans: tuple[GuestPlan, ...],
        apqns: tuple[Apqn, ...],
        running: bool = True,
        spare_mdevs: tuple[str, ...] = (),
        unbound: tuple[Apqn, ...] = (),
        config: Matrix | None = None,
    ) -> None:
        self.machine = make_machine(settings, apqns, plans, spare_mdevs)
        self._begin(self.machine, states(self.machine, plans, unbound, config), running)

    def recorded(self, guest: host.Guest, apqn: Apqn, isc: int, nib: int) -> dict[str, Any]:
        name = self.machine.queues[apqn].object.name
        mdev = self.machine.guest(guest.name).mdev.name
        saved = {"mdev": mdev, "isc": SavedIsc(guest.name, isc), "iova": SavedIova(guest.name, nib)}
        return {name: attrs.evolve(self.states[name], **saved)}

    def properties(self) -> tuple[Property, ...]:
        return properties(self.machine)

    def daemons(self) -> Iterable[Context]:
        return (*super().daemons(), *disturbances(self.machine), *reset_workers(self.machine))

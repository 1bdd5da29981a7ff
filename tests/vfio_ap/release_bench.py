"""A machine under the driver of 2026, to try single behaviours on, with switches put in and fixes taken out."""

from __future__ import annotations

from collections.abc import Iterable

from aprt.core.system import Context, System
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.mainline import build
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from tests.vfio_ap.machines import A, Bench


class ReleaseBench(Bench):
    """`Bench` for the releases. Words with `-` before them are fixes that are taken out."""

    machine: Machine  # type: ignore[assignment]

    def __init__(
        self,
        *words: str,
        apqns: Iterable[Apqn] = (A,),
        plans: Iterable[GuestPlan] = (GuestPlan("vm0", "mdev0", Matrix.of([5], [4])),),
        unbound: Iterable[Apqn] = (),
        spare_mdevs: Iterable[str] = (),
        config: Matrix | None = None,
        era: str = "2026",
    ) -> None:
        out = [word[1:] for word in words if word.startswith("-")]
        put_in = [word for word in words if not word.startswith("-")]
        settings = ERAS[era].settings(ERAS[era].scenario("kill-qemu"), put_in, out)
        plans = tuple(plans)
        self.machine = build.make_machine(settings, apqns, plans, spare_mdevs)
        states = build.states(self.machine, plans, unbound, config)
        self.states = System(self.machine.actors(), (), states).initial()
        self.operations = []

    @property
    def guest(self) -> Guest:  # type: ignore[override]
        return self.machine.guests[0]

    @property
    def mdev(self) -> Mdev:
        """The first guest's."""
        return self.machine.mdevs[0]

    def daemons(self) -> list[Context]:
        return [*super().daemons(), *build.reset_workers(self.machine)]

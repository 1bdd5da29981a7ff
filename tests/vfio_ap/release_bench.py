"""A machine under the driver of a release, 2026 unless told otherwise, to try single behaviours on."""

from __future__ import annotations

from collections.abc import Iterable

from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.mainline import build
from aprt.vfio_ap.mainline.machine import Guest, Machine, Queue
from aprt.vfio_ap.mainline.mdev import Mdev
from tests.vfio_ap.machines import A, AnyBench


class ReleaseBench(AnyBench[Machine]):
    """A machine under the driver of a release. Words with `-` before them are fixes that are taken out."""

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
        machine = build.make_machine(settings, apqns, plans, spare_mdevs)
        super().__init__(machine, build.states(machine, plans, unbound, config))

    @property
    def guest(self) -> Guest:
        return self.machine.guests[0]

    @property
    def queue(self) -> Queue:
        return self.machine.queues[A]

    @property
    def mdev(self) -> Mdev:
        """The first guest's."""
        return self.machine.mdevs[0]

    def daemons(self) -> list[Context]:
        return [*super().daemons(), *build.reset_workers(self.machine)]

"""The machine with what the driver of the v4 series keeps: the matrix device and its one lock, mdevs, queue objects."""

from __future__ import annotations

from typing import Any

import attrs
from pyrsistent import PMap

from aprt.core.actor import Actor
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.series.matrix_dev import MatrixDev
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.series.vfio_ap_queue import VfioApQueue


@attrs.frozen(eq=False, kw_only=True)
class Queue(host.Queue):
    """One APQN, with the driver's object for it."""

    object: VfioApQueue


@attrs.frozen(eq=False, kw_only=True)
class Guest(host.Guest):
    """One VM. hook_lock: taken only with the measure of that name."""

    hook_lock: RwSem
    mdev: Mdev

    def actors(self) -> tuple[Actor[Any], ...]:
        return (*super().actors(), self.hook_lock, self.group)


@attrs.frozen(eq=False, kw_only=True)
class Machine(host.Machine):
    """The host under the driver of the series."""

    matrix_dev: MatrixDev
    matrix_lock: Mutex
    mdevs: tuple[Mdev, ...]
    queues: PMap[Apqn, Queue]
    guests: tuple[Guest, ...]

    def driver_actors(self) -> tuple[Actor[Any], ...]:
        return (self.matrix_dev, self.matrix_lock, self.module)

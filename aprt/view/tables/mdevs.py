"""Mediated devices, and the driver's own data: module, matrix device, masks of the bus."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Final

from aprt.core.system import System
from aprt.vfio_ap.ap.ap_bus import ApBus
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.module import Module
from aprt.vfio_ap.series.matrix_dev import MatrixDev
from aprt.vfio_ap.series.mdev import Mdev
from aprt.view.tables.kinds import Actors, Looked
from aprt.view.tables.sheet import Cell, Column, Sheet, busy, listed, plain, quiet

MDEVS: Final = (
    Column("MDEV"),
    Column("LIFE", drop=2),
    Column("MATRIX"),
    Column("VM"),
    Column("OPENED"),
    Column("QUEUES", drop=1),
)
DRIVER: Final = (
    Column("MODULE"),
    Column("STATE"),
    Column("REFS", right=True),
    Column("FREE LIST"),
    Column("MDEVS"),
)
BUS: Final = (Column("BUS"), Column("CONFIGURED"), Column("RESERVED"))


def mdevs(system: System) -> Actors | None:
    """One row per mdev that the system knows, made or not; None for a system without any."""
    found = tuple(actor for actor in system.actors if isinstance(actor, Mdev))
    return Actors("mdevs", found, partial(_mdevs, found)) if found else None


def driver(system: System) -> Actors | None:
    """The module with what its matrix device lists; None for a system without either."""
    modules = tuple(actor for actor in system.actors if isinstance(actor, Module))
    devices = tuple(actor for actor in system.actors if isinstance(actor, MatrixDev))
    if not (modules and devices):
        return None
    return Actors("driver", (*modules, *devices), partial(_driver, modules[0], devices[0]))


def bus(system: System) -> Actors | None:
    """What the AP bus may use; None for a system without one."""
    found = tuple(actor for actor in system.actors if isinstance(actor, ApBus))
    return Actors("ap bus", found, partial(_bus, found)) if found else None


def matrix(masks: Matrix) -> str:
    """The queues of a matrix as adapters x domains, and its control domains, hexadecimal."""
    cross = f"{_numbers(masks.apm, 2)} x {_numbers(masks.aqm, 4)}" if masks.apm or masks.aqm else ""
    return f"{cross} ctl {_numbers(masks.adm, 4)}".strip() if masks.adm else cross


def _numbers(mask: Iterable[int], digits: int) -> str:
    """Numbers in hexadecimal, runs of three and more as `first-last`."""
    words: list[str] = []
    # in a run, number and position grow alike
    for _, run in groupby(enumerate(sorted(mask)), key=lambda pair: pair[1] - pair[0]):
        numbers = [f"{n:0{digits}x}" for _, n in run]
        words += numbers if len(numbers) < 3 else [f"{numbers[0]}-{numbers[-1]}"]
    return ",".join(words) or "-"


def _mdevs(found: tuple[Mdev, ...], view: Looked) -> Sheet:
    return Sheet("mdevs", MDEVS, tuple(_mdev(mdev, view) for mdev in found))


def _mdev(mdev: Mdev, view: Looked) -> tuple[Cell, ...]:
    state = view(mdev)
    vm = busy(f"{state.kvm} leaves") if state.kvm and state.detaching else plain(state.kvm)
    return (
        plain(mdev.name),
        view.life(mdev),
        plain(matrix(state.matrix)),
        vm,
        plain("yes") if state.opened else quiet("no"),
        listed(found.apqn for found in state.qlist),
    )


def _driver(module: Module, device: MatrixDev, view: Looked) -> Sheet:
    state, lists = view(module), view(device)
    row = (
        plain(module.name),
        view.life(module, "loaded", "unloaded"),
        plain(state.refs),
        listed(found.apqn for found in lists.free_list),
        listed(lists.mdevs),
    )
    return Sheet("driver", DRIVER, (row,))


def _bus(found: tuple[ApBus, ...], view: Looked) -> Sheet:
    rows = ((plain(b.name), plain(matrix(view(b).config)), plain(matrix(view(b).reserved))) for b in found)
    return Sheet("ap bus", BUS, tuple(rows))

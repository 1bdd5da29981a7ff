"""Queues: where each is, what its hardware is set to, and what the driver has on record."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.system import System
from aprt.vfio_ap.ap.ap_bus import ApBus
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import ApQueueState, Target
from aprt.vfio_ap.kvm.gisa import Gisa
from aprt.vfio_ap.series.matrix_dev import MatrixDev
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueue
from aprt.view.tables.kinds import Actors, Looked
from aprt.view.tables.sheet import DULL, FIRST, NEXT, Cell, Column, Sheet, bad, busy, good, plain, quiet

COLUMNS: Final = (
    Column("QUEUE"),
    Column("DRIVER", drop=2),
    Column("BUCKET"),
    Column("IRQ"),
    Column("AIMED AT"),
    Column("ISC"),
    Column("NIB"),
    Column("RECORD"),
    Column("CARD"),
    Column("REQ/REP", drop=3),
    Column("DATA OF", drop=1),
)


@attrs.frozen(eq=False)
class _Host:
    """The actors that together know everything about queues."""

    hardware: tuple[ApQueue, ...]
    objects: dict[Apqn, VfioApQueue]
    buses: tuple[ApBus, ...]
    devices: tuple[MatrixDev, ...]
    mdevs: tuple[Mdev, ...]
    gisas: tuple[Gisa, ...]

    @property
    def actors(self) -> tuple[Actor[Any], ...]:
        return (*self.hardware, *self.objects.values(), *self.buses, *self.devices, *self.mdevs, *self.gisas)

    def bucket(self, view: Looked, apqn: Apqn) -> Cell:
        """The list that the queue is on: the free list, or that of an mdev."""
        mdevs = [m.name for m in self.mdevs if any(q.apqn == apqn for q in view(m).qlist)]
        free = ["free list" for d in self.devices if any(q.apqn == apqn for q in view(d).free_list)]
        return plain(" ".join(mdevs + free))

    def driver(self, view: Looked, apqn: Apqn) -> Cell:
        bound = next((view(bus).drivers.get(apqn) for bus in self.buses), None)
        return plain("no device" if bound is None else bound)

    def freed(self, view: Looked, gisa: str) -> bool:
        return any(g.name == gisa and not view(g).live for g in self.gisas)


def queues(system: System) -> Actors | None:
    """One row per hardware queue; None for a system without any."""
    actors = system.actors
    host = _Host(
        tuple(a for a in actors if isinstance(a, ApQueue)),
        {a.apqn: a for a in actors if isinstance(a, VfioApQueue)},
        tuple(a for a in actors if isinstance(a, ApBus)),
        tuple(a for a in actors if isinstance(a, MatrixDev)),
        tuple(a for a in actors if isinstance(a, Mdev)),
        tuple(a for a in actors if isinstance(a, Gisa)),
    )
    return Actors("queues", host.actors, partial(_sheet, host)) if host.hardware else None


def _sheet(host: _Host, view: Looked) -> Sheet:
    rows, ranks = (_row(host, hw, view) for hw in host.hardware), (_rank(host, hw, view) for hw in host.hardware)
    return Sheet("queues", COLUMNS, tuple(rows), tuple(ranks))


def _rank(host: _Host, hw: ApQueue, view: Looked) -> int:
    """`FIRST` for a queue that notifies, is on record or has something under way; `DULL` for one without a guest."""
    state, object = view(hw), host.objects.get(hw.apqn)
    if state.targets() or state.requests or state.replies or state.pending_reset or (object and view(object).saved):
        return FIRST
    assigned = any(q.apqn == hw.apqn for mdev in host.mdevs for q in view(mdev).qlist)
    return NEXT if assigned or state.user else DULL


def _row(host: _Host, hw: ApQueue, view: Looked) -> tuple[Cell, ...]:
    state, object = view(hw), host.objects.get(hw.apqn)
    aim = next(iter(state.targets()), None)
    return (
        plain(hw.apqn),
        host.driver(view, hw.apqn),
        host.bucket(view, hw.apqn),
        _irq(state),
        _aim(host, view, aim),
        plain(aim and aim.gisc),
        plain(aim and f"{aim.nib:#x}"),
        _record(view(object).saved if object else None),
        _card(state),
        plain(f"{state.requests}/{state.replies}"),
        plain(state.user),
    )


def _irq(state: ApQueueState) -> Cell:
    now = "on" if state.irq else "off"
    if state.pending_irq is not None:
        return busy(f"{now} -> {'on' if state.pending_irq.to else 'off'}")
    if state.effect is not None:
        return busy(f"{now}, tells")
    return good(now) if state.irq else quiet(now)


def _aim(host: _Host, view: Looked, aim: Target | None) -> Cell:
    if aim is None or aim.gisa is None:
        return plain(aim and "no GISA")
    return bad(f"{aim.gisa} FREED") if host.freed(view, aim.gisa) else plain(aim.gisa)


def _record(saved: Saved | None) -> Cell:
    return plain(saved and f"{saved.isc} {saved.nib:#x}")


def _card(state: ApQueueState) -> Cell:
    if state.cfg != "on" or state.chkstop:
        return bad("checkstop" if state.cfg == "on" else state.cfg)
    return busy(f"{state.pending_reset} runs") if state.pending_reset else good("on")

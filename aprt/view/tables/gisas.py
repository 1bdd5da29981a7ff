"""GISAs with what the kernel keeps about them, and the GIB with its alert list."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.system import System
from aprt.vfio_ap.kvm.gib import Gib
from aprt.vfio_ap.kvm.gisa import LINKING, NONE, NULL, Gisa, is_gisa
from aprt.vfio_ap.kvm.gisa_int import GisaInt, GisaIntState
from aprt.vfio_ap.kvm.kvm import Kvm
from aprt.view.tables.kinds import Actors, Looked
from aprt.view.tables.sheet import Cell, Column, Sheet, bad, busy, listed, mask, plain, quiet

GISAS: Final = (
    Column("GISA"),
    Column("LIFE"),
    Column("IPM"),
    Column("IAM"),
    Column("ALERT MASK"),
    Column("REFS"),
    Column("NEXT ALERT"),
    Column("TIMER", drop=1),
    Column("IDLE", drop=2),
    Column("KICKED", drop=3),
    Column("IN SIE", drop=4),
)
GIB: Final = (Column("GIB"), Column("ALERTS"), Column("LIST"), Column("INTERRUPT"))


@attrs.frozen(eq=False)
class _Page:
    """A GISA with what belongs to it, as far as the system has it."""

    gisa: Gisa
    record: GisaInt | None
    vm: Kvm | None

    @property
    def actors(self) -> tuple[Actor[Any], ...]:
        return tuple(actor for actor in (self.gisa, self.record, self.vm) if actor is not None)


def gisas(system: System) -> Actors | None:
    """One row per GISA, with the record of its VM; None for a system without any."""
    records = {actor.gisa: actor for actor in system.actors if isinstance(actor, GisaInt)}
    owners = {f"{actor.name}.gisa": actor for actor in system.actors if isinstance(actor, Kvm)}
    found = [actor for actor in system.actors if isinstance(actor, Gisa)]
    pages = tuple(_Page(gisa, records.get(gisa.name), owners.get(gisa.name)) for gisa in found)
    read = tuple(actor for page in pages for actor in page.actors)
    return Actors("gisa", read, partial(_gisas, pages)) if pages else None


def gib(system: System) -> Actors | None:
    """The GIB and the list that begins there; None for a system without one."""
    found = tuple(actor for actor in system.actors if isinstance(actor, Gib))
    linked = tuple(actor for actor in system.actors if isinstance(actor, Gisa))
    return Actors("gib", (*found, *linked), partial(_gibs, found, linked)) if found else None


def _gisas(pages: tuple[_Page, ...], view: Looked) -> Sheet:
    return Sheet("gisa", GISAS, tuple(_gisa(page, view) for page in pages))


def _gisa(page: _Page, view: Looked) -> tuple[Cell, ...]:
    gisa, state = page.gisa, view(page.gisa)
    record = view(page.record) if page.record else None
    refs = enumerate(record.ref_count) if record else ()
    return (
        plain(gisa.name),
        _life(page, view, record),
        mask(state.ipm),
        mask(state.iam),
        mask(record.alert_mask) if record else plain(None),
        listed(f"isc{isc}:{count}" for isc, count in refs if count),
        quiet("itself") if state.next_alert == gisa.name else busy(state.next_alert),
        _timer(record),
        listed(record.idle if record else ()),
        listed(record.kicked if record else ()),
        listed(vcpu for vcpu, _ in state.running),
    )


def _life(page: _Page, view: Looked, record: GisaIntState | None) -> Cell:
    if page.vm is not None and not view.born(page.vm):
        return quiet("not yet")
    return busy("destroying") if record and record.destroying and view(page.gisa).live else view.life(page.gisa)


def _timer(record: GisaIntState | None) -> Cell:
    if record is None:
        return plain(None)
    return quiet(record.timer) if record.timer == "idle" else busy(record.timer)


def _gibs(found: tuple[Gib, ...], linked: tuple[Gisa, ...], view: Looked) -> Sheet:
    return Sheet("gib", GIB, tuple(_gib(gib, linked, view) for gib in found))


def _gib(gib: Gib, linked: tuple[Gisa, ...], view: Looked) -> tuple[Cell, ...]:
    state = view(gib)
    alerts = {NULL: quiet("armed"), NONE: busy("silent")}.get(state.origin, busy("listed"))
    return (
        plain(gib.name),
        alerts,
        _chain(state.origin, linked, view),
        busy("pending") if state.gal else quiet("none"),
    )


def _chain(origin: str, linked: tuple[Gisa, ...], view: Looked) -> Cell:
    """The alert list from its origin on, as far as it can be followed."""
    gisas = {gisa.name: view(gisa) for gisa in linked}
    names = [origin]
    while is_gisa(names[-1]) and names[-1] in gisas and names.count(names[-1]) == 1:
        names.append(gisas[names[-1]].next_alert)
    if names == [origin] or names[-1] == LINKING:
        return plain(" -> ".join(names))
    freed = any(not gisas[name].live for name in names if name in gisas)
    return (bad if freed else plain)(" -> ".join(names))

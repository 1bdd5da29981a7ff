"""GISAs with what the kernel keeps about them, and the GIB with its alert list."""

from __future__ import annotations

from functools import partial
from typing import Final

from rich.text import Text

from aprt.core.system import System, View
from aprt.vfio_ap.gib import Gib
from aprt.vfio_ap.gisa import LINKING, NONE, NULL, Gisa, is_gisa
from aprt.vfio_ap.gisa_int import GisaInt, GisaIntState
from aprt.view.tables.kinds import Actors
from aprt.view.tables.sheet import Column, Sheet, bad, busy, life, listed, mask, plain, quiet

GISAS: Final = (
    Column("GISA"),
    Column("LIFE"),
    Column("IPM"),
    Column("IAM"),
    Column("ALERT MASK"),
    Column("REFS"),
    Column("NEXT ALERT"),
    Column("TIMER"),
    Column("IDLE", drop=1),
    Column("KICKED", drop=2),
    Column("IN SIE", drop=3),
)
GIB: Final = (Column("GIB"), Column("ALERTS"), Column("LIST"), Column("INTERRUPT"))


def gisas(system: System) -> Actors | None:
    """One row per GISA, with the record of its VM; None for a system without any."""
    found = tuple(actor for actor in system.actors if isinstance(actor, Gisa))
    records = {actor.gisa: actor for actor in system.actors if isinstance(actor, GisaInt)}
    return Actors("gisa", (*found, *records.values()), partial(_gisas, found, records)) if found else None


def gib(system: System) -> Actors | None:
    """The GIB and the list that begins there; None for a system without one."""
    found = tuple(actor for actor in system.actors if isinstance(actor, Gib))
    linked = tuple(actor for actor in system.actors if isinstance(actor, Gisa))
    return Actors("gib", (*found, *linked), partial(_gibs, found, linked)) if found else None


def _gisas(found: tuple[Gisa, ...], records: dict[str, GisaInt], view: View) -> Sheet:
    rows = (_gisa(gisa, view, view(records[gisa.name]) if gisa.name in records else None) for gisa in found)
    return Sheet("gisa", GISAS, tuple(rows))


def _gisa(gisa: Gisa, view: View, record: GisaIntState | None) -> tuple[Text, ...]:
    state = view(gisa)
    refs = enumerate(record.ref_count) if record else ()
    return (
        plain(gisa.name),
        busy("destroying") if record and record.destroying and state.live else life(state.live),
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


def _timer(record: GisaIntState | None) -> Text:
    if record is None:
        return plain(None)
    return quiet(record.timer) if record.timer == "idle" else busy(record.timer)


def _gibs(found: tuple[Gib, ...], linked: tuple[Gisa, ...], view: View) -> Sheet:
    return Sheet("gib", GIB, tuple(_gib(gib, linked, view) for gib in found))


def _gib(gib: Gib, linked: tuple[Gisa, ...], view: View) -> tuple[Text, ...]:
    state = view(gib)
    alerts = {NULL: quiet("armed"), NONE: busy("silent")}.get(state.origin, busy("listed"))
    return (
        plain(gib.name),
        alerts,
        _chain(state.origin, linked, view),
        busy("pending") if state.gal else quiet("none"),
    )


def _chain(origin: str, linked: tuple[Gisa, ...], view: View) -> Text:
    """The alert list from its origin on, as far as it can be followed."""
    gisas = {gisa.name: view(gisa) for gisa in linked}
    names = [origin]
    while is_gisa(names[-1]) and names[-1] in gisas and names.count(names[-1]) == 1:
        names.append(gisas[names[-1]].next_alert)
    if names == [origin] or names[-1] == LINKING:
        return plain(" -> ".join(names))
    freed = any(not gisas[name].live for name in names if name in gisas)
    return (bad if freed else plain)(" -> ".join(names))

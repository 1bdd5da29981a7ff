"""The museum in tables: which era has which bug, and how soon which strategy meets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Any

from aprt.verdict.era_matrix import Cell, Entered
from aprt.verdict.hunt import BY_STATES, STRATEGIES, Hunted, Try
from aprt.view.json_text import dump
from aprt.view.lists import table
from aprt.view.museum_check import seen_object
from aprt.view.version import aprt_version

HUNT_SCHEMA, MATRIX_SCHEMA = "aprt.museum-hunt/1", "aprt.museum-matrix/1"

_SIGNS: Mapping[Cell, str] = MappingProxyType({"has it": "BUG", "has it not": "-", "open": "?"})


def hunt_text(hunts: Sequence[Hunted], seconds: float) -> str:
    """What it took to the first hit, a line per bug, bugs without their names; the line for grep."""
    rows: list[tuple[str, ...]] = [("", *STRATEGIES)]
    rows += [(f"bug {i}", *map(_effort, hunted.tries)) for i, hunted in enumerate(hunts, 1)]
    rows.append(("found", *(str(len(hits)) for hits in _hits(hunts).values())))
    rows.append(("median", *(f"{median(hits):,.0f}" if hits else "-" for hits in _hits(hunts).values())))
    found = sum(hunted.found for hunted in hunts)
    line = f"aprt: HUNT found={found} of={len(hunts)} seconds={seconds:g}"
    return f"schedules to the first hit; for {BY_STATES}, states met\n\n{table(rows)}\n\n{line}"


def hunt_json(hunts: Sequence[Hunted], seconds: float, seed: int) -> str:
    """One object, `aprt.museum-hunt/1`: with names, for whoever wants to know which it was."""
    return dump(
        {
            "schema": HUNT_SCHEMA,
            "seconds": seconds,
            "seed": seed,
            "found": sum(hunted.found for hunted in hunts),
            "of": len(hunts),
            "entries": [
                {
                    "id": hunted.name,
                    "found": hunted.found,
                    "tries": [
                        {
                            "strategy": one.strategy,
                            "schedules": None if one.strategy == BY_STATES else one.effort,
                            "executions": one.executions,
                            "states": one.states,
                            "hit": one.hit,
                            "seconds": round(one.seconds, 3),
                        }
                        for one in hunted.tries
                    ],
                }
                for hunted in hunts
            ],
            "version": aprt_version(),
        }
    )


def matrix_text(names: Sequence[str], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    """A row per bug, a column per era; the line for grep."""
    entered = {(one.name, one.era): _SIGNS[one.cell] + "!" * one.surprising for one in cells}
    rows = [("", *eras), *((name, *(entered.get((name, era), ".") for era in eras)) for name in names)]
    legend = (
        "BUG: found   -: not there, complete search   ?: open   .: no such scenario\n"
        "!: found although the era has the fix, or not found although it lacks it"
    )
    bugs = sum(one.cell == "has it" for one in cells)
    opens = sum(one.cell == "open" for one in cells)
    surprises = sum(one.surprising for one in cells)
    told = f"cells={len(cells)} bugs={bugs} open={opens} surprising={surprises}"
    line = f"aprt: ERAS rows={len(names)} eras={len(eras)} {told}"
    return f"{table(rows)}\n\n{legend}\n\n{line}"


def matrix_json(names: Sequence[str], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    """One object, `aprt.museum-matrix/1`."""
    return dump(
        {
            "schema": MATRIX_SCHEMA,
            "eras": list(eras),
            "rows": [
                {
                    "id": name,
                    "eras": {one.era: _cell(one) for one in cells if one.name == name},
                }
                for name in names
            ],
            "version": aprt_version(),
        }
    )


def _cell(one: Entered) -> dict[str, Any]:
    return {"cell": one.cell, "fixed": one.fixed, "surprising": one.surprising, **seen_object(one.seen)}


def _effort(one: Try) -> str:
    return "-" if one.effort is None else f"{one.effort:,}"


def _hits(hunts: Sequence[Hunted]) -> dict[str, list[int]]:
    """By strategy, what it took."""
    return {
        strategy: [one.effort for hunted in hunts for one in hunted.tries if one.strategy == strategy and one.effort]
        for strategy in STRATEGIES
    }

"""The museum's hunt as a table: how soon which strategy meets which bug."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from aprt.verdict.hunt import BY_STATES, STRATEGIES, Hunted, Try
from aprt.view.json_text import dump
from aprt.view.lists import table
from aprt.view.version import aprt_version

HUNT_SCHEMA = "aprt.museum-hunt/1"


def hunt_text(hunts: Sequence[Hunted], seconds: float) -> str:
    """What it took to the first hit, a line per bug without its name, so that none is given away; the line for grep."""
    rows: list[tuple[str, ...]] = [("", *STRATEGIES)]
    rows += [(f"bug {i}", *map(_effort, hunted.tries)) for i, hunted in enumerate(hunts, 1)]
    rows.append(("found", *(str(len(hits)) for hits in _hits(hunts).values())))
    rows.append(("median", *(f"{median(hits):,.0f}" if hits else "-" for hits in _hits(hunts).values())))
    found = sum(hunted.found for hunted in hunts)
    line = f"aprt: HUNT found={found} of={len(hunts)} seconds={seconds:g}"
    return f"schedules to the first hit; for {BY_STATES}, states met\n\n{table(rows)}\n\n{line}"


def hunt_json(hunts: Sequence[Hunted], seconds: float, seed: int) -> str:
    """One object, `aprt.museum-hunt/1`, with the names of the bugs."""
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


def _effort(one: Try) -> str:
    return "-" if one.effort is None else f"{one.effort:,}"


def _hits(hunts: Sequence[Hunted]) -> dict[str, list[int]]:
    """By strategy, what it took."""
    return {
        strategy: [one.effort for hunted in hunts for one in hunted.tries if one.strategy == strategy and one.effort]
        for strategy in STRATEGIES
    }

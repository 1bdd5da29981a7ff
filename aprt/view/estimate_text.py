"""Estimates as text and JSON: how many interleavings and traces there are, and how far that can be trusted."""

from __future__ import annotations

import math

from aprt.core.amount import count
from aprt.explore.sampling.estimates import Estimate, Estimates
from aprt.verdict.case import Case
from aprt.view.heading import heading
from aprt.view.json_text import dump
from aprt.view.last_line import last_line, switches
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.version import aprt_version

ESTIMATE_SCHEMA = "aprt.estimate/1"

_LONG = 1e12  # where more than two digits tell nothing
_HEAVY = ("heavy tail: a few rare executions outweigh the others,", "there may be many more")


def estimate_text(case: Case, found: Estimates, paint: Paint) -> str:
    """All that a reader needs, ending with the line for grep."""
    lines = [heading(case, paint), "", *_lines("interleavings", found.interleavings)]
    if found.traces is None:
        lines.append("traces         unknown: one trace has too many interleavings to count")
    else:
        lines += _lines("traces", found.traces)
    drawn = f"from {count(found.probes, 'random walk')}"
    if found.cut:
        drawn += f", {found.cut:,} of them cut at the depth: what is counted are executions up to there"
    if found.interrupted:
        drawn += "; interrupted"
    return "\n".join([*lines, "", wrapped(drawn), "", estimate_line(case, found)])


def estimate_line(case: Case, found: Estimates) -> str:
    """The last line, like that of a verdict."""
    reliable = found.interleavings.reliable and (found.traces is None or found.traces.reliable)
    told = {
        "scenario": case.name,
        "era": case.era.name,
        **switches(case.settings),
        "interleavings": _figure(found.interleavings.value),
        "traces": None if found.traces is None else _figure(found.traces.value),
        "reliable": reliable,
        "probes": found.probes,
    }
    return last_line("ESTIMATE", told)


def estimate_json(case: Case, found: Estimates) -> str:
    """One object, `aprt.estimate/1`; null for what no number can hold, or is not known."""
    data = {
        "schema": ESTIMATE_SCHEMA,
        "scenario": str(case),
        "probes": found.probes,
        "cut": found.cut,
        "interrupted": found.interrupted,
        "interleavings": _numbers(found.interleavings),
        "traces": None if found.traces is None else _numbers(found.traces),
        "version": aprt_version(),
    }
    return dump(data)


def _lines(name: str, found: Estimate) -> list[str]:
    about = f"{name:15}about {_number(found.value)}"
    if found.reliable:
        return [f"{about}, with 95 % from {_number(found.low)} to {_number(found.high)}"]
    return [f"{about} or more", *(f"{'':15}{line}" for line in _HEAVY)]


def _number(value: float) -> str:
    if math.isinf(value):
        return "any number"
    return f"{value:,.0f}" if value < _LONG else f"{value:.1e}"


def _figure(value: float) -> str:
    """For the line for grep: one that a program can read, `inf` included."""
    return f"{value:.0f}" if value < _LONG else f"{value:.1e}"


def _numbers(found: Estimate) -> dict[str, float | bool | None]:
    high = found.high if found.reliable else math.inf
    told = {"value": found.value, "error": found.error, "low": found.low, "high": high}
    finite = {name: value if math.isfinite(value) else None for name, value in told.items()}
    return {**finite, "effective": found.effective, "reliable": found.reliable}

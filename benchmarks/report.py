"""What the measurements are printed as: tables in Markdown, lined up for a terminal, or one JSON object."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs


@attrs.frozen
class Target:
    """Something that is to be reached. met: None where nothing was measured."""

    what: str
    wanted: str
    reached: str
    met: bool | None


def at_least(what: str, wanted: float, reached: Sequence[float], unit: str = "x") -> Target:
    """A target for the smallest of several figures."""
    return _target(what, f"at least {wanted:,g}{unit}", reached, unit, lambda: min(reached) >= wanted)


def at_most(what: str, wanted: float, reached: Sequence[float], unit: str = "x") -> Target:
    """A target for the largest of several figures."""
    return _target(what, f"at most {wanted:,g}{unit}", reached, unit, lambda: max(reached) <= wanted)


def _target(what: str, wanted: str, reached: Sequence[float], unit: str, met: Callable[[], bool]) -> Target:
    if not reached:
        return Target(what, wanted, "", None)
    low, high = (f"{figure:,.3g}" if figure < 100 else f"{figure:,.0f}" for figure in (min(reached), max(reached)))
    return Target(what, wanted, f"{low}{unit}" if low == high else f"{low} to {high}{unit}", met())


@attrs.frozen
class Section:
    """One comparison. records: the same figures as in the rows, for programs, and all repetitions of them.

    remarks: what a reader of the rows should know; also why something was skipped. not_counted: what targets leave out,
    with its figures.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    records: Sequence[Mapping[str, Any]]
    targets: Sequence[Target]
    remarks: Sequence[str] = ()
    not_counted: Sequence[str] = ()


def as_text(sections: Iterable[Section]) -> str:
    """Markdown."""
    sections = list(sections)
    parts = [machine()]
    for section in sections:
        parts += [f"## {section.title}", table(section.head, section.rows), *section.remarks]
    targets = [(t.what, t.wanted, t.reached, _word(t.met)) for section in sections for t in section.targets]
    if targets:
        parts += ["## Targets", table(("target", "wanted", "reached", ""), targets)]
    parts += [f"not counted: {line}" for section in sections for line in section.not_counted]
    return "\n\n".join(parts)


def as_json(sections: Iterable[Section]) -> str:
    """One object: sections by title, with every repetition."""
    found = {
        section.title: {
            "records": list(section.records),
            "targets": [attrs.asdict(target) for target in section.targets],
            "remarks": list(section.remarks),
            "not_counted": list(section.not_counted),
        }
        for section in sections
    }
    return json.dumps({"schema": "aprt.bench/1", "machine": machine(), "sections": found}, indent=2)


def machine() -> str:
    """Where and when."""
    cores = len(os.sched_getaffinity(0))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = os.getloadavg()[1]
    return f"Measured {date.today()} on {cores} cores ({_processor()}), {python}; load in the last minutes {load:.1f}."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; all but the first are flushed right when they hold figures."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    figures = [len(lines) > 1 and all(_is_figure(line[i]) for line in lines[1:]) for i in range(len(head))]
    cells = [[_pad(c, w, f) for c, w, f in zip(line, widths, figures, strict=True)] for line in lines]
    cells.insert(1, ["-" * (w - 1) + ":" if f else "-" * w for w, f in zip(widths, figures, strict=True)])
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _pad(cell: str, width: int, figure: bool) -> str:
    return cell.rjust(width) if figure else cell.ljust(width)


def _is_figure(cell: str) -> bool:
    return not cell or cell[0].isdigit()


def _word(met: bool | None) -> str:
    return {True: "met", False: "missed", None: "not measured"}[met]


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

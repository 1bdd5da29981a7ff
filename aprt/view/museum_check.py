"""What a check of the museum came to: as text, as KTAP, as the XML of JUnit, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, get_args

import attrs

from aprt.core.amount import count
from aprt.museum.entry import Entry
from aprt.verdict.contrasts import Checked, Seen, Violation
from aprt.view.json_text import dump
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.results import Result, Suite
from aprt.view.results import Standing as ResultStanding
from aprt.view.results_text import ktap, report
from aprt.view.version import aprt_version

CHECK_SCHEMA = "aprt.museum-check/1"

Standing: TypeAlias = Literal["met", "exhibit only", "not met", "not modelled", "not reached"]


@attrs.frozen
class Inspection:
    """The entries that were asked for, and the answers by their number: not all when it was interrupted."""

    entries: tuple[Entry, ...]
    checked: Mapping[str, Checked]

    def standing(self, entry: Entry) -> Standing:
        """How an entry stands, in a word or two."""
        if entry.shown_by is None:
            return "exhibit only" if entry.exhibit else "not modelled"
        if entry.id not in self.checked:
            return "not reached"
        return "met" if self.checked[entry.id].met else "not met"

    @property
    def interrupted(self) -> bool:
        return any(self.standing(entry) == "not reached" for entry in self.entries)

    @property
    def met(self) -> bool:
        """Whether every entry is met, or cannot be modelled."""
        return all(self.standing(entry) in ("met", "exhibit only") for entry in self.entries)

    def counts(self) -> dict[Standing, int]:
        """How many entries have which standing."""
        said = [self.standing(entry) for entry in self.entries]
        return {standing: said.count(standing) for standing in get_args(Standing)}


def check_text(inspection: Inspection, paint: Paint) -> str:
    """A few lines for each entry that was checked, a list of those that were not, the line for grep."""
    parts = [_told(inspection, entry, paint) for entry in inspection.entries if entry.id in inspection.checked]
    for standing in ("exhibit only", "not modelled", "not reached"):
        ids = [entry.id for entry in inspection.entries if inspection.standing(entry) == standing]
        if ids:
            parts.append(wrapped(f"{standing}: {', '.join(ids)}", "  "))
    return "\n\n".join([*parts, check_line(inspection)])


def check_line(inspection: Inspection) -> str:
    """The last line, for grep."""
    told = " ".join(f"{standing.replace(' ', '-')}={n}" for standing, n in inspection.counts().items())
    return f"aprt: MUSEUM entries={len(inspection.entries)} {told}"


def check_ktap(inspection: Inspection) -> str:
    """KTAP version 1, an entry a test."""
    return ktap(_results(inspection))


def check_junit(inspection: Inspection) -> str:
    """One suite, an entry a test."""
    seconds = sum(seen.seconds for one in inspection.checked.values() for seen in (one.buggy, one.fixed))
    return report("junit", [Suite("museum", _results(inspection), seconds, check_line(inspection))])


def check_json(inspection: Inspection) -> str:
    """One object, `aprt.museum-check/1`."""
    return dump(
        {
            "schema": CHECK_SCHEMA,
            "met": inspection.met,
            "counts": inspection.counts(),
            "entries": [_object(inspection, entry) for entry in inspection.entries],
            "version": aprt_version(),
        }
    )


def _results(inspection: Inspection) -> tuple[Result, ...]:
    return tuple(_result(inspection, entry) for entry in inspection.entries)


def _result(inspection: Inspection, entry: Entry) -> Result:
    remarks = tuple(f"{entry.id}: {text}" for text in _remarks(inspection, entry))
    match inspection.standing(entry):
        case "met":
            standing: ResultStanding = "ok"
        case "exhibit only":
            standing = "skipped"
        case _:
            standing = "failed"
    return Result(f"{entry.id} {entry.title}", standing, inspection.standing(entry), remarks)


def _told(inspection: Inspection, entry: Entry, paint: Paint) -> str:
    colour = paint.green if inspection.standing(entry) == "met" else paint.red
    head = f"{colour(inspection.standing(entry).upper())}  {paint.bold(f'{entry.id}  {entry.title}')}"
    return "\n".join([head, *map(_remark, _remarks(inspection, entry))])


def _remark(text: str) -> str:
    # commands are for pasting, however long
    return f"  {text}" if text.startswith("aprt ") else wrapped(f"  {text}", "    ")


def _remarks(inspection: Inspection, entry: Entry) -> list[str]:
    """Remarks on an entry besides its standing, a line each."""
    checked = inspection.checked.get(entry.id)
    if checked is None:
        return [entry.exhibit or inspection.standing(entry)]
    buggy, fixed = checked.buggy, checked.fixed
    lines = list(checked.failures)
    if buggy.findings:
        lines += _shown("without the fix", buggy.findings[0], f" ({_effort(buggy)})")
    lines.append(f"with the fix: {'complete' if fixed.complete else 'not complete'} ({_effort(fixed)})")
    for told in checked.observations:
        lines += _shown("observed with the fix", told)
    return lines


def _shown(when: str, told: Violation, more: str = "") -> list[str]:
    again = [] if told.token is None else [f"aprt replay {told.token}"]
    return [f"{when}: {told}{more}", *again]


def _effort(seen: Seen) -> str:
    return f"{count(seen.states, 'state')} by {seen.strategy}"


def _object(inspection: Inspection, entry: Entry) -> dict[str, Any]:
    checked = inspection.checked.get(entry.id)
    return {
        "id": entry.id,
        "title": entry.title,
        "standing": inspection.standing(entry),
        "property": None if entry.shown_by is None else entry.shown_by.violates,
        "buggy": None if checked is None else seen_object(checked.buggy),
        "fixed": None if checked is None else seen_object(checked.fixed),
        "failures": [] if checked is None else list(checked.failures),
        "observations": [] if checked is None else _findings(checked.observations),
    }


def seen_object(seen: Seen) -> dict[str, Any]:
    """What one search said, for programs."""
    return {
        "scenario": seen.reference,
        "verdict": seen.word,
        "complete": seen.complete,
        "strategy": seen.strategy,
        "executions": seen.executions,
        "states": seen.states,
        "seconds": round(seen.seconds, 3),
        "findings": _findings(seen.findings),
    }


def _findings(found: Iterable[Violation]) -> list[dict[str, str | None]]:
    return [{"property": told.property, "text": told.text, "token": told.token} for told in found]

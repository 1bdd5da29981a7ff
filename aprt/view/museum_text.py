"""The museum's entries as text and as JSON: a line each, or one in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aprt.core.contrast import Contrast
from aprt.core.scenario import Era
from aprt.museum.catalogue import hall_of
from aprt.museum.entry import Entry
from aprt.verdict.case import Case
from aprt.view.commands import command_lines
from aprt.view.json_text import dump
from aprt.view.lists import table, wrapped
from aprt.view.version import aprt_version

MUSEUM_SCHEMA = "aprt.museum/1"


def entries_text(entries: Iterable[Entry], width: int | None = None) -> str:
    """One line per entry, or several where that is wider than `width`; and one that says what is in them."""
    rows = [(e.id, "/".join(e.kinds), e.version, f"{e.title} ({_place(e)})") for e in entries]
    return table([("bug", "kind", "fixed in", "what goes wrong (where that is seen)"), *rows], width)


def entry_text(entry: Entry, eras: Mapping[str, Era]) -> str:
    """All that is known of an entry, and what to type to see it."""
    parts = [f"{entry.id}  {entry.title}", wrapped(" ".join(entry.story.split())), _facts(entry)]
    if entry.shown_by is not None:
        parts.append(_see(entry, entry.shown_by, eras))
    else:
        parts.append(wrapped(f"exhibit only: {entry.exhibit}" if entry.exhibit else "not modelled yet"))
    return "\n\n".join(parts)


def entries_json(entries: Iterable[Entry]) -> str:
    """One object, `aprt.museum/1`."""
    data = {
        "schema": MUSEUM_SCHEMA,
        "entries": [entry_object(entry) for entry in entries],
        "version": aprt_version(),
    }
    return dump(data)


def entry_object(entry: Entry) -> dict[str, Any]:
    """An entry for programs; null where it is not modelled, or nothing is known."""
    contrast = entry.shown_by
    return {
        "id": entry.id,
        "title": entry.title,
        "hall": hall_of(entry).number,
        "kinds": list(entry.kinds),
        "commits": list(entry.commits),
        "subject": entry.subject,
        "version": entry.version,
        "cve": entry.cve,
        "story": " ".join(entry.story.split()),
        "pattern": entry.pattern.value,
        "note": entry.note,
        "exhibit": entry.exhibit,
        "property": None if contrast is None else contrast.violates,
        "finding": None if contrast is None else contrast.finding,
        "buggy": None if contrast is None else contrast.buggy,
        "fixed": None if contrast is None else contrast.fixed,
    }


def _place(entry: Entry) -> str:
    if entry.shown_by is not None:
        return entry.shown_by.buggy.partition("+")[0]
    return "exhibit only" if entry.exhibit else "not modelled yet"


def _facts(entry: Entry) -> str:
    hall = hall_of(entry)
    facts = {
        "kind": ", ".join(entry.kinds),
        "fix": entry.subject,
        "commit": ", ".join(entry.commits) or "not known",
        "fixed in": entry.version,
        "CVE": entry.cve,
        "note": entry.note,
        "lesson": entry.pattern.value,
        "hall": f"{hall.number}, {hall.title}",
    }
    return table((name, text) for name, text in facts.items() if text is not None)


def _see(entry: Entry, contrast: Contrast, eras: Mapping[str, Era]) -> str:
    case = Case.parse(contrast.buggy, eras)
    (property,) = case.model().select((contrast.violates,))
    return "\n".join(
        [
            wrapped(f"breaks {property.id}: {property.title}", "  "),
            *([] if contrast.finding == "*" else [wrapped(f"  as: {contrast.finding}", "    ")]),
            "",
            *command_lines("unfixed", f"aprt explore {contrast.buggy} --property {property.id}"),
            *command_lines("fixed", f"aprt explore {contrast.fixed} --property {property.id}"),
            *command_lines("explain", f"aprt explain {entry.id}", "who did what until it broke, and why"),
            *command_lines("kernels", f"aprt museum matrix {entry.id}", "in which it is"),
        ]
    )

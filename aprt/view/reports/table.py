"""An execution as a table: number, context, function, step, what is held."""

from __future__ import annotations

from collections.abc import Sequence

from aprt.view.reports.subject import Subject
from aprt.view.words import step

_HEAD = ("step", "context", "function", "does", "holds")


def table(subject: Subject) -> list[str]:
    """A row for each step, columns as wide as they need be."""
    rows: list[Sequence[str]] = [_HEAD]
    for event in subject.events:
        held = ", ".join(hold.lock for hold in event.caller.after(event.notes).held)
        rows.append((str(event.index), event.context, subject.function(event), step(event), held or "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

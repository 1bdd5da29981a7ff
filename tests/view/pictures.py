"""Pictures of systems that nobody runs, and sheets as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Set
from io import StringIO
from typing import Any

from rich.console import Console

from aprt.core.system import System
from aprt.runtime.ledger import Ledger, Snapshot
from aprt.view.tables import tables_of
from aprt.view.tables.kinds import Kind, Picture
from aprt.view.tables.sheet import Sheet


def console(width: int, height: int = 100) -> Console:
    """A terminal without colours."""
    return Console(file=StringIO(), width=width, height=height, force_terminal=True, color_system=None)


def printed(renderable: Any, width: int) -> list[str]:
    """What a console of that width prints, trailing blanks left out."""
    paper = Console(file=StringIO(), width=width, color_system=None)
    paper.print(renderable)
    text = paper.file
    assert isinstance(text, StringIO)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def initial(system: System, states: Mapping[str, Any] | None = None, lived: Set[str] = frozenset()) -> Picture:
    """The system before its first step, with some states put in place of its own; `lived` were alive before."""
    shot = Ledger(system).snapshot()
    return Picture(
        Snapshot({**shot.states, **(states or {})}, shot.callers, shot.waiting, shot.mailboxes, shot.steps, shot.doing),
        lived=lived,
    )


def kind(system: System, title: str) -> Kind:
    """The table of that title."""
    return next(kind for kind in tables_of(system) if kind.title == title)


def rows(sheet: Sheet) -> list[dict[str, str]]:
    """The cells of a sheet by the heads of their columns; those that say nothing (`-`) left out."""
    heads = [column.head for column in sheet.columns]
    return [{h: cell.plain for h, cell in zip(heads, row, strict=True) if cell.plain != "-"} for row in sheet.rows]

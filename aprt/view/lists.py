"""Rows and paragraphs as text, as wide as a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from aprt.view.columns import WIDTH
from aprt.view.commands import continued
from aprt.view.paint import Paint

_INDENT: Final = 12
_FEW: Final = 6


def table(
    rows: Iterable[tuple[str, ...]],
    width: int | None = WIDTH,
    between: str = "  ",
    paint: Callable[[str], str] = str,
) -> str:
    """Left-aligned columns; the last one is wrapped so that lines are no wider than `width`, if at all.

    paint: colours the first column.
    """
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)][:-1]
    indent = sum(widths) + len(between) * len(widths)
    lines = []
    for *cells, last in rows:
        room = 1 + len(last) if width is None else max(30, width - indent)
        first, *more = textwrap.wrap(last, room, break_on_hyphens=False) or [""]
        head = between.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True))
        line = f"{head}{between}{first}".rstrip()
        mark = cells[0] if cells else ""
        lines += [paint(mark) + line[len(mark) :], *(" " * indent + line for line in more)]
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> str:
    """The text in lines as wide as a mail. indent: of the lines that continue one. Commands stay fit for a shell."""
    return "\n".join(chain.from_iterable(_broken(line, indent) for line in text.splitlines()))


def under(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines beside their head, wrapped; nothing where there are no lines."""
    for line in lines:
        yield from wrapped(head.ljust(_INDENT) + line, " " * (_INDENT + 2)).splitlines()
        head = ""


def fact(name: str, text: str, paint: Paint) -> Iterator[str]:
    """A row of a verdict: the name of what it tells, and beside it the text, wrapped."""
    first, *more = textwrap.wrap(text, WIDTH - _INDENT) or [""]
    yield f"{paint.dim(name.ljust(_INDENT))}{first}"
    yield from (" " * _INDENT + line for line in more)


def few(lines: list[str]) -> list[str]:
    """The first ones, and how many more there are."""
    more = len(lines) - _FEW
    return lines if more <= 1 else [*lines[:_FEW], f"and {more} more; --format json has all"]


def spans(some: Sequence[str], eras: Sequence[str]) -> str:
    """The names of some eras, more than two in a row by the first and the last: `v4, 5.3 to 2026`."""
    runs: list[list[str]] = []
    for era in eras:
        if era not in some:
            continue
        if runs and eras.index(era) == eras.index(runs[-1][-1]) + 1:
            runs[-1].append(era)
        else:
            runs.append([era])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _broken(line: str, indent: str) -> Iterable[str]:
    blank = line[: len(line) - len(line.lstrip())]
    if line.startswith(f"{blank}aprt "):
        return continued(blank, line.split())
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]

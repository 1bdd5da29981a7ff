"""An execution as a table: number, context, function, step, what is held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from aprt.view.reports.subject import Subject
from aprt.view.words import step

WIDE: Final = 100  # letters, where nobody says how wide a line may be
_HEAD: Final = ("step", "context", "function", "does", "holds")
_WRAPPED: Final = (2, 3, 4)  # columns in which long cells are
_LEAST: Final = 12  # letters of such a column
_GAP: Final = "  "
_PIECE: Final = re.compile(r"(?:[^ (]|\(\))+[ (]*|[ (]+")  # what a line may end with: a word, or an opening bracket


def table(subject: Subject, width: int = WIDE) -> list[str]:
    """A row for each step, in lines of at most `width` letters if that is not very narrow; long cells are wrapped."""
    rows: list[Sequence[str]] = [_HEAD]
    for event in subject.events:
        held = ", ".join(hold.lock for hold in event.caller.after(event.notes).held)
        rows.append((str(event.index), event.context, subject.function(event), step(event), held or "-"))
    widths = _fitted(list(zip(*rows, strict=True)), width - len(_GAP) * (len(_HEAD) - 1))
    return [line for row in rows for line in _lines(row, widths)]


def _fitted(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: the widest are made narrower, as far as that breaks no word, or else has to."""
    widths = [max(map(len, column)) for column in columns]
    words = [max(len(piece.rstrip()) for cell in column for piece in _PIECE.findall(cell)) for column in columns]
    for least in (words, [_LEAST] * len(words)):
        while sum(widths) > room and (free := [i for i in _WRAPPED if widths[i] > least[i]]):
            widths[max(free, key=widths.__getitem__)] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    cells = (_wrapped(cell, width) for cell, width in zip(row, widths, strict=True))
    for parts in zip_longest(*cells, fillvalue=""):
        yield _GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()


def _wrapped(cell: str, width: int) -> list[str]:
    lines = [""]
    for piece in _PIECE.findall(cell):
        rest = piece
        while len(lines[-1] + rest.rstrip()) > width:
            if not lines[-1]:
                lines[-1], rest = rest[:width], rest[width:]
            lines.append("")
        lines[-1] += rest
    return [line.rstrip() for line in lines]

"""A sheet: what one table says, before anybody knows how much room there is for it.

Fitting is done here and not by rich, so that it is the same at every redraw: columns are dropped, those of the
highest `drop` first, until the rest fits; if the ones that must stay are still too wide, the widest is narrowed.
Colour is never the only sign: a cell reads the same without its style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import attrs
from rich.cells import cell_len

FRAME: Final = 4  # columns that a frame takes, with the blanks inside it
GAP: Final = 2  # blanks between two columns
FIRST, NEXT, DULL = 0, 1, 2  # ranks of rows
_NARROWEST: Final = 6
_UUID: Final = re.compile(r"\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_UUID_LENGTH: Final = 36


class Cell(NamedTuple):
    """What one place of a table says. style: as rich spells it."""

    plain: str = ""
    style: str = ""

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes."""
        return len(self.plain) if self.plain.isascii() else cell_len(self.plain)


@attrs.frozen
class Column:
    """drop: 0 stays at any width; of the others the highest goes first."""

    head: str
    drop: int = 0
    right: bool = False


@attrs.frozen(eq=False)
class Sheet:
    """The content of one table.

    Where there is no room for all rows, those of the highest rank are left out first; of the same rank, those that have
    not changed for longest. Beyond `enough` rows no `DULL` one is shown. Of a log the first rows are left out.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    ranks: tuple[int, ...] = ()  # of each row, `FIRST`, `NEXT` or `DULL`; empty: all are alike
    fresh: tuple[int, ...] = ()  # when each row changed, the later the higher; empty: not known
    newest: bool = False  # the rows are a log
    enough: int = 12
    widths: tuple[int, ...] = attrs.field(init=False)  # of the columns

    @widths.default
    def _widest(self) -> tuple[int, ...]:
        widths = [len(column.head) for column in self.columns]
        for i, cells in enumerate(zip(*self.rows, strict=True)):
            widths[i] = max(widths[i], *(cell.width for cell in cells))
        return tuple(widths)

    @property
    def width(self) -> int:
        """The width of all columns, without a frame."""
        return _total(self.widths)

    @property
    def height(self) -> int:
        """How many rows it should have, including a last one that counts those left out."""
        lively = len(self.rows) - self.ranks.count(DULL)
        return min(len(self.rows), max(self.enough, lively + 1))

    def fitted(self, width: int) -> dict[int, int]:
        """Which columns are shown in `width`, by index, and how wide each is."""
        widths = dict(enumerate(self.widths))
        for i in sorted(widths, key=lambda i: -self.columns[i].drop):
            if _total(widths.values()) <= width or not self.columns[i].drop:
                break
            del widths[i]
        while (over := _total(widths.values()) - width) > 0:
            widest = max(widths, key=lambda i: widths[i])
            if widths[widest] <= _NARROWEST:
                break
            widths[widest] = max(_NARROWEST, widths[widest] - over)
        return widths

    def cut(self, most: int) -> tuple[Sequence[tuple[Cell, ...]], str]:
        """At most so many rows, and a text that counts those left out, which takes one of these; none for a log."""
        if len(self.rows) <= most:
            return self.rows, ""
        if self.newest:
            return self.rows[-most:], ""
        ranks = self.ranks or (NEXT,) * len(self.rows)
        fresh = self.fresh or (0,) * len(self.rows)
        # chosen by rank, shown in the order of the table
        kept = sorted(sorted(range(len(self.rows)), key=lambda i: (ranks[i], -fresh[i]))[: most - 1])
        return tuple(self.rows[i] for i in kept), _more(len(self.rows) - len(kept))


def plain(value: object) -> Cell:
    """A cell without a style; `-` for None and for an empty text."""
    text = "" if value is None else short(str(value))
    return Cell(text) if text else quiet("-")


def good(text: str) -> Cell:
    return Cell(text, "green")


def bad(text: str) -> Cell:
    return Cell(text, "bold red")


def busy(text: str) -> Cell:
    return Cell(text, "yellow")


def quiet(text: str) -> Cell:
    return Cell(text, "dim")


def listed(values: Iterable[object], most: int = 4) -> Cell:
    """Several values in one cell; those beyond `most` are counted."""
    words = [short(str(value)) for value in values]
    return plain(" ".join(words if len(words) <= most else [*words[: most - 1], _more(len(words) - most + 1)]))


def mask(bits: int) -> Cell:
    """An 8-bit mask in binary, ISC 0 leftmost."""
    return plain(f"{bits:08b}") if bits else quiet(f"{bits:08b}")


def short(text: str) -> str:
    """A text as tables show it: UUIDs are cut to their first groups."""
    return _UUID.sub(r"\1", text) if len(text) >= _UUID_LENGTH else text


def _more(rows: int) -> str:
    return f"+{rows} more"


def _total(widths: Iterable[int]) -> int:
    sizes = list(widths)
    return sum(sizes) + GAP * max(0, len(sizes) - 1)

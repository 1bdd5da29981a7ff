"""A sheet: what one table says, before anybody knows how much room there is for it.

Fitting is done here and not by rich, so that it is the same at every redraw: columns are dropped, those of the
highest `drop` first, until the rest fits; if the ones that must stay are still too wide, the widest is narrowed.
Colour is never the only sign: a cell reads the same without its style.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs
from rich import box
from rich.console import JustifyMethod, RenderableType
from rich.constrain import Constrain
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

FRAME: Final = 4  # columns that a frame takes, with the blanks inside it
GAP: Final = 2  # blanks between two columns
_NARROWEST: Final = 6


@attrs.frozen
class Column:
    """drop: 0 stays at any width; of the others the highest goes first."""

    head: str
    drop: int = 0
    right: bool = False


@attrs.frozen(eq=False)
class Sheet:
    """The content of one table. newest: the rows are a log, so the first ones go when there are too many."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    newest: bool = False

    @property
    def width(self) -> int:
        """What all columns take, without a frame."""
        return _total(self._widths())

    def fitted(self, width: int) -> dict[int, int]:
        """Which columns are shown in `width`, by index, and how wide each is."""
        widths = dict(enumerate(self._widths()))
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

    def rich(self, width: int, rows: int, *, framed: bool = True) -> RenderableType:
        """The table in exactly `width` columns and `rows` rows; what does not fit is counted in the last one."""
        inner = width - FRAME if framed else width
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="cyan")
        widths = self.fitted(inner)
        for i, size in widths.items():
            column = self.columns[i]
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(column.head, width=size, no_wrap=True, overflow="ellipsis", justify=justify)
        for row in self._cut(rows):
            table.add_row(*(row[i] for i in widths))
        if not framed:
            return Constrain(table, width)
        title = Text(f" {self.title} ", "bold")
        return Panel(
            table,
            box.ROUNDED,
            title=title,
            title_align="left",
            width=width,
            height=rows + 3,
            style="",
            border_style="blue",
        )

    def _cut(self, most: int) -> Sequence[tuple[Text, ...]]:
        if len(self.rows) <= most:
            return self.rows
        if self.newest:
            return self.rows[-most:]
        kept = self.rows[: most - 1]
        more = quiet(f"+ {len(self.rows) - len(kept)} more")
        return (*kept, (more, *(Text() for _ in self.columns[1:])))

    def _widths(self) -> list[int]:
        cells = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return [
            max([len(column.head), *(cell.cell_len for cell in cells_of)])
            for column, cells_of in zip(self.columns, cells, strict=True)
        ]


def plain(value: object) -> Text:
    """A cell without a style; `-` for None and what prints as nothing."""
    text = "" if value is None else str(value)
    return Text(text) if text else quiet("-")


def good(text: str) -> Text:
    return Text(text, "green")


def bad(text: str) -> Text:
    return Text(text, "bold red")


def busy(text: str) -> Text:
    return Text(text, "yellow")


def quiet(text: str) -> Text:
    return Text(text, "dim")


def listed(values: Iterable[object]) -> Text:
    """Several values in one cell."""
    return plain(" ".join(map(str, values)))


def life(live: bool, word: str = "live") -> Text:
    """Whether an object is alive."""
    return good(word) if live else bad("FREED")


def mask(bits: int) -> Text:
    """An 8-bit mask in binary, ISC 0 leftmost."""
    return (Text if bits else quiet)(f"{bits:08b}")


def short(name: str) -> str:
    """A name as tables show it: of a UUID the first group."""
    return name.split("-")[0] if len(name) == 36 and name.count("-") == 4 else name


def _total(widths: Iterable[int]) -> int:
    sizes = list(widths)
    return sum(sizes) + GAP * max(0, len(sizes) - 1)

"""A sheet: what one table says, before anybody knows how much room there is for it.

Fitting is done here and not by rich, so that it is the same at every redraw: columns are dropped, those of the
highest `drop` first, until the rest fits; if the ones that must stay are still too wide, the widest is narrowed.
Colour is never the only sign: a cell reads the same without its style.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs
from rich.text import Text

FRAME: Final = 4  # columns that a frame takes, with the blanks inside it
GAP: Final = 2  # blanks between two columns
FIRST, NEXT, DULL = 0, 1, 2  # ranks of rows
_NARROWEST: Final = 6


@attrs.frozen
class Column:
    """drop: 0 stays at any width; of the others the highest goes first."""

    head: str
    drop: int = 0
    right: bool = False


@attrs.frozen(eq=False)
class Sheet:
    """The content of one table.

    ranks: per row `FIRST`, `NEXT` or `DULL`, or empty if all are alike; when there are too many rows the dull ones
    go first, and beyond `enough` rows they are not shown at all. newest: the rows are a log, whose first ones go.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    ranks: tuple[int, ...] = ()
    newest: bool = False
    enough: int = 12

    @property
    def width(self) -> int:
        """What all columns take, without a frame."""
        return _total(self._widths())

    @property
    def height(self) -> int:
        """How many rows it should have, a last one that counts what is left out included."""
        lively = len(self.rows) - self.ranks.count(DULL)
        return min(len(self.rows), max(self.enough, lively + 1))

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

    def cut(self, most: int) -> Sequence[tuple[Text, ...]]:
        """At most so many rows; those left out are counted in the last one, except of a log."""
        if len(self.rows) <= most:
            return self.rows
        if self.newest:
            return self.rows[-most:]
        ranks = self.ranks or (NEXT,) * len(self.rows)
        # chosen by rank, shown in their order
        kept = sorted(sorted(range(len(self.rows)), key=ranks.__getitem__)[: most - 1])
        more = quiet(_more(len(self.rows) - len(kept)))
        return (*(self.rows[i] for i in kept), (more, *(Text() for _ in self.columns[1:])))

    def _widths(self) -> list[int]:
        widths = [len(column.head) for column in self.columns]
        if DULL in self.ranks:
            widths[0] = max(widths[0], len(_more(len(self.rows))))
        for row in self.rows:
            widths = [max(width, cell.cell_len) for width, cell in zip(widths, row, strict=True)]
        return widths


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


def listed(values: Iterable[object], most: int = 4) -> Text:
    """Several values in one cell; those beyond `most` are counted."""
    words = [str(value) for value in values]
    return plain(" ".join(words if len(words) <= most else [*words[: most - 1], _more(len(words) - most + 1)]))


def life(live: bool, word: str = "live") -> Text:
    """Whether an object is alive."""
    return good(word) if live else bad("FREED")


def mask(bits: int) -> Text:
    """An 8-bit mask in binary, ISC 0 leftmost."""
    return (Text if bits else quiet)(f"{bits:08b}")


def short(name: str) -> str:
    """A name as tables show it: of a UUID the first group."""
    return name.split("-")[0] if len(name) == 36 and name.count("-") == 4 else name


def _more(rows: int) -> str:
    return f"+{rows} more"


def _total(widths: Iterable[int]) -> int:
    sizes = list(widths)
    return sum(sizes) + GAP * max(0, len(sizes) - 1)

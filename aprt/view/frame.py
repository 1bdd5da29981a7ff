"""The frame: the tables of a system on one screen, made anew only where something has changed.

Tables stand side by side on *shelves* as long as they fit, in the order they are given. A table never gets smaller
than it was, so that the picture does not jump. Where there are more lines than the screen has, the highest shelf
loses rows; when that is no help, frames go, and then whole shelves.

Everything is kept until it changes: a sheet until what its kind reads is different, its rendered lines until the
sheet or its place is. A refresh thus costs what has changed, and the gluing of lines. Of the rows of a table those
that changed lately come before others when there is no room for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import attrs
from rich.box import ROUNDED
from rich.console import Console
from rich.segment import Segment

from aprt.view.tables.drawing import Lines, Ready, draw, text_line
from aprt.view.tables.kinds import Kind, Picture
from aprt.view.tables.sheet import FIRST, FRAME, Cell, Sheet

FEWEST: Final = 3  # rows that a shelf keeps
LATELY: Final = 10  # frames for which a row that changed comes first
_BESIDE: Final = 1  # blanks between two tables

Row: TypeAlias = Sequence[Cell]


@attrs.frozen
class _Extent:
    """The most that a table has needed so far: columns without a frame, and rows."""

    width: int = 0
    rows: int = 0

    def around(self, sheet: Sheet) -> _Extent:
        return _Extent(max(self.width, sheet.width), max(self.rows, sheet.height))


@attrs.frozen
class _Place:
    """Where and how a table is rendered."""

    width: int
    rows: int
    framed: bool


class Frame:
    """The tables `kinds` on `console`. made, rendered: title -> how often its sheet, and its lines, were made."""

    def __init__(self, kinds: Sequence[Kind], console: Console) -> None:
        self.made: Counter[str] = Counter()
        self.rendered: Counter[str] = Counter()
        self._kinds, self._console = kinds, console
        self._reads: dict[str, tuple[object, ...]] = {}
        self._sheets: dict[str, Sheet] = {}
        self._extents: dict[str, _Extent] = {}
        self._frames = 0
        self._lines: dict[str, tuple[Sheet, _Place, Lines]] = {}

    def draw(self, picture: Picture, head: Row, foot: Sequence[Row], height: int | None = None) -> Ready:
        """The frame of that picture, at most `height` lines high: head, tables, foot; what has no room is named."""
        self._frames += 1
        for kind in self._kinds:
            self._look(kind, picture)
        width = self._console.width
        shelves = shelved([(kind.title, self._extents[kind.title].width + FRAME) for kind in self._kinds], width)
        rows = [max(1, *(self._extents[title].rows for title in shelf)) for shelf in shelves]
        fitted, framed = fit(rows, None if height is None else height - 1 - len(foot))
        hidden = [title for shelf, most in zip(shelves, fitted, strict=True) if not most for title in shelf]
        if hidden:
            room = width - sum(cell.width for cell in foot[0])
            foot = [[*foot[0], _left_out(hidden, room)], *foot[1:]]
        lines = [text_line(head, width)]
        for shelf, most in zip(shelves, fitted, strict=True):
            if most:
                lines += self._shelf(shelf, most, framed)
        return Ready(lines + [text_line(row, width) for row in foot])

    def release(self) -> None:
        """Let tables get smaller again: the next picture is the last one."""
        self._extents.clear()
        self._reads.clear()

    def _look(self, kind: Kind, picture: Picture) -> None:
        reads, title = kind.reads(picture), kind.title
        if self._reads.get(title) == reads:
            return
        sheet = self._dated(kind.sheet(picture))
        self.made[title] += 1
        before = self._sheets.get(title)
        if before is None or (before.rows, before.ranks, before.fresh) != (sheet.rows, sheet.ranks, sheet.fresh):
            self._sheets[title] = sheet
        self._reads[title] = reads
        self._extents[title] = self._extents.get(title, _Extent()).around(self._sheets[title])

    def _dated(self, sheet: Sheet) -> Sheet:
        """The sheet with the frames in which its rows changed; those of late come first."""
        before = self._sheets.get(sheet.title)
        if not sheet.ranks or before is None or len(before.rows) != len(sheet.rows):
            return sheet
        dates = before.fresh or (0,) * len(sheet.rows)
        fresh = tuple(
            date if old == new else self._frames for old, new, date in zip(before.rows, sheet.rows, dates, strict=True)
        )
        ranks = tuple(
            FIRST if date and self._frames - date < LATELY else rank
            for rank, date in zip(sheet.ranks, fresh, strict=True)
        )
        return attrs.evolve(sheet, ranks=ranks, fresh=fresh)

    def _shelf(self, shelf: Sequence[str], rows: int, framed: bool) -> Lines:
        frame = FRAME if framed else 0
        needs = [self._extents[title].width + frame for title in shelf]
        places = [_Place(width, rows, framed) for width in spread(needs, self._console.width)]
        columns = [self._table(title, place) for title, place in zip(shelf, places, strict=True)]
        gap = Segment(" " * _BESIDE)
        return [_glued(parts, gap) for parts in zip(*columns, strict=True)]

    def _table(self, title: str, place: _Place) -> Lines:
        sheet = self._sheets[title]
        if title in self._lines:
            before, where, lines = self._lines[title]
            if before is sheet and where == place:
                return lines
        box = ROUNDED.substitute(self._console.options) if place.framed else None
        lines = draw(sheet, place.width, place.rows, box)
        self.rendered[title] += 1
        self._lines[title] = sheet, place, lines
        return lines


def shelved(tables: Iterable[tuple[str, int]], width: int) -> list[list[str]]:
    """Tables (title, width) side by side, in order, as many on a shelf as fit into `width`."""
    shelves: list[list[str]] = []
    left = 0
    for title, need in tables:
        if shelves and need + _BESIDE <= left:
            shelves[-1].append(title)
            left -= need + _BESIDE
        else:
            shelves.append([title])
            left = width - need
    return shelves


def spread(needs: Sequence[int], width: int) -> list[int]:
    """Widths for the tables of one shelf that fill it: what is left over goes to all alike."""
    left = width - sum(needs) - _BESIDE * (len(needs) - 1)
    share, rest = divmod(left, len(needs))
    return [need + share + (1 if i < rest else 0) for i, need in enumerate(needs)]


def fit(rows: Sequence[int], room: int | None) -> tuple[list[int], bool]:
    """How many rows each shelf gets in `room` lines, 0 for one that is left out; and whether tables have frames.

    The last shelf, the log, and the first stay as long as they can.
    """
    if room is None:
        return list(rows), True
    for framed, around in ((True, 3), (False, 1)):
        fitted = _shrunk(rows, room - around * len(rows), FEWEST)
        if sum(fitted) + around * len(fitted) <= room:
            return fitted, framed
    kept = list(range(len(rows)))
    while len(kept) > 2 and sum(1 + min(rows[i], FEWEST) for i in kept) > room:
        del kept[-2]
    left = dict(zip(kept, _shrunk([rows[i] for i in kept], room - len(kept), 1), strict=True))
    return [left.get(i, 0) for i in range(len(rows))], False


def _shrunk(rows: Sequence[int], room: int, fewest: int) -> list[int]:
    """Rows taken from the highest shelf until `room` is enough or all have at most `fewest`."""
    shrunk = list(rows)
    while sum(shrunk) > room and max(shrunk) > fewest:
        shrunk[shrunk.index(max(shrunk))] -= 1
    return shrunk


def _left_out(titles: Sequence[str], room: int) -> Cell:
    names = f"; no room for {', '.join(titles)}"
    return Cell(names if len(names) <= room else f"; no room for {len(titles)} tables", "yellow")


def _glued(parts: Iterable[list[Segment]], gap: Segment) -> list[Segment]:
    def pieces() -> Iterator[Segment]:
        for i, part in enumerate(parts):
            if i:
                yield gap
            yield from part

    return list(pieces())

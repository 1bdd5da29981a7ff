"""Sheets as lines of segments, which is what rich prints.

rich's own tables measure and wrap every cell again at each redraw, which took nine tenths of the time of a frame;
a sheet knows its widths already, so that a cell is only padded or cropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs
from rich.box import Box
from rich.cells import set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from aprt.view.tables.sheet import FRAME, GAP, Cell, Sheet, quiet

Lines: TypeAlias = list[list[Segment]]

_HEAD, _TITLE, _BORDER = "cyan", "bold", "blue"
_CROPPED: Final = ".."  # not an ellipsis, which not every terminal has


@attrs.frozen(eq=False)
class Ready:
    """Lines that are drawn already, as something that rich prints."""

    lines: Lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield from line
            yield Segment.line()


def draw(sheet: Sheet, width: int, rows: int, box: Box | None = None) -> Lines:
    """The table in exactly `width` columns, with `rows` rows below its heads; in a frame if there is a `box`."""
    inner = width - FRAME if box else width
    widths = sheet.fitted(inner)
    heads = tuple(Cell(column.head, _HEAD) for column in sheet.columns)
    shown, more = sheet.cut(rows)
    lines = [_line(sheet, row, widths, inner) for row in (heads, *shown)]
    lines += [text_line([quiet(more)], inner)] if more else []
    lines += [[Segment(" " * inner)]] * (1 + rows - len(lines))
    return lines if box is None else _framed(lines, sheet.title, width, box)


def text_line(cells: Iterable[Cell], width: int) -> list[Segment]:
    """A line of text in exactly `width` columns, cropped where it is longer."""
    segments, room = [], width
    for cell in cells:
        if cell.width > room:
            segments.append(Segment(_sized(cell.plain, room, False), _style(cell.style)))
            return segments
        segments.append(Segment(cell.plain, _style(cell.style)))
        room -= cell.width
    return [*segments, Segment(" " * room)]


def _line(sheet: Sheet, row: tuple[Cell, ...], widths: dict[int, int], width: int) -> list[Segment]:
    segments, room = [], width
    for i, size in widths.items():
        if room < width:
            segments.append(Segment(" " * GAP))
            room -= GAP
        segments.append(Segment(_sized(row[i].plain, size, sheet.columns[i].right), _style(row[i].style)))
        room -= size
    return [*segments, Segment(" " * room)]


def _sized(text: str, size: int, right: bool) -> str:
    length = Cell(text).width
    if length > size:
        return (set_cell_size(text, max(0, size - len(_CROPPED))) + _CROPPED)[:size]
    blanks = " " * (size - length)
    return blanks + text if right else text + blanks


def _framed(lines: Lines, title: str, width: int, box: Box) -> Lines:
    border = _style(_BORDER)
    left, right = Segment(f"{box.mid_left} ", border), Segment(f" {box.mid_right}", border)
    rest = width - Cell(title).width - len("+-  +")
    top = [
        Segment(f"{box.top_left}{box.top} ", border),
        Segment(title, _style(_TITLE)),
        Segment(f" {box.top * rest}{box.top_right}", border),
    ]
    bottom = [Segment(f"{box.bottom_left}{box.bottom * (width - 2)}{box.bottom_right}", border)]
    return [top, *([left, *line, right] for line in lines), bottom]


def _style(style: str) -> Style:
    return Style.parse(style)  # which rich remembers

"""Rows and paragraphs as text, as wide as a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import partial

from aprt.view.columns import WIDTH


def table(rows: Iterable[tuple[str, ...]], wrap: bool = True) -> str:
    """Left-aligned columns, two blanks between; the last one is wrapped at the width of a mail, if at all."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)][:-1]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for *cells, last in rows:
        first, *more = textwrap.wrap(last, max(30, WIDTH - indent) if wrap else 1 + len(last)) or [""]
        head = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines += [f"{head}  {first}".rstrip(), *(" " * indent + line for line in more)]
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> str:
    """Every line at most as wide as a mail; indent: of what goes on in the next line. A command is left as it is."""
    fill = partial(textwrap.fill, width=WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(line if line.lstrip().startswith("aprt ") else fill(line) for line in text.splitlines())

"""Markdown of the generated pages: tables, pages, words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

NOTE: Final = "<!-- Written by docs/generate.py; change the code it reads, then run make docs-tables. -->"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines)


def page(*parts: str) -> str:
    """A page of paragraphs."""
    return "\n\n".join((NOTE, *parts)) + "\n"


def code(several: Iterable[str]) -> str:
    """Code, with commas between."""
    return ", ".join(f"`{word}`" for word in several) or "none"


def flow(text: str) -> str:
    """Lines that were broken for a terminal, as one paragraph."""
    return " ".join(text.split())

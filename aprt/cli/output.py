"""Printing and exit codes, for all commands."""

from __future__ import annotations

import os
import shutil
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from aprt.cli.leaving import INTERRUPTED as INTERRUPTED

if TYPE_CHECKING:
    from aprt.view.paint import Paint

EXITS = MappingProxyType({"HOLDS": 0, "VIOLATED": 1, "NOT FOUND": 3, "INCONCLUSIVE": 3})
USAGE, DIFFERED, UNMET, CRASHED, UNWRITTEN, PIPE = 2, 4, 5, 70, 74, 141
REPORTS = ("junit", "ktap")  # formats of `view.results_text`


def paint(color: str) -> Paint:
    """Colour on stdout: as `--color` says; if that is "auto", as NO_COLOR or FORCE_COLOR say; else on a terminal."""
    from aprt.view.paint import Paint

    if color == "auto" and os.environ.get("NO_COLOR"):
        return Paint(False)
    if color == "auto" and os.environ.get("FORCE_COLOR"):
        return Paint(True)
    return Paint(color == "always" or (color == "auto" and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"))


def columns() -> int | None:
    """How wide a line on stdout may be; None where that is no terminal, and lines stay whole for other programs."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def echo(text: str) -> None:
    """Print data on stdout, colours and all."""
    click.echo(text, color=True)


def remark(text: str) -> None:
    """Print a remark on stderr, in one line."""
    click.echo(f"aprt: {text}", err=True)

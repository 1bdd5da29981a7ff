"""`aprt museum`: bugs that the kernel had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.cases import Registry
from aprt.cli.museum_work import check, hunt, matrix
from aprt.cli.names import ENTRY
from aprt.cli.options import Number, format_option
from aprt.cli.output import columns, echo
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.museum.entry import Entry

_KINDS = ("UAF", "NULL", "LEAK", "CYCLE", "DEADLOCK", "LOST", "STALE", "MISSED", "HANG", "RACE", "LOGIC", "SEC")


@click.group("museum", no_args_is_help=False, short_help="Bugs that the kernel had, and what shows them.")
def command() -> None:
    """Bugs that the kernel had, each by the number or the commit of its fix."""


@command.command("list", short_help="List them, one a line.")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option(
    "--kind", type=click.Choice(_KINDS, case_sensitive=False), metavar="KIND", help=f"One of {', '.join(_KINDS)}."
)
@click.option("--hall", type=Number(1, 5), help="Only this hall.")
@format_option
def list_entries(words: tuple[str, ...], kind: str | None, hall: int | None, form: str) -> int:
    """List them, one a line; with WORDs only those with each of these in title, subject of the fix, or scenario."""
    from aprt.museum.catalogue import HALLS
    from aprt.view.museum_text import entries_json, entries_text

    found: list[Entry] = []
    for room in HALLS:
        if hall in (None, room.number):
            found += (entry for entry in room.entries if entry.has(words) and (kind is None or kind in entry.kinds))
    if not found:
        among = (f" of kind {kind}" if kind else "") + (f" in hall {hall}" if hall else "")
        having = f" that has {' and '.join(map(repr, words))} in title, fix or scenario" if words else ""
        raise UserError(f"there is no entry{among}{having} (aprt museum list shows all)")
    echo(entries_json(found) if form == "json" else entries_text(found, columns()))
    return 0


@command.command("show")
@click.argument("entry", type=ENTRY, metavar="NUMBER|COMMIT")
@format_option
@click.pass_obj
def show_entry(registry: Registry, entry: str, form: str) -> int:
    """Tell the story of a bug, and what to type to see it."""
    from aprt.museum.catalogue import find_entries
    from aprt.view.museum_text import entries_json, entry_text

    found = find_entries(entry)
    eras = registry()
    echo(entries_json(found) if form == "json" else "\n\n\n".join(entry_text(one, eras) for one in found))
    return 0


for _subcommand in (check, hunt, matrix):
    command.add_command(_subcommand)

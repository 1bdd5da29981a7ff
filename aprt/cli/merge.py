"""`aprt merge`: one answer from the shards of a list."""

from __future__ import annotations

from pathlib import Path

import click

from aprt.cli.many import exit_code
from aprt.cli.options import color_option, format_choice
from aprt.cli.output import REPORTS, columns, echo, paint


@click.command("merge", short_help="Put the shards of several explorations together.")
@click.argument("files", type=click.Path(path_type=Path), metavar="FILE...", nargs=-1, required=True)
@format_choice(*REPORTS)
@color_option
def command(files: tuple[Path, ...], form: str, color: str) -> int:
    """Put together what `aprt explore SCENARIO... --shard I/N --format json` wrote, one FILE for each shard.

    Exits as one exploration of all the scenarios would.
    """
    from aprt.view.answers import Answers, merge

    answers = merge([Answers.read(path) for path in files])
    echo(answers.told(form, columns(), paint(color)))
    return exit_code(answers)

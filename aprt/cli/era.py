"""`aprt era`: the kernels that the model follows."""

from __future__ import annotations

import click

from aprt.cli.cases import Registry
from aprt.cli.names import ERA
from aprt.cli.options import format_option
from aprt.cli.output import columns, echo


@click.group("era", no_args_is_help=False)
def command() -> None:
    """The kernels that the model follows."""


@command.command("list")
@format_option
@click.pass_obj
def list_eras(registry: Registry, form: str) -> int:
    """List them, with their scenarios and switches."""
    from aprt.view.catalogue import eras_json, eras_text

    echo(eras_json(registry()) if form == "json" else eras_text(registry(), columns()))
    return 0


@command.command("show")
@click.argument("era", type=ERA, metavar="ERA")
@click.option("--functions", is_flag=True, help="Instead, the functions of its driver that a patch can replace.")
@format_option
@click.pass_obj
def show_era(registry: Registry, era: str, functions: bool, form: str) -> int:
    """Show what one brings that the one before it did not have."""
    from aprt.verdict.lookup import find_era
    from aprt.view.era_text import news, news_json, news_text
    from aprt.view.functions_text import functions_json, functions_text

    eras = registry()
    found = find_era(era, eras)
    if functions:
        echo(functions_json(found) if form == "json" else functions_text(found))
        return 0
    changes = news(found.name, eras)
    echo(news_json(changes) if form == "json" else news_text(changes))
    return 0

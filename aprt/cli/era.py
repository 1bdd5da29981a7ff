"""`aprt era`: the kernels that the model follows."""

from __future__ import annotations

import click

from aprt.cli.cases import Registry
from aprt.cli.names import ERA
from aprt.cli.options import format_option
from aprt.cli.output import echo


@click.group("era", no_args_is_help=False)
def command() -> None:
    """The kernels that the model follows."""


@command.command("list")
@format_option
@click.pass_obj
def list_eras(registry: Registry, form: str) -> int:
    """List them, with their scenarios and switches."""
    from aprt.view.catalogue import eras_json, eras_text

    echo(eras_json(registry()) if form == "json" else eras_text(registry()))
    return 0


@command.command("show")
@click.argument("era", type=ERA, metavar="ERA")
@format_option
@click.pass_obj
def show_era(registry: Registry, era: str, form: str) -> int:
    """Show what one brings that the one before it did not have."""
    from aprt.verdict.case import find_era
    from aprt.view.era_text import news, news_json, news_text

    eras = registry()
    found = news(find_era(era, eras).name, eras)
    echo(news_json(found) if form == "json" else news_text(found))
    return 0

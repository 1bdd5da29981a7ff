"""`aprt era`: the kernels that the model follows."""

from __future__ import annotations

import click

from aprt.cli.options import Registry, echo, format_option


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

"""`aprt property`: the numbered claims."""

from __future__ import annotations

import click

from aprt.cli.cases import Registry
from aprt.cli.names import ERA, PROPERTY
from aprt.cli.options import format_option
from aprt.cli.output import columns, echo

era_option = click.option("--era", type=ERA, metavar="ERA", help="As this era states them.  [default: the first]")


@click.group("property", no_args_is_help=False)
def command() -> None:
    """The numbered claims that are checked."""


@command.command("list")
@era_option
@format_option
@click.pass_obj
def list_properties(registry: Registry, era: str | None, form: str) -> int:
    """List them, one a line."""
    from aprt.verdict.claims import claims, outlined
    from aprt.view.catalogue import claims_json, claims_text

    eras = registry()
    if form == "json":
        echo(claims_json(claims(eras, era)))
    else:
        echo(claims_text(outlined(eras) if era is None else claims(eras, era), columns()))
    return 0


@command.command("show", short_help="Say what it claims, and which scenarios check it.")
@click.argument("id", type=PROPERTY, metavar="ID")
@era_option
@format_option
@click.pass_obj
def show_property(registry: Registry, id: str, era: str | None, form: str) -> int:
    """Say what it claims, and which scenarios check it by themselves.

    With --era, as JSON, and where no scenario does: also which others can check it when --property asks for it.
    """
    from aprt.verdict.claims import claims, find_claim, outlined
    from aprt.view.catalogue import claim_text, claims_json

    eras = registry()
    outline = find_claim(id, outlined(eras)) if era is None and form == "text" else None
    if outline is not None and outline.default:
        echo(claim_text(outline, list(eras)))
        return 0
    found = find_claim(id, claims(eras, era))
    echo(claims_json([found]) if form == "json" else claim_text(found, list(eras)))
    return 0

"""`aprt scenario`: the situations that can be explored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.cases import Registry
from aprt.cli.gathered import case_options
from aprt.cli.names import ERA, PROPERTY
from aprt.cli.options import format_option
from aprt.cli.output import columns, echo
from aprt.cli.scenario_file import new_scenario

if TYPE_CHECKING:
    from aprt.verdict.case import Case


@click.group("scenario", no_args_is_help=False)
def command() -> None:
    """The situations that can be explored."""


command.add_command(new_scenario)


@command.command("list", short_help="List them, one a line.")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--era", type=ERA, metavar="ERA", help="Only this one.")
@click.option("--property", "id", type=PROPERTY, metavar="ID", help="Only those that check it without being asked.")
@format_option
@click.pass_obj
def list_scenarios(registry: Registry, words: tuple[str, ...], era: str | None, id: str | None, form: str) -> int:
    """List them, one a line; with WORDs only those that have each of these in their name or title."""
    from aprt.verdict.lookup import find_era, listed
    from aprt.view.catalogue import scenarios_json, scenarios_text

    eras = registry()
    found = listed([find_era(era, eras)] if era is not None else eras.values(), words, id)
    echo(scenarios_json(found) if form == "json" else scenarios_text(found, columns()))
    return 0


@command.command("show", short_help="Say what races with what, and what can be switched.")
@case_options(metavar="SCENARIO")
@format_option
@click.pass_obj
def show_scenario(registry: Registry, case: Case, form: str) -> int:
    """Say what races with what, what is checked, what can be switched, and what the eras before and after have."""
    from aprt.view.catalogue import scenario_json, scenario_text
    from aprt.view.era_text import neighbours

    beside = neighbours(case.era.name, registry())
    echo(scenario_json(case, beside) if form == "json" else scenario_text(case, beside))
    return 0

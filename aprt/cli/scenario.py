"""`aprt scenario`: the situations that can be explored."""

from __future__ import annotations

import click

from aprt.cli.names import ERA
from aprt.cli.options import (
    Registry,
    echo,
    era_option,
    find_case,
    format_option,
    scenario_argument,
    switch_options,
)
from aprt.cli.scenario_file import new_scenario


@click.group("scenario", no_args_is_help=False)
def command() -> None:
    """The situations that can be explored."""


command.add_command(new_scenario)


@command.command("list")
@click.option("--era", type=ERA, metavar="ERA", help="Only this one.")
@format_option
@click.pass_obj
def list_scenarios(registry: Registry, era: str | None, form: str) -> int:
    """List them, one a line."""
    from aprt.verdict.case import find_era
    from aprt.view.catalogue import scenarios_json, scenarios_text

    eras = registry()
    chosen = [find_era(era, eras)] if era is not None else list(eras.values())
    echo(scenarios_json(chosen) if form == "json" else scenarios_text(chosen))
    return 0


@command.command("show")
@scenario_argument
@era_option
@switch_options
@format_option
@click.pass_obj
def show_scenario(
    registry: Registry,
    scenario: str,
    era: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    form: str,
) -> int:
    """Say what races with what, what is checked, what can be switched, and what the eras before and after have."""
    from aprt.view.catalogue import scenario_json, scenario_text
    from aprt.view.era_text import neighbours

    case = find_case(registry, scenario, era, put_in, taken_out)
    beside = neighbours(case.era.name, registry())
    echo(scenario_json(case, beside) if form == "json" else scenario_text(case, beside))
    return 0

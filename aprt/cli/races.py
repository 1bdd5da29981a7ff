"""`aprt races`: which races of a scenario matter."""

from __future__ import annotations

import click

from aprt.cli.interrupts import Interrupts
from aprt.cli.options import (
    EXITS,
    INTERRUPTED,
    Registry,
    color_option,
    echo,
    era_option,
    find_case,
    format_option,
    paint,
    property_option,
    scenario_argument,
    switch_options,
)


@click.command("races", short_help="Tell which races matter: harmful, order only, benign.")
@scenario_argument
@era_option
@switch_options
@property_option
@click.option("--max-states", type=click.IntRange(min=1), help="Give up after so many states.  [100000]")
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    scenario: str,
    era: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    properties: tuple[str, ...],
    max_states: int | None,
    form: str,
    color: str,
) -> int:
    """Take every two conflicting steps of SCENARIO in both orders, wherever that is possible, and compare the outcomes.

    A race is harmful when it depends on the order what can be violated, or whether it can end without that; a matter of
    order only when just the values in the end do; else benign. All but benign ones come with an execution for either
    order. Two steps conflict when they are messages of two contexts to one actor and one of them changes it. Exits with
    0 when all states were searched, else with 3.
    """
    with Interrupts() as interrupts:
        from aprt.verdict.races import STATES, races
        from aprt.view.races_text import races_json, races_text

        case = find_case(registry, scenario, era, put_in, taken_out)
        found = races(case, properties, STATES if max_states is None else max_states, interrupts.allowed)
        echo(races_json(found) if form == "json" else races_text(found, paint(color)))
        if interrupts.pending:
            return INTERRUPTED
        return EXITS["HOLDS" if found.complete else "INCONCLUSIVE"]

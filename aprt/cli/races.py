"""`aprt races`: which races of a scenario matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.gathered import case_options, with_interrupts
from aprt.cli.options import Number, budget_option, color_option, format_option, property_option
from aprt.cli.output import EXITS, INTERRUPTED, echo, paint

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.verdict.case import Case


@click.command("races", short_help="Tell which races matter: harmful, order only, benign.")
@with_interrupts
@case_options(metavar="SCENARIO")
@property_option
@click.option("--max-states", type=Number(min=1), help="Give up after so many states.  [100000]")
@budget_option
@format_option
@color_option
def command(
    case: Case,
    properties: tuple[str, ...],
    max_states: int | None,
    budget: float | None,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Take every two conflicting steps of SCENARIO in both orders, wherever that is possible, and compare the outcomes.

    Two steps conflict when they are messages of two contexts to one actor and one of them changes it. Such a race is
    harmful when the order decides what can be violated, or whether an execution can end without a violation; order
    only when it decides just the values at the end; benign when it decides nothing. It is inevitable when something is
    always violated, whatever the order, so that nothing shows it to be harmless. Harmful and order-only races come with
    an execution for either order.

    Exits with 0 when all states were searched, whatever was found (harmful= in the last line), else with 3.
    """
    from aprt.verdict.races import STATES, races
    from aprt.view.races_text import races_json, races_text

    found = races(case, properties, STATES if max_states is None else max_states, interrupts.allowed, budget)
    echo(races_json(found) if form == "json" else races_text(found, paint(color)))
    if found.stopped == "interrupted":
        return INTERRUPTED
    return EXITS["HOLDS" if found.complete else "INCONCLUSIVE"]

"""`aprt locks`: the order in which a scenario takes locks, against the one that its kernel documents."""

from __future__ import annotations

import click

from aprt.cli.interrupts import Interrupts
from aprt.cli.names import SCENARIO
from aprt.cli.options import (
    EXITS,
    INTERRUPTED,
    Registry,
    bound_options,
    bounds,
    case_finder,
    changed_case,
    color_option,
    echo,
    era_option,
    find_case,
    format_option,
    paint,
    scenario_argument,
    switch_options,
)


@click.command("locks", short_help="Tell the lock order, documented and observed.")
@scenario_argument
@era_option
@switch_options
@click.option(
    "--compare",
    type=SCENARIO,
    metavar="VARIANT",
    help="Tell what it adds and removes: a reference, with=SWITCH or without=SWITCH.",
)
@click.option("--dot", is_flag=True, help="As a graph for graphviz.")
@bound_options
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    scenario: str,
    era: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    compare: str | None,
    dot: bool,
    max_states: int | None,
    max_depth: int | None,
    budget: float | None,
    form: str,
    color: str,
) -> int:
    """Search all states of SCENARIO for locks that are asked for while others are held.

    Marked with ! is what contradicts the document, with ? what it says nothing of. Who makes an edge is told by
    context and function; of one that a change adds, which cycle it closes. Exits with 0 when the search was complete,
    else with 3.
    """
    with Interrupts() as interrupts:
        from aprt.cli.progress import ProgressLine
        from aprt.verdict.locks import locks
        from aprt.view.locks_text import locks_dot, locks_json, locks_text

        if dot and form == "json":
            raise click.UsageError("--dot and --format json cannot be combined")
        cases = [find_case(registry, scenario, era, put_in, taken_out)]
        if compare is not None:
            change = compare.startswith(("with=", "without="))
            way, _, switch = compare.partition("=")
            cases.append(
                changed_case(registry, cases[0], [(way, switch)]) if change else case_finder(registry)(compare)
            )
        progress = ProgressLine()
        limits = bounds(max_states, max_depth, budget)
        found = [locks(case, limits, progress, interrupts.allowed) for case in cases]
        progress.close(found[0].exploration)
        first, changed = found[0], found[1] if compare else None
        if dot:
            echo(locks_dot(first, changed))
        else:
            echo(locks_json(first, changed) if form == "json" else locks_text(first, changed, paint(color)))
        if any(one.exploration.stopped == "interrupted" for one in found):
            return INTERRUPTED
        return EXITS["HOLDS" if all(one.exploration.complete for one in found) else "INCONCLUSIVE"]

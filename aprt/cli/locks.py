"""`aprt locks`: the order in which a scenario takes locks, against the one that its kernel documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.cases import Registry, case_finder, changed_case
from aprt.cli.gathered import bound_options, case_options, with_interrupts
from aprt.cli.names import SCENARIO
from aprt.cli.options import color_option, format_option
from aprt.cli.output import EXITS, INTERRUPTED, echo, paint
from aprt.core.errors import UserError

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case
    from aprt.verdict.locks import Locks


@click.command("locks", short_help="Tell the lock order, documented and observed.")
@with_interrupts
@case_options(metavar="SCENARIO")
@click.option(
    "--compare",
    type=SCENARIO,
    metavar="VARIANT",
    help="Show which edges a variant adds and removes: a reference, with=SWITCH or without=SWITCH.",
)
@click.option("--dot", is_flag=True, help="As a graph for graphviz.")
@bound_options
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    case: Case,
    compare: str | None,
    dot: bool,
    limits: Bounds,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search all states of SCENARIO for locks that are asked for while others are held.

    Each such edge has the context and the function that make it. An edge is marked with ! where it contradicts the
    documented order, and with ? where the document says nothing of it; an edge that a change adds (--compare) has the
    cycle that it closes. Where interrupt handlers take locks, these are listed, and what is held elsewhere with such
    interrupts on. An execution that ends early, at a use after free for example, is observed up to there: unasked= in
    the last line names what ends it.

    Exits with 0 when the search was complete, whatever it found (cycle= in the last line; ? is none so far), else with
    3. To judge the order, ask aprt explore SCENARIO --property P20.
    """
    from aprt.view.locks_text import locks_dot, locks_json, locks_text

    if dot and form == "json":
        raise click.UsageError("--dot and --format json cannot be combined")
    cases = [case] if compare is None else [case, _variant(registry, case, compare)]
    found = [_search(one, limits, interrupts) for one in cases]
    first, changed = found[0], found[1] if compare else None
    if dot:
        echo(locks_dot(first, changed))
    else:
        echo(locks_json(first, changed) if form == "json" else locks_text(first, changed, paint(color)))
    if interrupts.pending and any(map(_may_be_cut, found)):
        return INTERRUPTED
    return EXITS["HOLDS" if all(one.complete for one in found) else "INCONCLUSIVE"]


def _search(case: Case, limits: Bounds, interrupts: Interrupts) -> Locks:
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.locks import locks
    from aprt.view.locks_text import searched

    with ProgressLine() as progress:
        found = locks(case, limits, progress, interrupts.allowed)
        progress.sum_up(searched(found))
    return found


def _may_be_cut(found: Locks) -> bool:
    """Whether the search, or that for a real cycle, is incomplete, as it is when Ctrl-C ended it."""
    real = None if found.realised is None else found.realised.found
    return not found.complete or (real is not None and real.schedule is None and not real.complete)


def _variant(registry: Registry, case: Case, compare: str) -> Case:
    """The case to compare with: that of a reference, or the same one with a switch changed."""
    way, equals, switch = compare.partition("=")
    if equals and way in ("with", "without"):
        return changed_case(registry, case, [(way, switch)])
    try:
        return case_finder(registry)(compare)
    except UserError as error:
        raise UserError(f"--compare takes with=SWITCH, without=SWITCH or a scenario, and {error}") from None

"""`aprt diff`: what a change does to the outcomes of a scenario, or of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from aprt.cli.cases import Registry, case_finder, find_pairs
from aprt.cli.gathered import Sharing, bound_options, crew_options, with_interrupts
from aprt.cli.names import SCENARIO_OR_ERA
from aprt.cli.options import color_option, format_option, property_option
from aprt.cli.output import EXITS, INTERRUPTED, columns, echo, paint

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case


@click.command("diff", short_help="Compare the outcomes of two variants or eras.")
@with_interrupts
@click.argument("before", type=SCENARIO_OR_ERA, metavar="BEFORE")
@click.argument("after", type=SCENARIO_OR_ERA, metavar="AFTER")
@property_option
@bound_options
@crew_options
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    before: str,
    after: str,
    properties: tuple[str, ...],
    limits: Bounds,
    sharing: Sharing,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search BEFORE and AFTER, two references such as 6.12/kill-qemu and 2026/kill-qemu, and compare what they violate.

    For every property, for deadlocks, and for violations that end executions early it shows what is removed, added or
    unchanged, with the smallest schedule, and the step at which the other side does something else. Where both sides
    violate a property in different ways, each has its schedule. A violation that is gone because no step of AFTER is
    about the property counts as never exercised, and not as removed.

    Of two eras, or two patterns such as '6.12/kill*' and '2026/kill*', scenarios with the same name are compared. There
    is a line for each in which the answer differs.

    Exits with 1 when something is added, else with 3 when a search was not complete, else with 0.
    """
    pairs, several = find_pairs(registry, before, after)
    if several:
        return tell_differences(registry, pairs, properties, limits, sharing, form, color, interrupts)
    for option, given in (("--jobs", sharing.jobs > 1), ("--cluster", sharing.cluster)):
        if given:
            raise click.UsageError(f"{option}: for eras and patterns, not for one scenario")
    return tell_difference(*pairs[0], properties, limits, form, color, interrupts)


def tell_difference(
    before: Case,
    after: Case,
    properties: tuple[str, ...],
    limits: Bounds,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search both, print what is different, and give the exit code."""
    from aprt.verdict.difference import difference
    from aprt.view.difference_text import difference_json, difference_text

    found = difference(before, after, properties, limits, interruptible=interrupts.allowed)
    echo(difference_json(found) if form == "json" else difference_text(found, paint(color)))
    if found.before.interrupted or found.after.interrupted:
        return INTERRUPTED
    return _code(worse=found.standing == "worse", complete=found.complete)


def tell_differences(
    registry: Registry,
    pairs: Sequence[tuple[Case, Case]],
    properties: tuple[str, ...],
    limits: Bounds,
    sharing: Sharing,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search both cases of each pair, print the pairs that differ, and give the exit code."""
    from aprt.cli.progress import ProgressLine
    from aprt.verdict.many import compare_many
    from aprt.view.difference_text import difference_object
    from aprt.view.differences import Differences

    found = Differences(tuple((str(before), str(after)) for before, after in pairs), ids=properties, bounds=limits)
    try:
        with ProgressLine() as progress, sharing.crew() as workers, interrupts.allowed:
            find = case_finder(registry)
            for pair, answer in compare_many(found.asked, find, properties, limits, difference_object, workers):
                found = found.add({pair: answer})
                progress.tell(f"{len(found.given)} of {len(found.asked)} scenarios")
    except KeyboardInterrupt:
        pass
    echo(found.told(form, columns(), paint(color)))
    if found.left:
        return INTERRUPTED
    return _code("worse" in found.standings, all(answer["complete"] for answer in found.ordered))


def _code(worse: bool, complete: bool) -> int:
    return EXITS["VIOLATED" if worse else "HOLDS" if complete else "INCONCLUSIVE"]

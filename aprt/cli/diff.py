"""`aprt diff`: what a change does to the outcomes of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.cases import Registry, case_finder
from aprt.cli.gathered import bound_options, with_interrupts
from aprt.cli.names import SCENARIO
from aprt.cli.options import color_option, format_option, property_option
from aprt.cli.output import EXITS, INTERRUPTED, echo, paint

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.explore.result import Bounds
    from aprt.verdict.case import Case


@click.command("diff", short_help="Compare the outcomes of two variants or eras.")
@with_interrupts
@click.argument("before", type=SCENARIO, metavar="BEFORE")
@click.argument("after", type=SCENARIO, metavar="AFTER")
@property_option
@bound_options
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    before: str,
    after: str,
    properties: tuple[str, ...],
    limits: Bounds,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Search BEFORE and AFTER, two references such as 6.12/kill-qemu and 2026/kill-qemu, and tell them apart.

    For every property, and for deadlocks: what is removed, added, unchanged, with the smallest schedule that shows it,
    and where that leaves what the other side can do; of what is violated otherwise than before, one of each side. What
    is gone because no step of AFTER is about it counts as never exercised, and not as removed. Exits with 0 when both
    were searched to the end, whatever is different (removed=, added= in the last line), else with 3.
    """
    for text in (before, after):
        if "*" in text:
            raise click.UsageError(f"diff compares two scenarios: name one on each side, not {text!r}")
    find = case_finder(registry)
    return tell_difference(find(before), find(after), properties, limits, form, color, interrupts)


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
    return EXITS["HOLDS" if found.complete else "INCONCLUSIVE"]

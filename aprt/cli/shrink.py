"""`aprt shrink`: the smallest schedule that fails like a given one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aprt.cli.gathered import recording_options, with_interrupts
from aprt.cli.options import Duration, Number, any_property_option, color_option, format_option, schedule_option
from aprt.cli.output import INTERRUPTED, echo, paint, remark

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.verdict.tokens import Recording


@click.command("shrink", short_help="Make a failing schedule as small as it gets.")
@with_interrupts
@recording_options
@any_property_option
@click.option("--max-states", type=Number(min=0), help="Settle for 1-minimal after so many states.")
@click.option("--budget", type=Duration(), help="Settle for 1-minimal at half of it, and stop at its end: 10s, 500ms.")
@schedule_option("Write the smaller schedule.")
@format_option
@color_option
def command(
    recording: Recording,
    properties: tuple[str, ...],
    max_states: int | None,
    budget: float | None,
    schedule: Path | None,
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Find the smallest schedule that fails like that of TOKEN, of a saved FILE, or of a BUG (B8, or its commit).

    Smaller means fewer preemptions, then fewer steps, then fewer switches of the context. The result is "optimal" when
    no smaller one fails alike. Where looking for that takes too much (--max-states, --budget) it is "1-minimal": no
    single cut or move makes it smaller; or "stopped", when the budget was spent, or you pressed Ctrl-C, before all of
    those were tried.
    """
    from aprt.explore.failures.minimal import LIMIT
    from aprt.verdict.shrink import shrink_recording
    from aprt.verdict.tokens import save
    from aprt.view.commands import quoted
    from aprt.view.shrink_text import shrink_json, shrink_text

    states = LIMIT if max_states is None else max_states
    shrunk = shrink_recording(recording, properties, states, budget, interrupts.allowed)
    echo(shrink_json(shrunk) if form == "json" else shrink_text(shrunk, paint(color)))
    if schedule is not None:
        save(schedule, recording.case, shrunk.finding.schedule)
        remark(f"the schedule is in {schedule}; aprt replay {quoted(schedule)}")
    return INTERRUPTED if interrupts.pending and shrunk.minimal.claim == "stopped" else 0

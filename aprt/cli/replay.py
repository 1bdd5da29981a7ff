"""`aprt replay`: run one schedule on trio, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.gathered import recording_options, with_interrupts
from aprt.cli.options import any_property_option, color_option, detect_option, detectors, format_option
from aprt.cli.output import EXITS, INTERRUPTED, echo, paint

if TYPE_CHECKING:
    from aprt.cli.interrupts import Interrupts
    from aprt.verdict.tokens import Recording


@click.command("replay", short_help="Run one schedule on trio.")
@with_interrupts
@recording_options
@any_property_option
@detect_option
@format_option
@color_option
def command(
    recording: Recording,
    properties: tuple[str, ...],
    detect: tuple[str, ...],
    form: str,
    color: str,
    interrupts: Interrupts,
) -> int:
    """Run the schedule of TOKEN, of a saved FILE, or of a BUG of the museum (B8, or its commit), on trio.

    Without --property all that the scenario can check are. With --with or --without the same schedule is tried on
    a changed model. Of a use after free that detectors call possible the other order is searched for. Exits with 1
    when a property is violated, 0 when none is, 4 when the schedule does not fit.
    """
    from aprt.detect.detectors import Detectors
    from aprt.verdict.confirm import both
    from aprt.verdict.predicted import predicted
    from aprt.verdict.verdict import selected
    from aprt.view.execution_json import execution_json
    from aprt.view.replay_text import replay_text

    chosen = selected(recording.case, recording.model, properties or ("all",))
    kinds = detectors(detect)
    heard = Detectors(recording.model.system, kinds)
    execution = both(recording.model.system, recording.schedule, chosen, (heard,) if kinds else ())
    detected = predicted(recording.case, recording.model.system, heard.found, interruptible=interrupts.allowed)
    if form == "json":
        echo(execution_json(recording, execution, detected=detected if kinds else None))
    else:
        echo(replay_text(recording, execution, chosen, detected, paint(color)))
    if any(one.cut for one in detected):
        return INTERRUPTED
    return EXITS["VIOLATED" if execution.findings else "HOLDS"]

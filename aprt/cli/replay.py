"""`aprt replay`: run one schedule on trio, step by step."""

from __future__ import annotations

import click

from aprt.cli.interrupts import Interrupts
from aprt.cli.names import TOKEN
from aprt.cli.options import (
    INTERRUPTED,
    Registry,
    case_finder,
    color_option,
    detect_option,
    detectors,
    echo,
    format_option,
    paint,
    property_option,
    switch_options,
)


@click.command("replay", short_help="Run one schedule on trio.")
@click.argument("token", type=TOKEN, metavar="TOKEN|FILE")
@switch_options
@property_option
@detect_option
@format_option
@color_option
@click.pass_obj
def command(
    registry: Registry,
    token: str,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    properties: tuple[str, ...],
    detect: tuple[str, ...],
    form: str,
    color: str,
) -> int:
    """Run the schedule of TOKEN, or of a saved FILE, on trio.

    Without --property all that the scenario can check are. With --with or --without the same schedule is tried on
    a changed model. Exits with 1 when a property is violated, 0 when none is, 4 when the schedule does not fit.
    """
    with Interrupts() as interrupts:
        from aprt.detect.detectors import Detectors
        from aprt.verdict.confirm import both
        from aprt.verdict.tokens import resolve
        from aprt.verdict.verdict import selected
        from aprt.view.replay_text import replay_text
        from aprt.view.verdict_json import execution_json

        recording = resolve(token, case_finder(registry, put_in, taken_out))
        chosen = selected(recording.case, recording.model, properties or ("all",))
        kinds = detectors(detect)
        heard = Detectors(recording.model.system, kinds)
        execution = both(recording.model.system, recording.schedule, chosen, (heard,) if kinds else ())
        if form == "json":
            echo(execution_json(recording, execution, detected=heard.found if kinds else None))
        else:
            echo(replay_text(recording, execution, chosen, heard.found, paint(color)))
        if interrupts.pending:
            return INTERRUPTED
        return 1 if execution.findings else 0

"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

import click

from aprt.cli.names import TOKEN
from aprt.cli.options import Registry, case_finder, echo, format_option, switch_options


@click.command("explain", short_help="Show a schedule as columns.")
@click.argument("token", type=TOKEN, metavar="TOKEN|FILE")
@click.option("--as", type=click.Choice(["columns"]), default="columns", expose_value=False, help="Shape of the text.")
@switch_options
@format_option
@click.pass_obj
def command(registry: Registry, token: str, put_in: tuple[str, ...], taken_out: tuple[str, ...], form: str) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    Columns are at most 75 letters wide, one for each context, ready for a mail or a commit message: functions and
    locks as the kernel names them, what is held by whoever stands aside, and a mark where a property breaks.
    """
    from aprt.explore.replay import replay
    from aprt.verdict.tokens import resolve, token_of
    from aprt.view.columns import WIDTH, columns
    from aprt.view.replay_text import at_last_step
    from aprt.view.verdict_json import execution_json

    recording = resolve(token, case_finder(registry, put_in, taken_out))
    execution = replay(recording.model.system, recording.schedule, recording.model.properties)
    if form == "json":
        echo(execution_json(recording, execution))
    else:
        lines = columns(execution.events, at_last_step(execution))
        known = token_of(recording.case, recording.model.system, recording.schedule)
        again = f"reproduce   aprt replay {known}"
        lines += ["", again] if known and len(again) <= WIDTH else []
        echo("\n".join([f"{recording.case}", recording.case.scenario.title, "", *lines]))
    return 0

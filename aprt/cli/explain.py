"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

import click

from aprt.cli.options import Registry, case_finder, echo, switch_options


@click.command("explain", short_help="Show a schedule as columns.")
@click.argument("token", metavar="TOKEN|FILE")
@click.option("--as", "shape", type=click.Choice(["columns", "json"]), default="columns", help="What it looks like.")
@switch_options
@click.pass_obj
def command(registry: Registry, token: str, shape: str, put_in: tuple[str, ...], taken_out: tuple[str, ...]) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    Columns are at most 75 letters wide, one for each context, as in a mail to a kernel list.
    """
    from aprt.explore.replay import replay
    from aprt.verdict.tokens import resolve
    from aprt.view.columns import columns
    from aprt.view.replay_text import at_last_step
    from aprt.view.verdict_json import execution_json

    recording = resolve(token, case_finder(registry, put_in, taken_out))
    execution = replay(recording.model.system, recording.schedule, recording.model.properties)
    if shape == "json":
        echo(execution_json(recording, execution))
    else:
        lines = columns(execution.events, at_last_step(execution))
        echo("\n".join([f"{recording.case}", recording.case.scenario.title, "", *lines]))
    return 0

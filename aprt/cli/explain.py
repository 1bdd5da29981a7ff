"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from aprt.cli.gathered import recording_options
from aprt.cli.options import any_property_option, format_option
from aprt.cli.output import echo, remark

if TYPE_CHECKING:
    from aprt.verdict.tokens import Recording

_SHAPES = ("columns", "lockdep", "kasan", "kcsan", "refcount", "hungtask", "leak", "story", "table", "json")


@click.command("explain", short_help="Show a schedule as columns, or as a report of the kernel's.")
@recording_options
@click.option("--as", "shape", type=click.Choice(_SHAPES), help="Shape of the text.  [by the kind of finding]")
@click.option("--brief", is_flag=True, help="Of columns only functions, choices, and each last step before a switch.")
@any_property_option
@format_option
def command(recording: Recording, shape: str | None, brief: bool, properties: tuple[str, ...], form: str) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    A BUG of the museum (B8, or a commit of its fix) is looked for first.

    A finding is told as the kernel's own checker would: a cycle of locks as lockdep does, a use after free as
    KASAN, a data race as KCSAN; a reference count, a task that hangs, what leaks: in lines as long as the kernel's.
    Else, or with --as columns, it is told in columns, one for each context, at most 75 letters wide: functions and
    locks as the kernel names them, what is held by whoever stands aside, and a mark where a property breaks. --as
    story tells it in plain words. A data race is shown with both its sides (the one access without its lock by --as
    lockdep), a hang to where it stays. A report of the kernel's that does not fit the finding is refused.
    --property says which finding, where a schedule shows several; where it does not break that, it is said what it
    breaks instead. Of a schedule without a finding --as lockdep tells what it shows of a circle in the lock order,
    if anything.

    Below stands why it fails: the smallest schedule that fails alike, which order of two steps decides, and which
    orders and choices all executions have that fail like this, as far as a search of some seconds tells. Of what goes
    on for ever: who goes round or waits, and what would end it and does not come. Of a data race: what leads to where
    either access can be next. Of a cycle in the lock order: whether contexts can come to wait for each other like that.
    """
    from aprt.verdict.telling import explained_execution, instead
    from aprt.view.execution_json import execution_json
    from aprt.view.reports.explanation import explanation, reason_of, told_in_columns

    if brief and shape not in (None, "columns"):
        raise click.UsageError(f"--brief is for columns, not for --as {shape}")
    execution = explained_execution(recording, properties)
    if "json" in (form, shape):
        echo(execution_json(recording, execution, why=reason_of(recording, execution)))
    else:
        others = instead(recording, properties, execution)
        echo(explanation(recording, execution, shape, instead=others, brief=brief))
        if shape is None and not brief and not told_in_columns(recording, execution):
            remark(f"the schedule: {_typed()} --as columns, or --as story")
    return 0


def _typed() -> str:
    """The command that runs, apart from how it shows the schedule."""
    given = click.get_current_context().params
    named = {"--with": given["put_in"], "--without": given["taken_out"], "--property": given["properties"]}
    options = [word for option, values in named.items() for value in values for word in (option, value)]
    return shlex.join(["aprt", "explain", given["token"], *options])

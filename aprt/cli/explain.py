"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aprt.cli.gathered import recording_options
from aprt.cli.options import any_property_option, format_option
from aprt.cli.output import columns, echo

if TYPE_CHECKING:
    from aprt.verdict.tokens import Recording

_SHAPES = ("columns", "lockdep", "kasan", "kcsan", "refcount", "hungtask", "leak", "story", "table")


@click.command("explain", short_help="Show a schedule as columns, or as a report of the kernel's.")
@recording_options
@click.option("--as", "shape", type=click.Choice(_SHAPES), help="Shape of the text.  [by the kind of finding]")
@click.option("--brief", is_flag=True, help="In columns, only functions, choices, and each last step before a switch.")
@any_property_option
@format_option
def command(recording: Recording, shape: str | None, brief: bool, properties: tuple[str, ...], form: str) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    For a BUG of the museum (B8, or the commit of its fix) such a schedule is searched for first.

    A finding that a checker of the kernel would report is shown as that report, in lines as long as the kernel's: a
    cycle of locks (lockdep), a use after free (kasan), a data race (kcsan), a reference count (refcount), a task that
    hangs (hungtask), a leak (leak). A report that does not fit the finding is refused. Of a data race --as lockdep
    shows the one access that has not its lock; of a schedule without a finding, what it shows of a cycle in the lock
    order, if anything. Offsets, as in handle_pqap+0x7/0xb, count lines of the function's body in the model.

    Other findings, and all with --as columns, are shown in columns, one for each context, at most 75 letters wide:
    functions and locks as the kernel names them, the locks that a context holds while others run, and a mark where a
    property breaks. A data race is shown with both its accesses, a hang up to where it stays. --as story tells a
    finding in plain words, in some eight lines: the numbers of turns skip those that are left out. --as table has a row
    for each step, with what is held after it, as wide as the terminal, and 100 letters elsewhere.

    --property chooses one of several findings. Where the schedule does not break that property, what it does break is
    said instead.

    Below stands why the schedule fails: the smallest one that fails alike, which order of two steps decides, and what
    all executions that fail like this have in common, as far as a search of some seconds tells. For what goes on for
    ever: who goes round or waits, and what would end it and does not come. For a data race: what leads to a state in
    which either access can be next. For a cycle in the lock order: whether contexts can really come to wait for each
    other.
    """
    from aprt.verdict.telling import explained_execution, instead
    from aprt.view.execution_json import execution_json
    from aprt.view.reports.explanation import explanation, reason_of
    from aprt.view.reports.table import WIDE

    if brief and shape not in (None, "columns"):
        raise click.UsageError(f"--brief is for columns, not for --as {shape}")
    if form == "json" and (brief or shape):
        raise click.UsageError(f"--format json has everything: leave out {f'--as {shape}' if shape else '--brief'}")
    execution = explained_execution(recording, properties)
    if form == "json":
        echo(execution_json(recording, execution, why=reason_of(recording, execution)))
    else:
        others = instead(recording, properties, execution)
        width = columns() or WIDE
        echo(explanation(recording, execution, shape, instead=others, brief=brief, width=width))
    return 0

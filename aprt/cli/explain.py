"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

import click

from aprt.cli.names import TOKEN
from aprt.cli.options import Registry, case_finder, echo, format_option, property_option, switch_options

_SHAPES = ("columns", "lockdep", "kasan", "kcsan", "refcount", "hungtask", "leak", "story", "table", "json")


@click.command("explain", short_help="Show a schedule as columns, or as a report of the kernel's.")
@click.argument("token", type=TOKEN, metavar="TOKEN|FILE")
@click.option("--as", "shape", type=click.Choice(_SHAPES), help="Shape of the text.  [by the kind of finding]")
@click.option("--brief", is_flag=True, help="Of columns only functions, choices, and each last step before a switch.")
@switch_options
@property_option
@format_option
@click.pass_obj
def command(
    registry: Registry,
    token: str,
    shape: str | None,
    brief: bool,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    properties: tuple[str, ...],
    form: str,
) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    A finding is told as the kernel's own checker would: a cycle of locks as lockdep does, a use after free as KASAN,
    a data race as KCSAN; a reference count, a task that hangs, what leaks. Else, or with --as columns, it is told in
    columns, one for each context, at most 75 letters wide: functions and locks as the kernel names them, what is held
    by whoever stands aside, and a mark where a property breaks. --as story tells it in plain words. A report of the
    kernel's that does not fit the finding is refused. --property says which finding, where a schedule shows several.

    Below stands why it fails: the smallest schedule that fails alike, which order of two steps decides, and which
    orders and choices all executions have that fail like this, as far as a search of some seconds tells. Of a cycle in
    the lock order it says whether contexts can come to wait for each other like that.
    """
    from aprt.core.errors import UserError
    from aprt.verdict.cause import cause
    from aprt.verdict.realised import realised_by
    from aprt.verdict.telling import told
    from aprt.verdict.tokens import resolve, token_of
    from aprt.view.cause_text import why_lines
    from aprt.view.columns import columns
    from aprt.view.commands import command_lines
    from aprt.view.reports.report import raced, report, told_as
    from aprt.view.reports.subject import Subject
    from aprt.view.reports.title import title
    from aprt.view.verdict_json import execution_json

    if brief and shape not in (None, "columns"):
        raise click.UsageError(f"--brief is for columns, not for --as {shape}")
    recording = resolve(token, case_finder(registry, put_in, taken_out))
    case, system = recording.case, recording.model.system
    execution = told(recording, properties)
    findings = execution.findings
    why = (cause(recording, findings[0]) or realised_by(recording, findings[0])) if findings else None
    if "json" in (form, shape):
        echo(execution_json(recording, execution, why=why))
        return 0
    subject = Subject(case, system, execution, findings[0] if findings else None)
    race = raced(subject)
    name = title(race)
    if shape == "kcsan" or (shape is None and not brief):
        subject = race
    if shape is not None and shape not in (fitting := told_as(race)):
        what = findings[0].property if findings else "a schedule that breaks nothing"
        raise UserError(f"--as {shape} does not fit: {what} is told as {', '.join(fitting[:-1])} or {fitting[-1]}")
    lines = None if shape == "columns" or brief else report(subject, shape)
    if lines is None:
        lines = columns(execution.events, findings, brief=brief)
    known = token_of(case, system, subject.execution.schedule)
    lines += ["", *why_lines(why, known)] if why and subject.execution is execution else []
    lines += ["", *command_lines("reproduce", f"aprt replay {known}")] if known else []
    echo("\n".join([f"{case}", case.scenario.title, name, "", *lines]))
    return 0

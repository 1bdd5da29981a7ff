"""`aprt explain`: show a schedule the way its readers know."""

from __future__ import annotations

import click

from aprt.cli.names import TOKEN
from aprt.cli.options import Registry, case_finder, echo, format_option, property_option, switch_options

_SHAPES = ("columns", "lockdep", "kasan", "kcsan", "refcount", "hungtask", "leak", "story", "table", "json")


@click.command("explain", short_help="Show a schedule as columns, or as a report of the kernel's.")
@click.argument("token", type=TOKEN, metavar="TOKEN|FILE")
@click.option("--as", "shape", type=click.Choice(_SHAPES), help="Shape of the text.  [by the kind of finding]")
@switch_options
@property_option
@format_option
@click.pass_obj
def command(
    registry: Registry,
    token: str,
    shape: str | None,
    put_in: tuple[str, ...],
    taken_out: tuple[str, ...],
    properties: tuple[str, ...],
    form: str,
) -> int:
    """Explain the schedule of TOKEN, or of a saved FILE: who did what, in which function, until it broke.

    A finding is told as the kernel's own checker would: a cycle of locks as lockdep does, a use after free as KASAN,
    unlocked data as KCSAN; a reference count, a task that hangs, what leaks. Else, or with --as columns, it is told in
    columns, one for each context, at most 75 letters wide: functions and locks as the kernel names them, what is held
    by whoever stands aside, and a mark where a property breaks. --as story tells it in plain words. A report of the
    kernel's that does not fit the finding is refused. --property says which finding, where a schedule shows several.

    Below stands why it fails: the smallest schedule that fails alike, which order of two steps decides, and which
    orders and choices all executions have that fail like this, as far as a search of some seconds tells. Of a cycle in
    the lock order it says whether contexts can come to wait for each other like that.
    """
    from aprt.core.errors import UserError
    from aprt.explore.replay import replay
    from aprt.verdict.cause import cause
    from aprt.verdict.realised import realised_by
    from aprt.verdict.tokens import resolve, token_of
    from aprt.verdict.verdict import selected
    from aprt.view.cause_text import why_lines
    from aprt.view.columns import WIDTH, columns
    from aprt.view.replay_text import at_last_step
    from aprt.view.reports.report import report, told_as
    from aprt.view.reports.subject import Subject
    from aprt.view.reports.title import title
    from aprt.view.verdict_json import execution_json

    recording = resolve(token, case_finder(registry, put_in, taken_out))
    model = recording.model
    asked = selected(recording.case, model, properties) if properties else model.properties
    execution = replay(model.system, recording.schedule, asked)
    findings = at_last_step(execution)
    why = (cause(recording, findings[0]) or realised_by(recording, findings[0])) if findings else None
    if "json" in (form, shape):
        echo(execution_json(recording, execution, why=why))
        return 0
    subject = Subject(recording.case.scenario, recording.case.era.name, execution, findings[0] if findings else None)
    if shape is not None and shape not in (fitting := told_as(subject)):
        what = findings[0].property if findings else "a schedule that breaks nothing"
        raise UserError(f"--as {shape} does not fit: {what} is told as {', '.join(fitting[:-1])} or {fitting[-1]}")
    lines = None if shape == "columns" else report(subject, shape)
    if lines is None:
        lines = columns(execution.events, findings)
    known = token_of(recording.case, model.system, recording.schedule)
    lines += ["", *why_lines(why, known)] if why else []
    again = f"reproduce   aprt replay {known}"
    lines += ["", again] if known and len(again) <= WIDTH else []
    echo("\n".join([f"{recording.case}", recording.case.scenario.title, title(subject), "", *lines]))
    return 0

"""A schedule as `aprt explain` tells it: its title, a report or columns, why it fails, and what to type."""

from __future__ import annotations

from collections.abc import Sequence

from aprt.core.errors import UserError
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.verdict.cause import STATES, Cause, race_cause
from aprt.verdict.realised import Realised
from aprt.verdict.telling import Instead, why
from aprt.verdict.tokens import Recording, token_of
from aprt.view.cause_text import open_lines, why_lines
from aprt.view.columns import columns
from aprt.view.commands import command_lines, quoted
from aprt.view.lists import under, wrapped
from aprt.view.reports.kcsan import other_side
from aprt.view.reports.report import raced, reasoned, report, told_as
from aprt.view.reports.subject import Subject
from aprt.view.reports.table import WIDE
from aprt.view.reports.title import title


def explanation(
    recording: Recording,
    execution: Execution,
    shape: str | None = None,
    *,
    instead: Instead | None = None,
    brief: bool = False,
    states: int = STATES,
    width: int = WIDE,
) -> str:
    """The first finding of an execution, as a text at most 75 letters wide; reports keep the lines of the kernel's.

    A race is shown by an execution with both its accesses (`raced`), except that `lockdep` shows only the access that
    has not its lock.

    shape: `columns` or the kind of report; None for the kind that tells the finding best. instead: what the execution
    breaks that was not asked about. brief: columns with only functions, choices, and each last step before a switch.
    states: how many to look at for the reason. width: letters of the lines of a table.

    Raises: `UserError` for a report that does not fit the finding, `ReplayMismatch` when the drivers differ.
    """
    case, system, findings = recording.case, recording.model.system, execution.findings
    subject = Subject(case, system, execution, findings[0] if findings else None, instead)
    race = raced(subject)
    _check_fits(shape, race)
    shown = subject if shape == "lockdep" else race
    is_race = shown is not subject
    others = findings[1:] if shown.execution is execution else ()
    token = token_of(case, system, shown.execution.schedule)
    reason = _reason(recording, execution, shown if is_race else None, states)
    shown = reasoned(shown, reason)
    lines = [f"{case}", wrapped(case.scenario.title), title(shown), "", *_body(shown, shape, others, brief, width)]
    if reason is not None:
        lines += ["", *why_lines(reason, token)]
    elif is_race:
        lines += ["", *open_lines(token_of(case, system, execution.schedule))]
    more: list[str] = []
    if shape is None and not brief and told_as(subject)[0] != "columns":
        more += under("schedule", ["--as columns shows it, --as story tells it in words"])
    if token is not None:
        more += command_lines("reproduce", f"aprt replay {quoted(token)}")
    return "\n".join([*lines, *([""] if more else []), *more])


def _body(subject: Subject, shape: str | None, others: Sequence[Finding], brief: bool, width: int) -> list[str]:
    """The report, or columns where none was asked for or fits; others: findings that columns mark as well."""
    lines = None if shape == "columns" or brief else report(subject, shape, width)
    if lines is None:
        ended = subject.execution.ending == "end"
        lines = columns(subject.events, _marked(subject, others), brief=brief, ended=ended)
    return lines


def reason_of(recording: Recording, execution: Execution, states: int = STATES) -> Cause | Realised | None:
    """Why the first finding of an execution comes about, or for a race its two accesses, as `explanation` says it.

    Raises: `ReplayMismatch` when the drivers differ.
    """
    findings = execution.findings
    subject = Subject(recording.case, recording.model.system, execution, findings[0] if findings else None)
    race = raced(subject)
    return _reason(recording, execution, None if race is subject else race, states)


def _reason(recording: Recording, execution: Execution, race: Subject | None, states: int) -> Cause | Realised | None:
    return why(recording, execution, states) if race is None else _why_it_races(race, states)


def _why_it_races(race: Subject, states: int) -> Cause | None:
    """Why the two accesses of a race come to be next to each other. The later one is the last step."""
    assert race.last is not None
    other = other_side(race, race.last)
    assert other is not None
    return race_cause(race.case, race.system, other, race.last, states)


def _marked(subject: Subject, others: Sequence[Finding]) -> Sequence[Finding]:
    """The findings to mark in columns: that of the subject and `others`, or what is broken instead."""
    if subject.finding is None:
        return () if subject.instead is None else subject.instead.broken
    return (subject.finding, *others)


def _check_fits(shape: str | None, subject: Subject) -> None:
    fitting = told_as(subject)
    if shape is not None and shape not in fitting:
        kept = subject.instead
        nothing = "breaks nothing" if kept is None else f"does not break {' or '.join(kept.asked)}"
        what = f"a schedule that {nothing}" if subject.finding is None else subject.finding.property
        raise UserError(f"--as {shape} does not fit: {what} is told as {', '.join(fitting[:-1])} or {fitting[-1]}")

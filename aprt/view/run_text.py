"""A live run as text and JSON: what happened, what it broke, and how to see it again."""

from __future__ import annotations

from collections.abc import Sequence

from aprt.core.amount import count
from aprt.verdict.case import Case
from aprt.verdict.live import LiveRun, Plan
from aprt.verdict.predicted import Detected
from aprt.view.commands import command_lines, quoted
from aprt.view.detected_text import detected_json, detected_lines
from aprt.view.json_text import dump
from aprt.view.last_line import last_line, switches
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.replay_text import ending_text, finding_lines
from aprt.view.version import aprt_version
from aprt.view.words import manner, not_asked

RUN_SCHEMA = "aprt.run/1"


def run_text(
    case: Case, plan: Plan, live: LiveRun, detected: Sequence[Detected], token: str | None, paint: Paint
) -> str:
    """How it ended, ending with the line for grep. detected: what the plan's detectors saw."""
    execution = live.execution
    steps, runs = count(len(execution.events), "step"), count(live.runs, "run")
    lines = [wrapped(f"{steps} on trio, {manner(plan.mode)}, seed {live.seed}, {runs}; {_ended(plan, live)}")]
    for finding in execution.findings:
        lines += ["", *finding_lines(finding, paint)]
    if live.unasked:
        lines += ["", wrapped(not_asked(live.unasked))]
    lines += detected_lines(detected, paint)
    if (execution.findings or live.unasked) and token is None:
        lines += ["", "too long for a token: --schedule FILE keeps it for aprt replay FILE"]
    elif token is not None:
        lines += ["", *command_lines("reproduce", f"aprt replay {quoted(token)}")]
        lines += command_lines("explain", f"aprt explain {quoted(token)}")
    return "\n".join([*lines, "", run_line(case, plan, live, token)])


def run_line(case: Case, plan: Plan, live: LiveRun, token: str | None) -> str:
    """The last line, like that of a verdict. A run without a finding proves nothing, and is called RAN."""
    found = ",".join(finding.property for finding in live.execution.findings)
    told = {
        "property": found,
        "scenario": case.name,
        "era": case.era.name,
        **switches(case.settings),
        "mode": plan.mode,
        "seed": live.seed,
        "runs": live.runs,
        "steps": len(live.execution.events),
        "ending": _ending(live),
        "token": token,
    }
    return last_line("VIOLATED" if found else "RAN", told)


def _ending(live: LiveRun) -> str:
    """How the run ended, in a word: `cut` means at a violation or by --max-steps."""
    return "interrupted" if live.stopped else live.execution.ending


def _ended(plan: Plan, live: LiveRun) -> str:
    if live.stopped:
        return "interrupted"
    limited = live.execution.ending == "cut" and not live.execution.findings
    return (f"cut at --max-steps {plan.max_steps}: " if limited else "") + ending_text(live.execution)


def run_json(case: Case, plan: Plan, live: LiveRun, detected: Sequence[Detected], token: str | None) -> str:
    """One object, `aprt.run/1`. detected: as for the text."""
    execution = live.execution
    data = {
        "schema": RUN_SCHEMA,
        "verdict": "VIOLATED" if execution.findings else "RAN",
        "scenario": str(case),
        "era": case.era.name,
        "switches": list(case.settings.names()),
        "without": list(case.settings.without),
        "mode": plan.mode,
        "seed": live.seed,
        "runs": live.runs,
        "steps": len(execution.events),
        "ending": _ending(live),
        "findings": [{"property": f.property, "text": f.text} for f in execution.findings],
        "unasked": list(live.unasked),
        "detected": detected_json(detected) if plan.detect else None,
        "token": token,
        "version": aprt_version(),
    }
    return dump(data)

"""A schedule that was made smaller, as text and JSON: what it fails by, before and after, and how small that is."""

from __future__ import annotations

import textwrap
from types import MappingProxyType

from aprt.core.amount import count
from aprt.explore.failures.failing import Failure, Price
from aprt.verdict.shrink import Shrunk
from aprt.view.columns import WIDTH, columns
from aprt.view.commands import command_lines, quoted
from aprt.view.heading import claim, heading
from aprt.view.json_text import dump
from aprt.view.last_line import last_line, switches
from aprt.view.paint import Paint
from aprt.view.version import aprt_version

SHRINK_SCHEMA = "aprt.shrink/1"

CLAIMS = MappingProxyType(
    {
        "optimal": "optimal: no failing schedule with fewer preemptions exists",
        "1-minimal": "1-minimal: no single cut or move makes it smaller",
        "stopped": "perhaps not minimal: trying was stopped",
        "shortest": "shortest: no schedule leads there in fewer steps",
    }
)


def shrink_text(shrunk: Shrunk, paint: Paint) -> str:
    """All that a reader needs, ending with the line for grep."""
    small, case = shrunk.minimal, shrunk.recording.case
    lines = [
        heading(case, paint),
        "",
        claim(shrunk.property, paint),
        *textwrap.wrap(shrunk.finding.text, WIDTH, initial_indent="  ", subsequent_indent="  "),
        "",
        *(f"  {line}".rstrip() for line in columns(shrunk.events, brief=True, width=WIDTH - 2)),
        "",
        f"fails       {_failure(small.failure)}",
        f"before      {price_text(small.before)}",
        f"after       {price_text(small.after)}",
        f"{'':12}{CLAIMS[small.claim]}",
        "",
    ]
    if shrunk.token is None:
        lines.append("too long for a token: --schedule FILE keeps it for aprt replay FILE")
    else:
        lines += command_lines("reproduce", f"aprt replay {quoted(shrunk.token)}")
        lines += command_lines("explain", f"aprt explain {quoted(shrunk.token)}")
    return "\n".join([*lines, "", shrink_line(shrunk)])


def shrink_line(shrunk: Shrunk) -> str:
    """The last line, like that of a verdict."""
    case, after = shrunk.recording.case, shrunk.minimal.after
    told = {
        "property": shrunk.property.id,
        "scenario": case.name,
        "era": case.era.name,
        **switches(case.settings),
        "claim": shrunk.minimal.claim,
        "preemptions": after.preemptions,
        "steps": after.steps,
        "switches": after.switches,
        "token": shrunk.token,
    }
    return last_line("SHRUNK", told)


def shrink_json(shrunk: Shrunk) -> str:
    """One object, `aprt.shrink/1`."""
    case, small = shrunk.recording.case, shrunk.minimal
    data = {
        "schema": SHRINK_SCHEMA,
        "scenario": str(case),
        "era": case.era.name,
        "switches": list(case.settings.names()),
        "without": list(case.settings.without),
        "property": shrunk.property.id,
        "title": shrunk.property.title,
        "text": shrunk.finding.text,
        "fails": _failure(small.failure),
        "claim": small.claim,
        "before": price_object(small.before) | {"token": shrunk.recording.token},
        "after": price_object(small.after) | {"token": shrunk.token},
        "schedule": [[label.context, label.op] for label in shrunk.finding.schedule],
        "version": aprt_version(),
    }
    return dump(data)


def price_text(price: Price) -> str:
    """A price in words, the most important part first."""
    return ", ".join(
        (
            count(price.preemptions, "preemption"),
            count(price.steps, "step"),
            count(price.switches, "switch", "switches"),
        )
    )


def _failure(failure: Failure) -> str:
    match failure:
        case (context, op):
            return f"when {context} does {op}"
        case "start":
            return "before the first step"
        case "end":
            return "at the end"
        case _:
            return "in a deadlock"


def price_object(price: Price) -> dict[str, object]:
    """The same for programs."""
    return {"preemptions": price.preemptions, "steps": price.steps, "switches": price.switches}

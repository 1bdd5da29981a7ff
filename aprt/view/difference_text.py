"""What a change does, as a table for a cover letter with a witness for each outcome that changed, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from aprt.core.amount import count
from aprt.verdict.difference import Difference, Outcome, Parting
from aprt.verdict.verdict import Shown, Verdict
from aprt.view.columns import WIDTH
from aprt.view.covered_text import open_since
from aprt.view.json_text import dump
from aprt.view.paint import Paint

_MARKS: Mapping[str, str] = MappingProxyType(
    {"removed": "-", "added": "+", "unchanged": "!", "holds": " ", "unknown": "?"}
)


def difference_text(difference: Difference, paint: Paint) -> str:
    """At most 75 letters wide."""
    before, after = difference.before, difference.after
    lines = [
        f"before  {before.case}  ({_covered(before)})",
        f"after   {after.case}  ({_covered(after)})",
        "",
        f"  {'':10} {'before':10} after",
        *(_row(outcome, paint) for outcome in difference.outcomes),
    ]
    for outcome in (*difference.those("removed"), *difference.those("added")):
        lines += ["", *_witness(outcome)]
    removed, added = (",".join(o.id for o in difference.those(c)) or "-" for c in ("removed", "added"))
    unchanged = ",".join(o.id for o in difference.those("unchanged")) or "-"
    complete = "yes" if difference.complete else "no"
    return "\n".join(
        [
            *lines,
            "",
            f"aprt: DIFF before={before.case} after={after.case} removed={removed} added={added} "
            f"unchanged={unchanged} complete={complete}",
        ]
    )


def _covered(verdict: Verdict) -> str:
    exploration = verdict.exploration
    return f"{count(exploration.states, 'state')}, {open_since(exploration) or 'complete'}"


def _row(outcome: Outcome, paint: Paint) -> str:
    sides = zip((outcome.before, outcome.after), outcome.searched, strict=True)
    words = [_word(shown, whole).ljust(10) for shown, whole in sides]
    painted = [paint.red(word) if word.startswith("VIOLATED") else word for word in words]
    head = f"{_MARKS[outcome.change]} {outcome.id:10} {painted[0]} {painted[1]} "
    return head + textwrap.shorten(outcome.title, WIDTH - 36, placeholder=" ...")


def _word(shown: Shown | None, whole: bool) -> str:
    if shown is not None:
        return "VIOLATED"
    return "holds" if whole else "not found"


def _witness(outcome: Outcome) -> Iterator[str]:
    shown = outcome.before or outcome.after
    assert shown is not None
    side, other = ("before", "after") if outcome.after is None else ("after", "before")
    yield from _wrapped(f"{outcome.change} {outcome.id}: {shown.finding.text}")
    steps = count(len(shown.finding.schedule), "step")
    yield f"  {side}: {steps}" + ("" if shown.token else ", too long for a token")
    if shown.token:
        yield f"  aprt replay {shown.token}"
    if outcome.parting is None:
        yield from _wrapped(f"  {other}: all of these steps can be taken, and the property holds there")
    else:
        yield from _wrapped(f"  {other}: differs at step {outcome.parting.step + 1}: {instead(outcome.parting)}")


def instead(parting: Parting) -> str:
    """What the context in question can do there, or else all that can be done."""
    context = parting.wanted.context
    own = [label.removeprefix(f"{context}: ") for label in parting.offered if label.startswith(f"{context}: ")]
    if own:
        return f"{context} does {' or '.join(own)}, and not {parting.wanted.step}"
    others = ", ".join(parting.offered[:3]) or "nothing at all"
    return f"{context} cannot do {parting.wanted.step}, nor go on; what can be done: {others}"


def _wrapped(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent + "  ", break_on_hyphens=False)


def difference_json(difference: Difference) -> str:
    """One object."""
    return dump(
        {
            "schema": "aprt.diff/1",
            "before": str(difference.before.case),
            "after": str(difference.after.case),
            "complete": difference.complete,
            "outcomes": [_outcome(outcome) for outcome in difference.outcomes],
        }
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    parting = outcome.parting
    return {
        "property": outcome.id,
        "title": outcome.title,
        "change": outcome.change,
        "before": None if outcome.before is None else outcome.before.token,
        "after": None if outcome.after is None else outcome.after.token,
        "text": next((one.finding.text for one in (outcome.before, outcome.after) if one is not None), None),
        "parting": None if parting is None else {"step": parting.step, "wanted": str(parting.wanted)},
    }

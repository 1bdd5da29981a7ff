"""What a change does, as a table for a cover letter with a witness for each outcome, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from aprt.core.amount import count
from aprt.verdict.difference import Change, Difference, Outcome, Parting
from aprt.verdict.verdict import Shown, Verdict
from aprt.view.columns import WIDTH
from aprt.view.commands import quoted
from aprt.view.covered_text import open_since
from aprt.view.json_text import dump
from aprt.view.last_line import last_line
from aprt.view.paint import Paint
from aprt.view.unexercised_text import left_out_text

_MARKS: Mapping[str, str] = MappingProxyType(
    {"removed": "-", "unexercised": "-", "added": "+", "unchanged": "!", "holds": " ", "unknown": "?"}
)

_LEGEND: Mapping[str, str] = MappingProxyType(
    {"-": "gone", "+": "added", "!": "violated on both sides", "?": "not known, as a search was cut"}
)


def difference_text(difference: Difference, paint: Paint) -> str:
    """At most 75 letters wide."""
    before, after = difference.before, difference.after
    lines = [
        *_wrapped(f"before  {before.case}  ({_covered(before)})"),
        *_wrapped(f"after   {after.case}  ({_covered(after)})"),
        *_scenarios(difference),
        "",
        *_table(difference.outcomes, paint),
        *_unasked(difference),
    ]
    for change in ("removed", "unexercised", "added"):
        for outcome in difference.those(change):
            lines += ["", *_changed(outcome)]
            if change == "added" and difference.hiding:
                lines += _wrapped(
                    f"  before: executions end at {', '.join(difference.hiding)}, which may have hidden this"
                )
    for outcome in difference.those("unknown"):
        if outcome.before is not None or outcome.after is not None:
            lines += ["", *_changed(outcome)]
    for outcome in difference.those("unchanged"):
        lines += ["", *_unchanged(outcome)]
    for less in difference.after.left_out:
        lines += ["", *_wrapped(left_out_text(less))]
    return "\n".join([*lines, "", _last_line(difference)])


def _last_line(difference: Difference) -> str:
    changes: tuple[Change, ...] = ("removed", "unexercised", "added", "unchanged")
    ids = {change: ",".join(outcome.id for outcome in difference.those(change)) for change in changes}
    told: dict[str, object] = {
        "before": difference.before.case,
        "after": difference.after.case,
        **{change: ids[change] for change in changes if ids[change] or change != "unexercised"},
        "complete": difference.complete,
    }
    return last_line("DIFF", told)


def _scenarios(difference: Difference) -> Iterator[str]:
    if not difference.one_scenario:
        yield "two scenarios: what is different may be what happens, and not the kernel"


def _covered(verdict: Verdict) -> str:
    exploration = verdict.exploration
    return f"{count(exploration.states, 'state')}, {open_since(exploration) or 'complete'}"


def _table(outcomes: Sequence[Outcome], paint: Paint) -> Iterator[str]:
    yield f"  {'':10} {'before':10} after"
    folded = [outcome for outcome in outcomes if outcome.aside and outcome.change == "holds"]
    rows = [(outcome, *_words(outcome)) for outcome in outcomes if outcome not in folded]
    width = max([10, *(len(after) for _, _, after in rows)])
    for outcome, was, now in rows:
        before, after = (
            paint.red(word) if word.startswith("VIOLATED") else word for word in (was.ljust(10), now.ljust(width))
        )
        title = textwrap.shorten(outcome.title, WIDTH - 26 - width, placeholder=" ...")
        yield f"{_MARKS[outcome.change]} {outcome.id:10} {before} {after} {title}"
    if folded:
        names = (f"{outcome.id}{'*' * any(outcome.vacuous)}" for outcome in folded)
        yield from _wrapped(f"  {'and':10} holds      holds      {', '.join(names)}", " " * 24)
    marks = {_MARKS[outcome.change] for outcome in outcomes}
    if told := [f"{mark} {words}" for mark, words in _LEGEND.items() if mark in marks]:
        yield f"marks: {'; '.join(told)}"
    if any(any(outcome.vacuous) for outcome in outcomes):
        yield "* never exercised: no step that it is about is possible there"


def _unasked(difference: Difference) -> Iterator[str]:
    more = count(len(difference.unasked), "other property", "other properties")
    if difference.unasked:
        yield f"not asked about: {more} (--property all)"
    if difference.before.livelock_unasked or difference.after.livelock_unasked:
        yield "not looked for: a livelock of the patch (--property livelock)"


def _words(outcome: Outcome) -> tuple[str, str]:
    """What is said of each side."""
    before, after = map(_word, (outcome.before, outcome.after), outcome.searched, outcome.vacuous)
    return before, f"{after} otherwise" if outcome.otherwise else after


def _word(shown: Shown | None, whole: bool, vacuous: bool) -> str:
    if shown is not None:
        return "VIOLATED"
    return "not found" if not whole else "holds*" if vacuous else "holds"


def _changed(outcome: Outcome) -> Iterator[str]:
    """Of an outcome that one side has: a witness, and where it leaves what the other can do."""
    shown = outcome.before or outcome.after
    assert shown is not None
    side, other = ("before", "after") if outcome.after is None else ("after", "before")
    told = f"{outcome.change} {outcome.id}"
    if outcome.change == "unexercised":
        told = f"gone {outcome.id}, never exercised {other}"
    elif outcome.change == "unknown":
        told = f"{outcome.id} VIOLATED {side}, not found {other}"
    yield from _wrapped(f"{told}: {shown.finding.text}")
    yield f"  {side}: {_steps(shown)}"
    yield from _replay(shown)
    if outcome.parting is None:
        yield from _wrapped(f"  {other}: all of these steps can be taken, and the property holds there")
    else:
        yield from _wrapped(f"  {other}: differs at step {outcome.parting.step}: {instead(outcome.parting)}")


def _unchanged(outcome: Outcome) -> Iterator[str]:
    """Of an outcome that both sides have: a witness, or one of each where they differ in what is wrong."""
    before, after = outcome.before, outcome.after
    assert before is not None
    assert after is not None
    if not outcome.otherwise:
        yield from _wrapped(f"unchanged {outcome.id}: {before.finding.text}")
        yield f"  before: {_steps(before)}"
        yield from _replay(before)
        if after.finding.text == before.finding.text:
            yield f"  after: the same in {_steps(after)}"
        else:
            yield from _wrapped(f"  after, in {_steps(after)}: {after.finding.text}")
        return
    yield f"unchanged {outcome.id}, but VIOLATED otherwise"
    for side, shown in (("before", before), ("after", after)):
        yield from _wrapped(f"  {side}, in {_steps(shown)}: {shown.finding.text}")
        yield from _replay(shown)


def _steps(shown: Shown) -> str:
    return count(len(shown.finding.schedule), "step") + ("" if shown.token else ", too long for a token")


def _replay(shown: Shown) -> Iterator[str]:
    if shown.token:
        yield f"  aprt replay {quoted(shown.token)}"


def instead(parting: Parting) -> str:
    """What the context in question can do there, or else all that can be done."""
    context = parting.wanted.context
    own = [label.removeprefix(f"{context}: ") for label in parting.offered if label.startswith(f"{context}: ")]
    if own:
        return f"{context} does {' or '.join(own)}, and not {parting.wanted.step}"
    others = ", ".join(parting.offered[:3]) or "nothing at all"
    return f"{context} cannot do {parting.wanted.step}, nor go on; what can be done: {others}"


def _wrapped(text: str, deeper: str = "  ") -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent + deeper, break_on_hyphens=False)


def difference_json(difference: Difference) -> str:
    """One object, `aprt.diff/1`."""
    return dump(difference_object(difference))


def difference_object(difference: Difference) -> dict[str, Any]:
    """What `difference_json` writes.

    text: what is wrong; otherwise: what is wrong after, where both sides are and in other words. open: of each side,
    why it was not searched to the end. hiding: properties that are removed and may have hidden what is added. unasked:
    the properties that both sides could have been asked about, too. unexercised: the sides on which a property holds
    because no step that it is about is possible. left_out: what patches in force after do less than the driver.
    """
    sides = (("before", difference.before), ("after", difference.after))
    return {
        "schema": "aprt.diff/1",
        "before": str(difference.before.case),
        "after": str(difference.after.case),
        "standing": difference.standing,
        "complete": difference.complete,
        "open": {side: open_since(verdict.exploration) or None for side, verdict in sides},
        "states": {side: verdict.exploration.states for side, verdict in sides},
        "unasked": list(difference.unasked),
        "hiding": list(difference.hiding),
        "left_out": [attrs.asdict(less) for less in difference.after.left_out],
        "outcomes": [_outcome(outcome) for outcome in difference.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    parting = outcome.parting
    return {
        "property": outcome.id,
        "title": outcome.title,
        "change": outcome.change,
        "before": None if outcome.before is None else outcome.before.token,
        "after": None if outcome.after is None else outcome.after.token,
        "unexercised": [side for side, vacuous in zip(("before", "after"), outcome.vacuous, strict=True) if vacuous],
        "text": next((one.finding.text for one in (outcome.before, outcome.after) if one is not None), None),
        "otherwise": outcome.after.finding.text if outcome.after is not None and outcome.otherwise else None,
        "parting": None if parting is None else {"step": parting.step, "wanted": str(parting.wanted)},
    }

"""A finding as text: what is wrong, the schedule in columns, and how to see it again; as wide as a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING

from aprt.core.amount import count
from aprt.core.lock_order import around
from aprt.core.properties import Eventually, Property, hanging
from aprt.verdict.verdict import Shown, Verdict
from aprt.view.columns import WIDTH, columns
from aprt.view.commands import command_lines, quoted
from aprt.view.heading import claim
from aprt.view.lists import wrapped
from aprt.view.paint import Paint
from aprt.view.realised_text import realised_lines
from aprt.view.words import again

if TYPE_CHECKING:
    from aprt.verdict.realised import Realised

_OTHERS = 5  # findings of one property that are told besides the one that is shown
_SIZES = MappingProxyType(
    {
        "shortest": "shortest: no failing schedule with fewer steps exists",
        "optimal": "optimal: no schedule that fails alike has fewer preemptions",
        "1-minimal": "1-minimal: no single cut or move makes it smaller",
        "stopped": "perhaps not minimal: trying was stopped",
    }
)
_SHORTEST_WAY = "shortest: no way to such a loop has fewer steps"
_SHORTEST_END = "shortest: no schedule that ends in a violation has fewer steps"


def finding_text(verdict: Verdict, shown: Shown, paint: Paint) -> str:
    """What is wrong, the schedule in columns, and how to see it again."""
    finding = shown.finding
    others = verdict.others(finding)
    several = f" ({count(1 + len(others), 'finding')})" if others else ""
    lines = [
        f"{paint.red('VIOLATED')} {claim(verdict.property(finding.property), paint)}{several}",
        *_indented(finding.text),
        "",
    ]
    lines += _cycle(shown)
    if not shown.parts:
        lines += _schedule(shown, verdict.property(finding.property), verdict.case.scenario.properties)
    if others:
        lines.append("")
        lines += (line for text in others[:_OTHERS] for line in _indented(f"also: {text}"))
    if len(others) > _OTHERS:
        lines.append(f"  and {len(others) - _OTHERS:,} more; --format json has all")
    return "\n".join(lines)


def _cycle(shown: Shown) -> Iterable[str]:
    """Who makes the edges of a cycle in the lock order; where that takes several executions, with a token for each."""
    tokens = [part.token or "(too long for a token)" for part in shown.parts]
    for part, token in zip_longest(shown.finding.parts, tokens):
        yield from textwrap.wrap(part.text, WIDTH, initial_indent="  ", subsequent_indent="    ")
        if token is not None:
            yield from command_lines("", f"aprt replay {quoted(token)}")
    for line in () if shown.realised is None else _realised(shown, shown.realised):
        yield from wrapped(f"  {line}", "    ").splitlines()
    if shown.parts:
        yield from ["", "no execution shows the whole cycle soon: each of these shows its own part of it"]
    elif shown.finding.parts:
        yield ""


def _realised(shown: Shown, realised: Realised) -> Iterable[str]:
    found = realised.found
    if found is not None and found.cycle != tuple(part.edge for part in shown.finding.parts):
        yield f"another cycle comes about: {around(found.cycle)}"
    yield from realised_lines(realised)


def _schedule(shown: Shown, property: Property, own: Collection[str]) -> Iterable[str]:
    yield from (f"  {line}".rstrip() for line in columns(shown.events, brief=True, width=WIDTH - 2))
    finding = shown.finding
    if finding.loop:
        yield f"  and so on: {again(finding.loop)}"
    yield ""
    steps, switches = count(len(finding.schedule), "step"), count(finding.schedule.switches, "switch", "switches")
    if shown.token is None:
        yield f"{steps}, {switches}; too long for a token: --schedule FILE keeps it for aprt replay FILE"
    else:
        yield from command_lines("reproduce", f"aprt replay {quoted(shown.token)}")
        which = "" if finding.property in own else f" --property {quoted(finding.property)}"
        yield from command_lines("explain", f"aprt explain {quoted(shown.token)}{which}", f"all {steps}, {switches}")
        if shown.size != "optimal" and not (finding.loop or hanging(property)):
            yield from command_lines("shrink", f"aprt shrink {quoted(shown.token)}", "to the fewest preemptions")
    yield f"size        {_size(shown, property)}"


def _size(shown: Shown, property: Property) -> str:
    if shown.finding.loop:
        return _SHORTEST_WAY
    if shown.size == "shortest" and any(isinstance(check, Eventually) for check in property.checks):
        return _SHORTEST_END  # one that goes on for ever may be shorter
    return _SIZES[shown.size]


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 2, initial_indent="  ", subsequent_indent="  ")

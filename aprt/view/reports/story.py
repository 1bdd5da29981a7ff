"""A finding in plain words, eight lines at most: who did what in turn, and what is wrong then."""

from __future__ import annotations

from itertools import groupby

from aprt.core.events import Event
from aprt.view.reports.subject import Subject
from aprt.view.words import count

_TURNS = 6


def story(subject: Subject) -> list[str]:
    """A line for each turn of a context; turns in the middle are left out when there are too many."""
    turns = [list(turn) for _, turn in groupby(subject.events, key=lambda event: event.context)]
    shown = [_turn(subject, turn) for turn in turns]
    if len(shown) > _TURNS:
        left_out = len(shown) - _TURNS + 1
        shown = [*shown[: _TURNS // 2], f"({count(left_out, 'more turn')})", *shown[-(_TURNS // 2) + 1 :]]
    lines = [f"{number}. {text}" if not text.startswith("(") else f"   {text}" for number, text in enumerate(shown, 1)]
    if subject.finding is None:
        return [*lines, "Nothing is broken by that."]
    again = f" The last {count(subject.finding.loop, 'step')} repeat for ever." if subject.finding.loop else ""
    return [*lines, f"Then: {subject.finding.text} ({subject.finding.property}).{again}"]


def _turn(subject: Subject, events: list[Event]) -> str:
    last = events[-1]
    functions = list(dict.fromkeys(subject.function(event) for event in events))
    where = f"in {functions[-1]}()" if functions[-1] != last.context else ""
    did = last.op if last.actor is None else f"{last.op.replace('_', ' ')} ({last.actor})"
    more = f" after {count(len(events) - 1, 'step')}" if len(events) > 1 else ""
    return f"{last.context} {where}{more}: {did}".replace("  ", " ").replace(" :", ":")

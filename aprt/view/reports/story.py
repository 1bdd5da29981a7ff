"""A finding in plain words, in some eight lines of a mail: who did what in turn, and what is wrong then."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

import attrs

from aprt.core.amount import count
from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.lock_misuse import before_misuse
from aprt.core.notes import Gave, Took
from aprt.view.reports.kcsan import other_side
from aprt.view.reports.leak import taken
from aprt.view.reports.subject import Subject
from aprt.view.reports.title import kind_of
from aprt.view.words import again, in_c

_LINES, _WIDTH = 8, 75
_NOTHING = 99  # of a step that says nothing


@attrs.frozen
class _Turn:
    """A run of steps by one context, cut where something breaks."""

    number: int  # from 1
    events: tuple[Event, ...]
    lines: tuple[str, ...]


def story(subject: Subject) -> list[str]:
    """Some lines for each turn of a context, and for the end. Where there are too many, turns are left out.

    Always kept are the turn in which it breaks, that of the other access of a race, that in which a lock that is
    misused was taken or given back, and those in which a context of either last got a lock from another context. Of the
    others these stay as long as there is room, in this order: turns with steps that decide, the first turn, those that
    change what the breaking step is about, later ones before earlier ones, and at last those after the breaking step.
    """
    turns = list(_turns(subject))
    ending = _ending(subject, len(turns), len(turns))
    room = _LINES - len(_wrapped(ending))
    if sum(len(turn.lines) for turn in turns) > room:
        room = _LINES - len(_wrapped(_ending(subject, len(turns) - 1, len(turns))))
        turns, total = _fitting(subject, turns, room), len(turns)
        ending = _ending(subject, len(turns), total)
    return [*(line for turn in turns for line in turn.lines), *_wrapped(ending)]


def _turns(subject: Subject) -> Iterator[_Turn]:
    met = set[str]()
    broken = -1 if subject.last is None else subject.last.index
    runs = (tuple(run) for _, run in groupby(subject.events, key=lambda event: (event.context, event.index > broken)))
    for number, events in enumerate(runs, 1):
        text = f"{number}. {_did(subject, events, events[0].context in met)}"
        met.add(events[0].context)
        yield _Turn(number, events, tuple(_wrapped(text)))


def _did(subject: Subject, events: Sequence[Event], again: bool) -> str:
    """Where a context went in one turn, and its last step there."""
    first, last = events[0], events[-1]
    entered, reached = next(iter(without_helpers(first.chain)), first.context), subject.function(last)
    if again:
        way = f"goes on in {reached}()"
    elif entered == reached:
        way = f"runs {reached}()"
    else:
        way = f"runs {entered}() as far as {reached}()"
    steps = f", {count(len(events), 'step')}" if len(events) > 1 else ""
    return f"{last.context} {way}{steps}: {_milestone(subject, events)}{in_c(last)}"


def _milestone(subject: Subject, events: Sequence[Event]) -> str:
    """The step of a turn before its last one that says most."""
    if subject.finding is None:
        return ""
    ranked = [(_rank(subject, subject.finding, event), -event.index, event) for event in events[:-1]]
    rank, _, event = min(ranked, key=lambda one: one[:2], default=(_NOTHING, 0, None))
    if event is None or rank == _NOTHING:
        return ""
    where = f" in {subject.function(event)}()" if event == _misused(subject) else ""
    return f"{in_c(event)}{where}, then "


def _rank(subject: Subject, finding: Finding, event: Event) -> int:
    """How little a step says of a finding, from 0; `_NOTHING` for nothing.

    From what says most: it took or gave back the lock that is misused, or it decides, on an actor that the finding
    names; it takes what leaks; it changes what the finding names, and passes on another thing that the finding names;
    it decides, and not by a lock; it changes what the finding names; it decides by a lock.
    """
    decides, concerns = event.label in subject.decisive, subject.concerns(finding, event)
    locks = any(isinstance(note, Took | Gave) for note in event.notes)
    says = (
        event == _misused(subject) or (decides and subject.names(finding, event)),
        event == _leaking(subject),
        concerns and subject.handed(finding, event),
        decides and not locks,
        concerns,
        decides,
    )
    return next((rank for rank, so in enumerate(says) if so), _NOTHING)


def _leaking(subject: Subject) -> Event | None:
    """The step that takes what leaks, if something does."""
    if subject.finding is None or subject.last is None or kind_of(subject) != "leak":
        return None
    return taken(subject, subject.finding, subject.last)


def _misused(subject: Subject) -> Event | None:
    """The step that took, or gave back, the lock which the last step misuses."""
    return None if subject.last is None else before_misuse(subject.events, subject.last)


def _fitting(subject: Subject, turns: Sequence[_Turn], room: int) -> list[_Turn]:
    """As many of the turns as there is room for, in their order."""
    last = subject.last
    about = last.actor if last is not None else None
    breaking = next((turn.number for turn in turns if last in turn.events), len(turns))
    before, behind = turns[:breaking], turns[breaking:]
    telling = [turn for turn in before if any(event.actor == about and event.changed for event in turn.events)]
    deciding = [turn for turn in before if any(event.label in subject.decisive for event in turn.events)]
    meeting = {event.index for event in _meeting(subject)}
    kept = [turn for turn in before if turn is before[-1] or any(event.index in meeting for event in turn.events)]
    for turn in dict.fromkeys([*deciding, turns[0], *reversed(telling), *reversed(before), *behind]):
        if turn not in kept and sum(len(one.lines) for one in (*kept, turn)) <= room:
            kept.append(turn)
    return sorted(kept, key=lambda turn: turn.number)


def _meeting(subject: Subject) -> Iterator[Event]:
    """The steps in which the context that breaks something met others.

    These are the other access of a race; the step that took or gave back a misused lock; and for the context of either
    side, for each lock, the last time that it got this from another context, with the step that gave it back.
    """
    last, finding = subject.last, subject.finding
    if last is None or finding is None:
        return
    other = other_side(subject, last) if finding.property == "P22" else None
    sides = {last.context} if other is None else {last.context, other.context}
    if other is not None:
        yield other
    misused = _misused(subject)
    if misused is not None:
        yield misused
    given: dict[str, Event] = {}
    handed: dict[tuple[str, str], tuple[Event, Event]] = {}
    for event in subject.events[: last.index + 1]:
        for note in event.notes:
            match note:
                case Gave(lock):
                    given[lock] = event
                case Took(hold) if event.context in sides and hold.lock in given:
                    if given[hold.lock].context != event.context:
                        handed[event.context, hold.lock] = given[hold.lock], event
    yield from (event for pair in handed.values() for event in pair)


def _ending(subject: Subject, shown: int, total: int) -> str:
    left_out = f" ({count(total - shown, 'turn')} of {total} left out.)" if shown < total else ""
    finding = subject.finding
    if finding is None and subject.instead is not None and subject.instead.broken:
        asked, first = " or ".join(subject.instead.asked), subject.instead.broken[0]
        return f"That does not break {asked}, but {first.property}: {first.text}.{left_out}"
    if finding is None:
        return f"Nothing is broken by that.{left_out}"
    endless = f" And so on: {again(finding.loop)}." if finding.loop else ""
    text = "; ".join(part.demand.brief(part.edge) for part in finding.parts) or finding.text
    when = "In the end" if subject.execution.ending == "end" and subject.last == subject.events[-1] else "Then"
    return f"{when}: {text} ({finding.property}).{endless}{left_out}"


def _wrapped(text: str) -> Sequence[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="   ", break_on_hyphens=False)

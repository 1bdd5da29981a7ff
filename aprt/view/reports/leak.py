"""Reports of what nobody gives back: a pin, a registration, a reference, with who took it and who should have let go.

Form: mm/kmemleak.c: print_unreferenced(), as far as it fits what is counted here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.notes import Owes
from aprt.view.reports.subject import Subject

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"pin": "pin of a page", "gisc": "registration of an ISC", "reference": "reference"}
)
_GETS: Final = frozenset({"get", "try_get", "get_unless_zero"})


def leak(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report: what leaked, by whom it was taken, and where its owner ended."""
    event = taken(subject, finding, last)
    lines = [f"unreferenced {_KINDS[_kind(finding)]} ({finding.text}):"]
    lines += ["  taken before the first step"] if event is None else _place(subject, event, "taken")
    return [*lines, *_place(subject, last, "lost")]


def taken(subject: Subject, finding: Finding, last: Event) -> Event | None:
    """The step that took what leaked; None where it was there before the first one."""
    kind = _kind(finding)
    return _referenced(subject, finding, last) if kind == "reference" else _owed(subject, finding, last, kind)


def _kind(finding: Finding) -> str:
    if finding.property == "P6":
        return "gisc"
    return "pin" if finding.property == "P5" or " pin " in finding.text else "reference"


def _place(subject: Subject, event: Event, what: str) -> list[str]:
    pid = subject.pids[event.context]
    head = f'  comm "{event.context}", pid {pid}, step {event.index}'
    return [head, f"  backtrace ({what}):", *(f"   {line}" for line in subject.trace(event))]


def _referenced(subject: Subject, finding: Finding, last: Event) -> Event | None:
    """The latest step that took a reference to what the finding names."""
    named = finding.text.split()
    gets = (e for e in reversed(subject.events[: last.index + 1]) if e.op in _GETS and e.changed)
    return next((event for event in gets if event.actor in named), None)


def _owed(subject: Subject, finding: Finding, last: Event, kind: str) -> Event | None:
    """The latest step that took what the finding names, or else what the context of the last step owes, or else any."""
    owed = {resource for resource, n in last.caller.after(last.notes).owed if n > 0}
    takes = [
        (note.resource, event)
        for event in reversed(subject.events[: last.index + 1])
        for note in event.notes
        if isinstance(note, Owes) and note.count > 0 and isinstance(note.resource, tuple) and note.resource[0] == kind
    ]
    named = [one for one in takes if f"{_thing(one[0])} " in f"{finding.text} "]
    chosen = named or [one for one in takes if one[0] in owed] or takes
    return chosen[0][1] if chosen else None


def _thing(resource: Hashable) -> str:
    """A resource as findings name it."""
    match resource:
        case ("pin", vm, page):
            return f"page {page:#x} of {vm}"
        case ("gisc", vm, isc):
            return f"ISC {isc} of {vm}"
        case _:
            return str(resource)

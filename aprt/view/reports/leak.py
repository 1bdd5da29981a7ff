"""Reports of what nobody gives back: a pin, a registration, a reference, with who took it and who should have let go.

Form: mm/kmemleak.c: print_unreferenced(), as far as it fits what is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.events import Event
from aprt.core.notes import Owes
from aprt.core.properties import Finding
from aprt.view.reports.subject import Subject

_KIND: Final[Mapping[str, str]] = MappingProxyType({"P5": "pin", "P6": "gisc"})


def leak(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report: what leaked, by whom it was taken, and where its owner ended."""
    resource, taken = _taken(subject, last, _KIND.get(finding.property))
    lines = [f"unreferenced {_named(resource)} ({finding.text})"]
    if taken is not None:
        pid = subject.pids[taken.context]
        lines += [f'  comm "{taken.context}", pid {pid}, step {taken.index}', "  backtrace (taken):"]
        lines += [f"   {line}" for line in subject.trace(taken)]
    pid = subject.pids[last.context]
    lines += [f'  comm "{last.context}", pid {pid}, step {last.index}', "  backtrace (lost):"]
    return lines + [f"   {line}" for line in subject.trace(last)]


def _taken(subject: Subject, last: Event, kind: str | None) -> tuple[object, Event | None]:
    """The latest thing of that kind that was taken, by preference one that the last step's context owes; the step."""
    owed = {resource for resource, count in last.caller.after(last.notes).owed if count > 0 and _is(resource, kind)}
    for event in reversed(subject.events[: last.index + 1]):
        for note in event.notes:
            match note:
                case Owes(resource, count) if count > 0 and _is(resource, kind) and (not owed or resource in owed):
                    return resource, event
    return None, None


def _is(resource: object, kind: str | None) -> bool:
    return isinstance(resource, tuple) and resource[0] in ((kind,) if kind else ("pin", "gisc"))


def _named(resource: object) -> str:
    match resource:
        case ("pin", vm, page):
            return f"pin of page {page:#x} of {vm}"
        case ("gisc", vm, isc):
            return f"registration of ISC {isc} of {vm}"
        case tuple():
            return " ".join(map(str, resource))
        case _:
            return "reference"

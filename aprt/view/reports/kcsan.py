"""Reports of the concurrency sanitizer: two accesses of the same data that no lock keeps apart.

Form: kernel/kcsan/report.c: print_report(). Values are those of the model.
"""

from __future__ import annotations

from collections.abc import Iterator

from aprt.core.declarations import changed_fields
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.verdict import unlocked
from aprt.view.reports.subject import HARDWARE, Subject
from aprt.view.words import word

_RULER = "=" * 66


def kcsan(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report; the other side is the latest step that races with the last one, if there is any."""
    other = other_side(subject, last)
    sides = [last] if other is None else [other, last]
    lines = [_RULER, f"BUG: KCSAN: data-race in {functions(subject, last)}", ""]
    for event in sides:
        lines += [f"{_access(subject, event)}:", *subject.trace(event), ""]
    if other is None:
        lines += ["no access of another context was met that it races with", ""]
    lines += [line for event in sides if event.changed for line in (*_values(subject, event), "")]
    lines += [f"({finding.text})", "", "Reported by Kernel Concurrency Sanitizer on:", subject.cpu_line(last)]
    return [*lines, HARDWARE, _RULER]


def functions(subject: Subject, last: Event) -> str:
    """`A / B`: where the two sides are, by name."""
    other = other_side(subject, last)
    return " / ".join(sorted({subject.function(event) for event in (last, other) if event is not None}))


def other_side(subject: Subject, last: Event) -> Event | None:
    """The latest step before `last` that races with it."""
    return unlocked.other_side(subject.system, subject.events[: last.index + 1])


def _access(subject: Subject, event: Event) -> str:
    kind = "write" if event.changed else "read"
    where = f"{subject.address(event.actor or event.op):#018x} of 8 bytes"
    return f"{kind} to {where} by task {subject.pids[event.context]} on cpu {subject.cpu(event.context)}"


def _values(subject: Subject, event: Event) -> Iterator[str]:
    """What a write makes of the data."""
    before, after = subject.value_before(event), event.state
    for name in sorted(changed_fields(before, after)):
        old, new = (word(value if name == "*" else getattr(value, name)) for value in (before, after))
        yield f"value changed: {old} -> {new}"

"""Reports of the concurrency sanitizer: two accesses of the same data that nothing orders.

Form: kernel/kcsan/report.c: print_report().
"""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.view.reports.subject import Subject

_RULER = "=" * 66


def kcsan(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report; the other side is the latest step of another context on the same data."""
    other = next((e for e in reversed(subject.events[: last.index]) if _meets(e, last)), None)
    if other is None:
        head = f"BUG: KCSAN: data-race in {subject.function(last)}"
        origin = [f"race at unlocked origin, with {_access(subject, last)}:", *subject.trace(last)]
    else:
        head = f"BUG: KCSAN: data-race in {subject.function(other)} / {subject.function(last)}"
        sides = ((other, _access(subject, other)), (last, _access(subject, last)))
        origin = [line for event, text in sides for line in (f"{text}:", *subject.trace(event), "")]
    return [
        _RULER,
        head,
        "",
        *origin,
        f"{finding.text}",
        "",
        "Reported by Kernel Concurrency Sanitizer on:",
        subject.cpu_line(last),
        _RULER,
    ]


def _meets(event: Event, last: Event) -> bool:
    return event.actor == last.actor and event.context != last.context and (event.changed or last.changed)


def _access(subject: Subject, event: Event) -> str:
    kind = "write" if event.changed else "read"
    where = f"{subject.address(event.actor or event.op):#018x} of 8 bytes"
    pid = subject.pids[event.context]
    return f"{kind} to {where} by task {pid} on cpu {subject.cpu(event.context)} ({event.actor}.{event.op})"

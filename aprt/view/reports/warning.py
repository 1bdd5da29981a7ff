"""A WARN of the kernel. Form: kernel/panic.c: __warn(), and what s390 prints after it."""

from __future__ import annotations

from collections.abc import Iterable

from aprt.core.events import Event
from aprt.view.reports.subject import HARDWARE, Subject


def warning(subject: Subject, last: Event, place: str, said: Iterable[str], after: Iterable[str] = ()) -> list[str]:
    """place: where the WARN stands (`lib/refcount.c:28 `), before the function. said: what is printed before it."""
    cpu, pid = subject.cpu(last.context), subject.pids[last.context]
    return [
        "------------[ cut here ]------------",
        *said,
        f"WARNING: CPU: {cpu} PID: {pid} at {place}{subject.where(last)}",
        subject.cpu_line(last),
        HARDWARE,
        "Call Trace:",
        *subject.trace(last),
        *after,
        "---[ end trace 0000000000000000 ]---",
    ]

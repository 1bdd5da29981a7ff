"""Reports of reference counts that start from nothing or go below it. Form: lib/refcount.c, and a WARN around it."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.view.reports.subject import Subject


def refcount(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    up = last.op.startswith("get") or "inc" in last.op
    sentence = "addition on 0; use-after-free." if up else "underflow; use-after-free."
    return [
        "------------[ cut here ]------------",
        f"refcount_t: {sentence}",
        f"WARNING: CPU: {subject.cpu(last.context)} PID: {subject.pids[last.context]} at lib/refcount.c "
        f"{subject.where(last)}",
        f"  ({finding.text})",
        subject.cpu_line(last),
        "Call Trace:",
        *subject.trace(last),
        "---[ end trace 0000000000000000 ]---",
    ]

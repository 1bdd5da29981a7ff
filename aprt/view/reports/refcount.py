"""Reports of counts that start from nothing or go below it. Form: lib/refcount.c: refcount_warn_saturate()."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.view.reports.subject import Subject
from aprt.view.reports.warning import warning


def refcount(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    sentence, line = ("addition on 0", 25) if last.op.startswith("get") else ("underflow", 28)
    said = (f"refcount_t: {sentence}; use-after-free.", f"  ({finding.text})")
    return warning(subject, last, f"lib/refcount.c:{line} ", said)

"""Reports of the address sanitizer: use after free, double free, null-ptr-deref, with who allocated and who freed.

Form: mm/kasan/report.c: print_report(); mm/kasan/report_generic.c.
"""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.view.reports.subject import Subject
from aprt.view.reports.title import bug_of

_RULER = "=" * 66
_SIZE = 96
_ALLOC = frozenset({"alloc", "create"})


def kasan(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    bug, name = bug_of(finding.text), _object(finding, last)
    address = 0 if bug == "null-ptr-deref" else subject.address(name)
    lines = [
        _RULER,
        f"BUG: KASAN: {bug} in {subject.where(last)}",
        f"{_access(last, bug)} at addr {address:016x} by task {subject.task(last.context)}",
        f"  ({finding.text})",
        "",
        subject.cpu_line(last),
        "Call Trace:",
        *subject.trace(last),
    ]
    if bug == "null-ptr-deref":
        return [*lines, _RULER]
    lines += _who("Allocated", subject, _latest(subject, name, _ALLOC, last), "before the first step")
    lines += _who("Freed", subject, _latest(subject, name, frozenset({"free"}), last), "before the first step")
    return [*lines, *_region(address, name), _RULER]


def _access(last: Event, bug: str) -> str:
    if bug == "double-free":
        return "Free"
    return "Write of size 8" if last.changed else "Read of size 8"


def _object(finding: Finding, last: Event) -> str:
    """The object that a finding is about: its text names it, and the last step's actor is it otherwise."""
    words = finding.text.replace(",", "").split()
    if "freed" in words and words.index("freed") + 1 < len(words) and words[-1] != "freed":
        return " ".join(words[words.index("freed") + 1 :])
    return last.actor or last.op


def _latest(subject: Subject, name: str, ops: frozenset[str], last: Event) -> Event | None:
    before = [e for e in subject.events[: last.index] if e.actor == name and e.op in ops]
    return before[-1] if before else None


def _who(did: str, subject: Subject, event: Event | None, otherwise: str) -> list[str]:
    if event is None:
        return ["", f"{did} {otherwise}."]
    return ["", f"{did} by task {subject.pids[event.context]}:", *subject.trace(event)]


def _region(address: int, name: str) -> list[str]:
    end = address + _SIZE
    return [
        "",
        f"The buggy address belongs to the object at {address:016x} ({name})",
        f" which belongs to the cache kmalloc-{_SIZE} of size {_SIZE}",
        "The buggy address is located 0 bytes inside of",
        f" freed {_SIZE}-byte region [{address:016x}, {end:016x})",
        "",
        "Memory state around the buggy address:",
        f" {address - 0x80:016x}: {_row('fc', 'fc')}",
        f">{address:016x}: {_row('fa', 'fb')}",
        f" {'':17}^",
        f" {address + 0x80:016x}: {_row('fc', 'fc')}",
    ]


def _row(first: str, rest: str) -> str:
    return " ".join([first, *[rest] * 15])

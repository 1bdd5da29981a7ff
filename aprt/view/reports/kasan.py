"""Reports of the address sanitizer: use after free, double free, null-ptr-deref, with who allocated and who freed.

Form: mm/kasan/report.c: print_report(); mm/kasan/report_generic.c.
"""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.detect.lifetime import Lives
from aprt.view.reports.subject import HARDWARE, Subject
from aprt.view.reports.title import access_of, bug_of

_RULER = "=" * 66
_SIZE = 96
_GRANULES = _SIZE // 8  # a byte of the shadow stands for eight
_ROW = 16  # granules in a line


def kasan(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    bug, name = bug_of(subject, finding.text), _object(finding, last)
    address = 0 if bug == "null-ptr-deref" else subject.address(name)
    access = access_of(subject, finding)
    lines = [
        _RULER,
        f"BUG: KASAN: {bug} in {subject.where(last)}",
        f"{access} of size 8 at addr {address:016x} by task {subject.task(last.context)}"
        if access
        else f"Free of addr {address:016x} by task {subject.task(last.context)}",
        f"  ({finding.text})",
        "",
        subject.cpu_line(last),
        HARDWARE,
        "Call Trace:",
        *subject.trace(last),
    ]
    if bug == "null-ptr-deref":
        return [*lines, *_oops(), _RULER]
    lives = Lives(subject.system.initial())
    for event in subject.events[: last.index]:
        lives.feed(event)
    lines += _who("Allocated", subject, lives.made.get(name))
    lines += _who("Freed", subject, lives.freed.get(name))
    return [*lines, *_region(subject, address, name), _RULER]


def _oops() -> list[str]:
    """How s390 goes on from there."""
    return [
        "",
        "Unable to handle kernel pointer dereference in virtual kernel address space",
        "Failing address: 0000000000000000 TEID: 0000000000000483",
        "Fault in home space mode while using kernel ASCE.",
        "Oops: 0004 ilc:2 [#1] SMP",
    ]


def _object(finding: Finding, last: Event) -> str:
    """The object that a finding is about: its text names it, and the last step's actor is it otherwise."""
    words = finding.text.replace(",", "").split()
    if "freed" in words and words.index("freed") + 1 < len(words) and words[-1] != "freed":
        return " ".join(words[words.index("freed") + 1 :])
    return last.actor or last.op


def _who(did: str, subject: Subject, event: Event | None) -> list[str]:
    if event is None:
        return ["", f"{did} before the first step."]
    return ["", f"{did} by task {subject.pids[event.context]}:", *subject.trace(event)]


def _region(subject: Subject, address: int, name: str) -> list[str]:
    end, freed = address + _SIZE, "" if subject.before_release(6, 2) else "freed "
    redzone = " ".join(["fc"] * _ROW)
    return [
        "",
        f"The buggy address belongs to the object at {address:016x} ({name})",
        f" which belongs to the cache kmalloc-{_SIZE} of size {_SIZE}",
        "The buggy address is located 0 bytes inside of",
        f" {freed}{_SIZE}-byte region [{address:016x}, {end:016x})",
        "",
        "Memory state around the buggy address:",
        f" {address - 0x80:016x}: {redzone}",
        f">{address:016x}: {' '.join(['fa', *['fb'] * (_GRANULES - 1), *['fc'] * (_ROW - _GRANULES)])}",
        f" {'':18}^",
        f" {address + 0x80:016x}: {redzone}",
    ]

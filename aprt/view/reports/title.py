"""The one line by which a bug is known: in the manner of syzbot, stable over schedules of the same bug."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.notes import Broken, Oops
from aprt.view.reports.subject import Subject

_HANGS = frozenset({"deadlock", "hang", "P30", "P31", "P32", "P33", "P42", "P44"})

_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lockdep": "possible deadlock",
        "kcsan": "KCSAN: data-race",
        "refcount": "WARNING: refcount bug",
        "hungtask": "INFO: task hung",
        "leak": "memory leak",
    }
)


def title(subject: Subject) -> str:
    """`KASAN: use-after-free in vfio_ap_irq_enable`, `possible deadlock in ...`, `invariant P5 broken in ...`."""
    finding, last = subject.finding, subject.last
    if finding is None:
        return f"{subject.scenario.name}: this execution alone breaks nothing"
    where = "the initial state" if last is None else subject.function(last)
    if finding.property in ("P30", "P31"):
        return f"lost interrupt in {where}"
    kind = kind_of(subject)
    if kind == "kasan":
        return f"KASAN: {bug_of(finding.text)} in {where}"
    if kind in _TITLES:
        return f"{_TITLES[kind]} in {where}"
    return f"invariant {finding.property} broken in {where}"


def kind_of(subject: Subject) -> str:
    """Which report tells a finding best; `columns` where none does."""
    finding = subject.finding
    if finding is None:
        return "columns"
    if finding.parts or finding.property in ("P20", "K1", "K2"):
        return "lockdep"
    if finding.property == "P22":
        return "kcsan"
    if finding.property == "K3":
        return "refcount"
    if finding.property in _HANGS or finding.loop:
        return "hungtask"
    if finding.property == "P9" or (finding.property in ("P2", "P8") and _noted(subject)):
        return "kasan"
    if finding.property in ("P5", "P6", "P7") or "still alive" in finding.text:
        return "leak"
    return "columns"


def bug_of(text: str) -> str:
    """The first words of a KASAN report: what is wrong with the access."""
    if "double free" in text:
        return "double-free"
    if "null-ptr-deref" in text or "NULL" in text:
        return "null-ptr-deref"
    return "slab-use-after-free"


def _noted(subject: Subject) -> bool:
    last, finding = subject.last, subject.finding
    if last is None or finding is None:
        return False
    return any(isinstance(n, Broken | Oops) and n.property == finding.property for n in last.notes)

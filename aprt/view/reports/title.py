"""The title of a bug, in the manner of syzbot: the same for all schedules that show the same bug."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.lock_order import interrupting
from aprt.core.notes import Broken, Oops
from aprt.verdict.telling import Instead
from aprt.view.reports.hungtask import state_of
from aprt.view.reports.kcsan import functions, other_side
from aprt.view.reports.subject import Subject, innermost

_HANGS = frozenset({"deadlock", "hang", "P30", "P31", "P32", "P33", "P42", "P44", "P49"})

_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lockdep": "possible deadlock",
        "refcount": "WARNING: refcount bug",
        "hungtask": "INFO: task hung",
        "leak": "memory leak",
    }
)


def title(subject: Subject) -> str:
    """`KASAN: slab-use-after-free Read in handle_pqap`, `possible deadlock in ...`, `invariant P5 broken in ...`."""
    finding, last = subject.finding, subject.last
    if finding is None:
        return f"{subject.case.scenario.name}: this execution alone {_breaks(subject.instead)}"
    if kind_of(subject) == "kcsan" and last is not None:
        return f"KCSAN: data-race in {functions(subject, last)}"
    where = _where(subject, finding, last)
    if finding.property in ("P30", "P31"):
        return f"lost interrupt in {where}"
    if finding.property == "P22":
        return f"WARNING in {where}"
    if finding.property == "K2":
        return f"WARNING: bad unlock balance in {where}"
    kind = kind_of(subject)
    if kind == "kasan":
        access = access_of(subject, finding)
        return f"KASAN: {bug_of(subject, finding.text)}{access and f' {access}'} in {where}"
    if kind == "hungtask" and not any(state_of(subject, finding, task) == "D" for task in subject.hung(finding)):
        return f"task hung in {where}"
    if interrupting(tuple(part.edge for part in finding.parts)) is not None:
        what = "inconsistent lock state" if len(finding.parts) == 2 else _TITLES[kind]
        return f"{what} in {innermost(finding.parts[-2].demand.chain, where)}"
    if kind in _TITLES:
        return f"{_TITLES[kind]} in {where}"
    return f"invariant {finding.property} broken in {where}"


def _breaks(instead: Instead | None) -> str:
    if instead is None:
        return "breaks nothing"
    others = " and ".join(dict.fromkeys(finding.property for finding in instead.broken))
    return f"does not break {' or '.join(instead.asked)}{f'; it breaks {others}' if others else ', nor anything else'}"


def kind_of(subject: Subject) -> str:
    """The kind of report that tells a finding best; `columns` where no report does."""
    finding = subject.finding
    if finding is None:
        return "columns"
    if finding.parts or finding.property in ("P20", "P21", "K1", "K2"):
        return "lockdep"
    if finding.property == "P22":
        return "kcsan" if subject.last is not None and other_side(subject, subject.last) else "lockdep"
    if finding.property == "K3":
        return "refcount"
    if finding.property in _HANGS or finding.loop:
        return "hungtask"
    if finding.property == "P9" or (finding.property in ("P2", "P8") and _noted(subject)):
        return "kasan"
    if finding.property in ("P5", "P6", "P7") or "still alive" in finding.text:
        return "leak"
    return "columns"


def access_of(subject: Subject, finding: Finding) -> str:
    """`Read` or `Write`, as the handler that was to run declares; empty where something is freed twice."""
    last = subject.last
    if last is None or bug_of(subject, finding.text) == "double-free":
        return ""
    actor = subject.actor(last.actor)
    return "Read" if actor is None or not actor.handler(last.op).writes else "Write"


def bug_of(subject: Subject, text: str) -> str:
    """The first words of a KASAN report: what is wrong with the access, as the kernel of the era calls it."""
    if "double free" in text:
        return "double-free"
    if "null-ptr-deref" in text or "NULL" in text:
        return "null-ptr-deref"
    return "use-after-free" if subject.before_release(6, 4) else "slab-use-after-free"


def _noted(subject: Subject) -> bool:
    last, finding = subject.last, subject.finding
    if last is None or finding is None:
        return False
    return any(isinstance(n, Broken | Oops) and n.property == finding.property for n in last.notes)


def _where(subject: Subject, finding: Finding, last: Event | None) -> str:
    """The function that a finding is about: in which a task hangs, which closes a cycle of locks, or which breaks it.

    What is wrong only at the end is put down to the last step that changed what the finding names, and not to the step
    that happens to be the last.
    """
    if last is None:
        return "the initial state"
    closing = next((part.demand for part in finding.parts if part.schedule == finding.schedule), None)
    if closing is not None:
        return innermost(closing.chain, last.context)
    if kind_of(subject) == "hungtask" and (hung := subject.hung(finding)):
        ask = subject.pending.get(hung[0])
        return hung[0] if ask is None else innermost(ask.chain, hung[0])
    if subject.execution.ending != "end":
        return subject.function(last)
    daemons = {context.name for context in subject.system.contexts if context.daemon}
    mine = [event for event in subject.events[: last.index + 1] if event.context not in daemons]
    named = [event for event in mine if subject.concerns(finding, event)]
    return subject.function((named or mine or [last])[-1])

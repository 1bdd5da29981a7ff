"""Reports of the lock checker: circular dependency, recursive locking, bad unlock balance.

Form: kernel/locking/lockdep.c: print_circular_bug(), print_deadlock_bug(), print_unlock_imbalance_bug().
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aprt.core.events import Event
from aprt.core.notes import Hold
from aprt.core.properties import Finding, Part
from aprt.view.reports.subject import Subject

_RULER, _LINE = "=" * 54, "-" * 54


def lockdep(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    if finding.property == "K2":
        return _imbalance(subject, last)
    if finding.parts:
        return _circular(subject, _closed_by_last(finding), last)
    return _recursive(subject, last)


def _head(subject: Subject, what: str) -> list[str]:
    return [_RULER, f"WARNING: {what}", f"{subject.release} #1 Not tainted", _LINE]


def _closed_by_last(finding: Finding) -> Sequence[Part]:
    """The parts of a cycle, turned so that the one comes last that the finding's own schedule leads to."""
    own = next((i for i, part in enumerate(finding.parts) if part.schedule == finding.schedule), -1)
    return (*finding.parts[own + 1 :], *finding.parts[: own + 1]) if own >= 0 else finding.parts


def _circular(subject: Subject, parts: Sequence[Part], last: Event) -> list[str]:
    *others, closing = parts
    asked, held = closing.edge.asked, closing.edge.held
    lines = [
        *_head(subject, "possible circular locking dependency detected"),
        f"{subject.task(last.context)} is trying to acquire lock:",
        _at(subject, asked, last),
        "",
        "but task is already holding lock:",
        _at(subject, held, _taken(subject, last, held)),
        "",
        "which lock already depends on the new lock.",
        "",
        "",
        "the existing dependency chain (in reverse order) is:",
    ]
    for number, part in reversed([*enumerate(others, 1), (0, closing)]):
        lines += ["", f"-> #{number} ({part.edge.asked}){{+.+.}}:", f"       {part.text}"]
    chain = [closing.edge.asked, *(part.edge.asked for part in others)]
    lines += ["", "other info that might help us debug this:", ""]
    if len(chain) > 2:
        lines += ["Chain exists of:", f"  {' --> '.join(chain)}", ""]
    lines += [" Possible unsafe locking scenario:", "", *_box(held, asked, chain), "", " *** DEADLOCK ***", ""]
    return lines + _tail(subject, last, last.caller.after(last.notes).held)


def _box(held: str, asked: str, chain: Sequence[str]) -> Iterator[str]:
    middle = chain[1] if len(chain) > 2 else asked
    yield "       CPU0                    CPU1"
    yield "       ----                    ----"
    yield f"  lock({held});"
    for lock in dict.fromkeys((middle, held)):
        yield f"                               lock({lock});"
    yield f"  lock({asked});"


def _recursive(subject: Subject, last: Event) -> list[str]:
    lock = last.actor or last.op
    return [
        *_head(subject, "possible recursive locking detected"),
        f"{subject.task(last.context)} is trying to acquire lock:",
        _at(subject, lock, last),
        "",
        "but task is already holding lock:",
        _at(subject, lock, _taken(subject, last, lock)),
        "",
        "other info that might help us debug this:",
        " Possible unsafe locking scenario:",
        "",
        "       CPU0",
        "       ----",
        f"  lock({lock});",
        f"  lock({lock});",
        "",
        " *** DEADLOCK ***",
        "",
        *_tail(subject, last, last.caller.held),
    ]


def _imbalance(subject: Subject, last: Event) -> list[str]:
    return [
        *_head(subject, "bad unlock balance detected!"),
        f"{subject.task(last.context)} is trying to release lock ({last.actor}) at:",
        f"{subject.where(last)}",
        "but there are no more locks to release!",
        "",
        "other info that might help us debug this:",
        *_tail(subject, last, last.caller.held),
    ]


def _tail(subject: Subject, last: Event, held: Collection[Hold]) -> list[str]:
    lines = [f"{len(held)} lock{'s' * (len(held) != 1)} held by {subject.task(last.context)}:"] if held else []
    for number, hold in enumerate(held):
        lines.append(f" #{number}: {_at(subject, hold.lock, _taken(subject, last, hold.lock))}")
    if not held:
        lines.append(f"no locks held by {subject.task(last.context)}.")
    return [*lines, "", "stack backtrace:", subject.cpu_line(last), "Call Trace:", *subject.trace(last)]


def _at(subject: Subject, lock: str, event: Event) -> str:
    inner = "{3:3}" if any(h.lock == lock and h.atomic for h in event.caller.held) else "{4:4}"
    return f"{subject.address(lock):016x} ({lock}){{+.+.}}-{inner}, at: {subject.where(event)}"


def _taken(subject: Subject, last: Event, lock: str) -> Event:
    """The step in which the context took a lock, or a lock of that class, that it holds at its last step."""
    for event in reversed(subject.events[: last.index + 1]):
        gained = set(event.caller.after(event.notes).held) - set(event.caller.held)
        if event.context == last.context and any(_is(hold, lock) for hold in gained):
            return event
    return last


def _is(hold: Hold, lock: str) -> bool:
    return lock in (hold.lock, hold.family)

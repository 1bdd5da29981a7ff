"""Reports of the lock checker: circular dependency, recursive locking, bad unlock balance.

Where interrupts close a circle the report is one of `lock_interrupts`.

Form: kernel/locking/lockdep.c: print_circular_bug(), print_deadlock_bug(), print_unlock_imbalance_bug(). Beyond it,
each edge says who makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aprt.core.events import Event
from aprt.core.finding import Finding, Part
from aprt.core.lock_order import interrupting
from aprt.core.notes import Hold
from aprt.view.reports.holds import at, held_at, kind, locks_held, on_one_cpu, spelled
from aprt.view.reports.lock_interrupts import interrupted
from aprt.view.reports.subject import HARDWARE, Subject, call_trace
from aprt.view.reports.warning import warning

_RULER, _LINE = "=" * 54, "-" * 54


def lockdep(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """The whole report."""
    if finding.property == "P22":
        return _unlocked(subject, finding, last)
    if finding.property == "K2":
        return _imbalance(subject, last)
    if finding.parts:
        irq = interrupting(tuple(part.edge for part in finding.parts))
        if irq is not None:
            return interrupted(subject, irq, finding.parts)
        return _circular(subject, _closed_by_last(finding), last)
    return _recursive(subject, last)


def _head(subject: Subject, what: str) -> list[str]:
    return [_RULER, f"WARNING: {what}", f"aprt-model {subject.release} #1 Not tainted", _LINE]


def _closed_by_last(finding: Finding) -> Sequence[Part]:
    """The parts of a cycle, rotated so that the last one is that of the finding's own schedule."""
    own = next((i for i, part in enumerate(finding.parts) if part.schedule == finding.schedule), -1)
    return (*finding.parts[own + 1 :], *finding.parts[: own + 1]) if own >= 0 else finding.parts


def _circular(subject: Subject, parts: Sequence[Part], last: Event) -> list[str]:
    *others, closing = parts
    asked, held = closing.demand.lock, closing.demand.edges[closing.edge]
    context = closing.demand.by.context
    frames = subject.along(closing.schedule).asking(context)
    chain = [spelled(subject, closing.demand.lock), *(spelled(subject, part.demand.lock) for part in others)]
    lines = [
        *_head(subject, "possible circular locking dependency detected"),
        f"{subject.task(context)} is trying to acquire lock:",
        at(subject, asked, frames),
        "",
        "but task is already holding lock:",
        held_at(subject, context, held),
        "",
        "which lock already depends on the new lock.",
        "",
        "",
        "the existing dependency chain (in reverse order) is:",
    ]
    for number, part in reversed([(0, closing), *enumerate(others, 1)]):
        lines += ["", f"-> #{number} {kind(subject, part.demand.lock)}:", *_edge(subject, part)]
    lines += ["", "other info that might help us debug this:", ""]
    if len(chain) > 2:
        lines += ["Chain exists of:", f"  {' --> '.join(chain)}", ""]
    lines += [" Possible unsafe locking scenario:", "", *_box(chain), "", " *** DEADLOCK ***", ""]
    return lines + _tail(subject, last, closing.demand.by.held, frames)


def _edge(subject: Subject, part: Part) -> Iterator[str]:
    """Who asks for the lock of an edge, and where, in the execution of that part."""
    there, by = subject.along(part.schedule), part.demand.by
    yield f"       {by.context}, which holds {part.demand.edges[part.edge].lock}:"
    yield from (f"       {frame}" for frame in there.asking(by.context))


def _box(chain: Sequence[str]) -> Iterator[str]:
    """chain: the lock that is asked for, those that depend on it, and at its end the one that is held."""
    asked, held = chain[0], chain[-1]
    middle = chain[-2] if len(chain) > 2 else asked
    yield "       CPU0                    CPU1"
    yield "       ----                    ----"
    yield f"  lock({held});"
    for lock in dict.fromkeys((middle, held)):
        yield f"                               lock({lock});"
    yield f"  lock({asked});"


def _recursive(subject: Subject, last: Event) -> list[str]:
    actor = subject.actor(last.actor)
    lock = next(hold for hold in last.caller.held if hold.lock == last.actor)
    return [
        *_head(subject, "possible recursive locking detected"),
        f"{subject.task(last.context)} is trying to acquire lock:",
        at(subject, lock if actor is None else actor.hold(lock.mode), subject.frames(last)),
        "",
        "but task is already holding lock:",
        held_at(subject, last.context, lock),
        "",
        "other info that might help us debug this:",
        *on_one_cpu(*[f"lock({spelled(subject, lock)});"] * 2),
        " May be due to missing lock nesting notation",
        "",
        *_tail(subject, last, last.caller.held, subject.frames(last)),
    ]


def _imbalance(subject: Subject, last: Event) -> list[str]:
    actor = subject.actor(last.actor)
    lock = last.actor if actor is None else spelled(subject, actor.hold())
    return [
        *_head(subject, "bad unlock balance detected!"),
        f"{subject.task(last.context)} is trying to release lock ({lock}) at:",
        f"{subject.where(last)}",
        "but there are no more locks to release!",
        "",
        "other info that might help us debug this:",
        *_tail(subject, last, last.caller.held, subject.frames(last)),
    ]


def _unlocked(subject: Subject, finding: Finding, last: Event) -> list[str]:
    """As lockdep_assert_held() says it."""
    after = ["", *locks_held(subject, last.context, last.caller.held)]
    return warning(subject, last, "", (f"  ({finding.text})",), after)


def _tail(subject: Subject, last: Event, held: Sequence[Hold], frames: Iterable[str]) -> list[str]:
    told = locks_held(subject, last.context, held)
    return [*told, "", "stack backtrace:", subject.cpu_line(last), HARDWARE, "Call Trace:", *call_trace(frames)]

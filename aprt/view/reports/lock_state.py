"""Report of the lock checker: a lock that a handler of interrupts takes, held elsewhere with such interrupts on.

No property says so: it is what detectors see in an execution (`detect.interrupts`).

Form: kernel/locking/lockdep.c: print_usage_bug(), print_usage_bug_scenario(), without the interrupts' own time stamps.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from aprt.core.events import Event
from aprt.detect.detectors import Detectors
from aprt.detect.interrupts import Interruption
from aprt.detect.lock_order import Circle, LockOrderDetector
from aprt.explore.replay import replay
from aprt.view.reports.holds import at, locks_held, on_one_cpu, spelled
from aprt.view.reports.subject import HARDWARE, Subject, call_trace

_RULER, _LINE = "=" * 32, "-" * 32

_CONTEXT: Final = MappingProxyType(
    {"hardirq": "HC1[1]:SC0[0]:HE0:SE1", "softirq": "HC0[0]:SC1[1]:HE1:SE0", None: "HC0[0]:SC0[0]:HE1:SE1"}
)
"""By what runs: whether that is a hard or a soft interrupt, and which of them are on."""

_USAGE: Final = MappingProxyType({"hardirq": "?.+.", "softirq": "+.?."})
"""By the kind of interrupt that takes it and that is on elsewhere."""


def interruption(subject: Subject) -> Interruption | None:
    """The first lock of an execution in an inconsistent state, with who takes it and who holds it."""
    detectors = Detectors(subject.system, (LockOrderDetector.kind,))
    replay(subject.system, subject.execution.schedule, (), (detectors,))
    circles = (one for one in detectors.found if isinstance(one, Circle) and len(one.cycle) == 1)
    return next((by for one in circles if (by := one.interruption) is not None), None)


def inconsistent(subject: Subject, by: Interruption) -> list[str]:
    """The whole report: of the two, the one that came later takes the lock."""
    kind = by.irq.upper()
    on, within = (f"{kind}-ON-W", by.held), (f"IN-{kind}-W", _taken(subject, by))
    (before, earlier), (now, last) = sorted((on, within), key=lambda side: side[1].index)
    lock, irq = spelled(subject, by.lock), by.irq if last is within[1] else None
    held = last.caller.after(last.notes).held
    return [
        _RULER,
        "WARNING: inconsistent lock state",
        f"aprt-model {subject.release} #1 Not tainted",
        _LINE,
        f"inconsistent {{{before}}} -> {{{now}}} usage.",
        f"{subject.task(last.context)} [{_CONTEXT[irq]}] takes:",
        at(subject, by.lock, subject.frames(last), _USAGE[by.irq]),
        f"{{{before}}} state was registered at:",
        *(f"  {frame}" for frame in subject.frames(earlier)),
        "",
        "other info that might help us debug this:",
        *on_one_cpu(f"lock({lock});", "<Interrupt>", f"  lock({lock});"),
        *locks_held(subject, last.context, held),
        "",
        "stack backtrace:",
        subject.cpu_line(last),
        HARDWARE,
        "Call Trace:",
        *call_trace(subject.frames(last)),
    ]


def _taken(subject: Subject, by: Interruption) -> Event:
    """The step in which the handler takes the lock, or, where it never does, its last one before."""
    mine = [event for event in subject.events if event.context == by.by.context]
    return next((event for event in mine if event.index > by.asks), mine[-1])

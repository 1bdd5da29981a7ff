"""Locks in the lines of the kernel's reports: class, usage and wait type, where they were taken, who holds them.

Form: kernel/locking/lockdep.c: print_lock(), lockdep_print_held_locks(). Whatever is waited for counts as a lock
(`core.lock_order`); what is none in C has the wait type `{0:0}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from aprt.core.amount import count
from aprt.core.notes import Hold
from aprt.kernel.attribute import Attribute
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.workqueue import Work
from aprt.view.reports.subject import Subject


def locks_held(
    subject: Subject, context: str, held: Sequence[Hold], used: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """`2 locks held by vcpu0/21:` and a line for each, the oldest first. used: by class, as for `kind`."""
    task = subject.task(context)
    head = f"{count(len(held), 'lock')} held by {task}:" if held else f"no locks held by {task}."
    told = (held_at(subject, context, hold, used.get(hold.family)) for hold in held)
    return [head, *(f" #{number}: {line}" for number, line in enumerate(told))]


def held_at(subject: Subject, context: str, hold: Hold, used: str | None = None) -> str:
    """A lock that a context holds, with where it took it. used: as for `kind`."""
    for event in reversed(subject.events):
        if event.context == context and hold in event.caller.after(event.notes).held and hold not in event.caller.held:
            return at(subject, hold, subject.frames(event), used)
    return at(subject, hold, (), used)


def at(subject: Subject, lock: Hold, frames: Iterable[str], used: str | None = None) -> str:
    """`<address> (&kvm->lock){+.+.}-{4:4}, at: <the innermost frame>`. used: as for `kind`."""
    where = next(iter(frames), "the start")
    return f"{subject.address(lock.lock):016x} {kind(subject, lock, used)}, at: {where}"


def on_one_cpu(*steps: str) -> list[str]:
    """How a lock can be asked for twice by one processor."""
    box = ("       CPU0", "       ----", *(f"  {step}" for step in steps))
    return [" Possible unsafe locking scenario:", "", *box, "", " *** DEADLOCK ***", ""]


def is_lock(subject: Subject, hold: Hold) -> bool:
    """Whether lockdep knows it: a lock, or one of the things that it treats as one."""
    return isinstance(subject.actor(hold.lock), Mutex | Spinlock | RwSem | Work | Attribute)


def kind(subject: Subject, lock: Hold, used: str | None = None) -> str:
    """The class of a lock with its usage and its wait type. used: the usage; None for that of process context."""
    match subject.actor(lock.lock):
        case Spinlock():
            usage, wait = "+.+.", "3:3"
        case RwSem():
            usage, wait = "++++", "4:4"
        case Mutex():
            usage, wait = "+.+.", "4:4"
        case _:  # a flag, a work item, a timer callback, an attribute, an object's end
            usage, wait = ("++++" if lock.shared else "+.+."), "0:0"
    return f"({spelled(subject, lock)}){{{used or usage}}}-{{{wait}}}"


def spelled(subject: Subject, lock: Hold) -> str:
    """The class of a lock as the kernel has it."""
    return subject.case.era.spelled(lock.family)

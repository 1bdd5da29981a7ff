"""Reports of the lock checker where interrupts close the circle: an inconsistent lock state, or an interrupt-safe lock
that is held while an unsafe one is asked for.

Form: kernel/locking/lockdep.c: print_usage_bug(), print_bad_irq_dependency(), print_irq_lock_scenario(), without the
interrupts' own time stamps. Whatever came last, the dependency on the unsafe lock is reported as the new one. So there
is no print_irq_inversion_bug(), the kernel's report where a new usage closes the circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from aprt.core.finding import Part
from aprt.core.notes import Hold, Irq
from aprt.view.reports.holds import at, held_at, kind, locks_held, on_one_cpu, spelled
from aprt.view.reports.subject import HARDWARE, Subject, call_trace

_CONTEXT: Final = MappingProxyType({"hardirq": "HC1[1]:SC0[0]:HE0:SE1", "softirq": "HC0[0]:SC1[1]:HE1:SE0"})
"""For a handler of each kind of interrupts: whether it is a hard or a soft one, and which interrupts are on."""

_INCONSISTENT: Final = MappingProxyType({"hardirq": "?.+.", "softirq": "+.?."})
_SAFE: Final = MappingProxyType({"hardirq": "-...", "softirq": "+.-."})
_UNSAFE, _NEITHER = "+.+.", "...."
"""Usages, by the kind of interrupt that takes the lock, or that is on elsewhere."""


def interrupted(subject: Subject, irq: Irq, parts: Sequence[Part]) -> list[str]:
    """The whole report. parts: of the cycle, first that of the handler, last the lock held with interrupts on."""
    return _inconsistent(subject, irq, *parts) if len(parts) == 2 else _unsafe(subject, irq, parts)


def _inconsistent(subject: Subject, irq: Irq, within: Part, on: Part) -> list[str]:
    """One lock in both roles: the report says that the part which came later takes it."""
    sides = (within, f"IN-{irq.upper()}-W"), (on, f"{irq.upper()}-ON-W")
    (before, earlier), (now, later) = sorted(sides, key=lambda side: len(side[0].schedule))
    here, lock, used = subject.along(now.schedule), within.demand.lock, _INCONSISTENT[irq]
    frames, name = _frames(here, now), spelled(subject, lock)
    return [
        *_head(subject, "inconsistent lock state", 32),
        f"inconsistent {{{earlier}}} -> {{{later}}} usage.",
        f"{here.task(now.demand.by.context)} [{_context(now)}] takes:",
        at(here, lock, frames, used),
        f"{{{earlier}}} state was registered at:",
        *(f"  {frame}" for frame in _along(subject, before)),
        "",
        "other info that might help us debug this:",
        *on_one_cpu(f"lock({name});", "<Interrupt>", f"  lock({name});"),
        *locks_held(here, now.demand.by.context, now.demand.by.held, {lock.family: used}),
        "",
        *_backtrace(here, frames),
    ]


def _unsafe(subject: Subject, irq: Irq, parts: Sequence[Part]) -> list[str]:
    within, *_, new, on = parts
    here, used, name = subject.along(new.schedule), _usages(irq, parts), irq.upper()
    kinds = [kind(subject, lock, used[lock.family]) for lock in _locks(parts)]
    context, frames, held = new.demand.by.context, _frames(here, new), new.demand.edges[new.edge]
    return [
        *_head(subject, f"{name}-safe -> {name}-unsafe lock order detected", 53),
        f"{here.task(context)} [{_context(new)}] is trying to acquire:",
        at(here, new.demand.lock, frames, used[new.demand.lock.family]),
        "",
        "and this task is already holding:",
        held_at(here, context, held, used[held.family]),
        "which would create a new lock dependency:",
        f" {kinds[-2]} -> {kinds[-1]}",
        "",
        f"but this new dependency connects a {name}-irq-safe lock:",
        f" {kinds[0]}",
        f"... which became {name}-irq-safe at:",
        *(f"  {frame}" for frame in _along(subject, within)),
        "",
        f"to a {name}-irq-unsafe lock:",
        f" {kinds[-1]}",
        f"... which became {name}-irq-unsafe at:",
        "...",
        *(f"  {frame}" for frame in _along(subject, on)),
        "",
        "other info that might help us debug this:",
        "",
        *_scenario([spelled(subject, lock) for lock in _locks(parts)]),
        *locks_held(here, context, new.demand.by.held, used),
        "",
        f"the dependencies between {name}-irq-safe lock and the holding lock:",
        *_chain(subject, irq, parts),
        "",
        f"the dependencies between the lock to be acquired and {name}-irq-unsafe lock:",
        *_class(0, kinds[-1], f"{name}-ON-W", _along(subject, on), frames),
        "",
        *_backtrace(here, frames),
    ]


def _locks(parts: Sequence[Part]) -> list[Hold]:
    """The locks from the safe one to the unsafe one."""
    return [part.demand.lock for part in parts[:-1]]


def _usages(irq: Irq, parts: Sequence[Part]) -> dict[str, str]:
    """The usage of each class; the locks between the safe one and the unsafe one are neither."""
    safe, *between, unsafe = _locks(parts)
    return {safe.family: _SAFE[irq], **{lock.family: _NEITHER for lock in between}, unsafe.family: _UNSAFE}


def _scenario(names: Sequence[str]) -> Iterator[str]:
    """names: of the locks from the safe one to the unsafe one."""
    safe, middle, unsafe = names[0], names[-2] if len(names) > 2 else names[1], names[-1]
    if middle != unsafe:
        yield from ("Chain exists of:", f"  {safe} --> {middle} --> {unsafe}", "")
    other = " " * 31
    yield from (" Possible interrupt unsafe locking scenario:", "")
    yield from ("       CPU0                    CPU1", "       ----                    ----")
    yield f"  lock({unsafe});"
    yield from (f"{other}local_irq_disable();", f"{other}lock({safe});", f"{other}lock({middle});")
    yield from ("  <Interrupt>", f"    lock({safe});", "", " *** DEADLOCK ***", "")


def _chain(subject: Subject, irq: Irq, parts: Sequence[Part]) -> Iterator[str]:
    """The locks from the safe one to the one that is held, each with where the next one is asked for under it."""
    used = _usages(irq, parts)
    for number, (part, following) in enumerate(pairwise(parts[:-1])):
        lock = kind(subject, part.demand.lock, used[part.demand.lock.family])
        usage = "INITIAL USE" if number else f"IN-{irq.upper()}-W"
        yield from _class(len(parts) - 3 - number, lock, usage, _along(subject, part), _along(subject, following))


def _class(depth: int, lock: str, usage: str, used: Sequence[str], acquired: Sequence[str]) -> Iterator[str]:
    indent = " " * depth
    yield from (f"{indent}-> {lock} {{", f"{indent}   {usage} at:")
    yield from (f"{indent}{' ' * (len(usage) + 7)}{frame}" for frame in used)
    yield from (f"{indent} }}", f"{indent} ... acquired at:")
    yield from (f"   {frame}" for frame in acquired)


def _along(subject: Subject, part: Part) -> list[str]:
    return _frames(subject.along(part.schedule), part)


def _frames(there: Subject, part: Part) -> list[str]:
    """Where a part of a cycle is made: a request, or the step after which interrupts may come."""
    demand = part.demand
    return there.frames(there.events[-1]) if demand.irqs_on else there.asking(demand.by.context)


def _context(part: Part) -> str:
    """Whether the context of a part is in an interrupt, and which interrupts are on."""
    by = part.demand.by
    on = (all(hold.masks != irq for hold in by.held) for irq in ("hardirq", "softirq"))
    return _CONTEXT[by.irq] if by.irq else "HC0[0]:SC0[0]:HE{:d}:SE{:d}".format(*on)


def _head(subject: Subject, what: str, width: int) -> list[str]:
    return ["=" * width, f"WARNING: {what}", f"aprt-model {subject.release} #1 Not tainted", "-" * width]


def _backtrace(here: Subject, frames: Sequence[str]) -> list[str]:
    return ["stack backtrace:", here.cpu_line(here.events[-1]), HARDWARE, "Call Trace:", *call_trace(frames)]

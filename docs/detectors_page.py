"""The page of detectors: what each reports, from the code, and what all have in common."""

from __future__ import annotations

from aprt.detect.kinds import KINDS
from docs.markdown import page, table


def detectors_page() -> str:
    rows = [(f"`{kind}`", about) for kind, about in KINDS.items()]
    return page(
        "# Detectors",
        "Detectors read the steps of one execution and report what kernel people know from lockdep, KASAN, KCSAN "
        "and the hung task watchdog: what is wrong, and the steps that matter. They know nothing of properties, "
        "and a property nothing of them: a detection changes neither the verdict nor the exit code.",
        "`aprt run` and `aprt replay` report what all of them see; `--detect KIND`, repeated, keeps some, "
        "`--detect none` none. What is reported of an execution depends on its schedule only, not on the driver that "
        "ran it nor on executions before; `--runs` reports the last one, and behind that the circles in the "
        "lock order that only all of the runs together show. `aprt bench detect` measures what detectors cost.",
        table(("`--detect`", "reports"), rows),
        "A use after free is also reported where it is only possible: an object is freed, and nothing orders that with "
        "a use before. Then the other order is searched for among all states, 100,000 at most: it is realised by a "
        "schedule, printed as a token, or never happens, or was not met as far as that went (`realised` in JSON).",
        "What `lock-order` says of interrupts P20 asks of all executions. A spinlock "
        "that a handler asks for and that is held elsewhere with such interrupts on is in an inconsistent state; where "
        "another lock that is so held is asked for under it, at once or by way of others, a safe lock comes before "
        "an unsafe one. The contexts need not meet: one execution may have the handler and another one the holder. "
        "Handlers are the callbacks of timers and the functions of tasklets; interrupts are off while a spinlock that "
        "was taken so is held. Left out: interrupts turned off without a lock, spinlocks for reading (`rwlock_t`), "
        "and CPUs, so that nobody can search for an interrupt that really comes there. The handler of KVM's alert "
        "interrupt takes no lock, and is no such handler here.",
        "Happens-before, for races, comes from what synchronises: locks, messages through mailboxes, wake-ups, "
        "completions, work items, timers, the last reference. Which of two accesses came first in the execution at "
        "hand counts for nothing. An actor says which fields of its state are no plain memory (`atomic`), a "
        "handler what it orders (`orders`); both are explained in `aprt/core/actor.py`. With `--format json` each "
        "detection has its `kind`, `text`, `step`, `objects` and `sites`.",
    )

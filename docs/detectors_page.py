"""The page of detectors: what each reports, from the code, and what all have in common."""

from __future__ import annotations

from aprt.detect.kinds import KINDS
from docs.markdown import page, table


def detectors_page() -> str:
    rows = [(f"`{kind}`", about) for kind, about in KINDS.items()]
    return page(
        "# Detectors",
        "Detectors read the steps of one execution and report what kernel people know from lockdep, KASAN, KCSAN "
        "and the hung task watchdog: what is wrong, and the steps that matter. They are independent of properties: a "
        "detection changes neither the verdict nor the exit code.",
        "`aprt run` and `aprt replay` use all of them; `--detect KIND`, repeated, uses some, `--detect none` none. "
        "What is reported of an execution depends only on its schedule, not on the driver that ran it or on earlier "
        "executions. With `--runs` the last execution is reported, and then those circles in the lock order that only "
        "all of the runs together show. `aprt bench detect` measures what detectors cost.",
        table(("`--detect`", "reports"), rows),
        "A use after free is also reported as *possible*: an object is used and later freed, and nothing orders the "
        "two. Then the other order is searched for, in at most 100,000 states. The answer (`realised` in JSON) is a "
        "schedule that frees first, printed as a token; or that there is none; or that none was met in these states.",
        "`lock-order` also watches interrupts, as P20 does in all executions. A spinlock that an interrupt handler "
        "asks for must not be held elsewhere while such interrupts are on: that is an inconsistent lock state. Nor "
        "may a lock that is held with interrupts on be asked for under it, directly or by way of other locks: then "
        "a safe lock comes before an unsafe one. One execution may show the handler and another one the holder. "
        "Handlers are the callbacks of timers and the functions of tasklets. Interrupts are off while a spinlock is"
        " held that was taken with interrupts off. Not modelled are interrupts turned off without a lock, "
        "`rwlock_t`, and CPUs, so that no search can show the interrupt really coming there. The handler of KVM's "
        "alert interrupt takes no lock and does not count.",
        "The happens-before order, for races, comes from what synchronises: locks, messages through mailboxes, "
        "wake-ups, completions, work items, timers, the last reference. That one access came first in the execution at "
        "hand does not order the two. An actor says which fields of its state are no plain memory (`atomic`), and a "
        "handler what it orders (`orders`); both are explained in `aprt/core/actor.py`. With `--format json` each "
        "detection has its `kind`, `text`, `step`, `objects` and `sites`.",
    )

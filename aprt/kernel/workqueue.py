"""Work items: a function that a worker context runs later, once for any number of requests made before it starts.

    idle --queue--> pending --take--> running --done--> idle

A work item queued while it runs is pending as well and runs again. Every work item has its own worker, a daemon
context that runs `worker(work, function)`.

A running work item counts as a lock (`kernel.running`), which `flush` waits for: a work item that needs a lock which
its flusher holds then shows up as a cycle in the lock order (P20), and flushing a work item from itself as rule K1.

A tasklet is a work item that runs in a handler of soft interrupts: `Work(name, irq="softirq")`. It must not sleep.

Mirrors: include/linux/workqueue.h: queue_work; kernel/workqueue.c: process_one_work, flush_work, cancel_work,
cancel_work_sync; include/linux/interrupt.h: tasklet_schedule; kernel/softirq.c: tasklet_action, tasklet_unlock_wait.
Left out: pools and concurrency limits (a work item never waits for a worker); delayed work; that flush_work does
not wait for a request made after it began, and that cancel_work_sync refuses such requests (here both wait until
the item is idle).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Irq
from aprt.kernel import rules
from aprt.kernel.running import Runnable

Args = TypeVarTuple("Args")


@attrs.frozen
class WorkState:
    """runner: the context that runs it just now."""

    pending: bool = False
    runner: str | None = None


@attrs.frozen(eq=False)
class Work(Runnable[WorkState]):
    """A work item and its own worker. Any context may queue it, also one that must not sleep.

    irq: what it runs in; None for a kernel thread.
    """

    atomic = ("*",)

    irq: Irq | None = None

    def initial(self) -> WorkState:
        return WorkState()

    @handler(reads="pending", writes="pending", orders="release")
    def queue(self, state: WorkState, by: Caller) -> Outcome[WorkState, bool]:
        """Asks for a run; replies False when one is pending already."""
        if state.pending:
            return state, False
        return attrs.evolve(state, pending=True), True

    @handler(reads="pending runner", writes="pending runner")
    def take(self, state: WorkState, by: Caller) -> Outcome[WorkState, None]:
        """For the worker: blocks until the item is pending and nobody runs it; then the caller does."""
        if not state.pending or state.runner is not None:
            return BLOCK
        return WorkState(runner=by.context), None, self.begun(self.irq)

    @handler(reads="runner", writes="runner")
    def done(self, state: WorkState, by: Caller) -> Outcome[WorkState, None]:
        """For the worker: the function has returned. Finding: the caller does not run it (nothing changes)."""
        return self._ended(state, by)

    @handler(reads="pending runner", acquires="exclusive", sleeps=True)
    def flush(self, state: WorkState, by: Caller) -> Outcome[WorkState, None]:
        """Blocks until the item is neither pending nor running.

        Findings: flushed by its own worker (ends the execution), sleeping under a spinlock.
        """
        if state.runner == by.context:
            return state, None, rules.recursive(by, self.name)
        if state.pending or state.runner is not None:
            return BLOCK
        return state, None

    @handler(reads="pending", writes="pending")
    def cancel(self, state: WorkState, by: Caller) -> Outcome[WorkState, bool]:
        """Never blocks; replies whether a run was pending, which will not happen. A running one goes on."""
        if not state.pending:
            return state, False
        return attrs.evolve(state, pending=False), True


async def cancel_sync(work: Work) -> bool:
    """Cancel `work` and wait until it no longer runs; whether a run was pending."""
    was_pending = await work.cancel()
    await work.flush()
    return was_pending


async def worker(work: Work, function: Callable[[*Args], Awaitable[object]], *args: *Args) -> None:
    """The daemon of `work`: runs the behaviour `function(*args)` whenever it is pending, forever."""
    while True:
        await work.take()
        await function(*args)
        await work.done()

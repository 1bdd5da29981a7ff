"""Wait queue: contexts that sleep until somebody wakes them, usually to look at a condition again.

Waiting is three steps and a look in between, and their order is the whole point:

    prepare    I am on the queue: from here on a wake-up reaches me
    (look)     the condition, which belongs to another actor
    schedule   blocks while I am on the queue; a waker takes me off
    finish     I am off the queue, woken or not

`wait_event` does them in that order. A behaviour that looks *before* it prepares can lose the wake-up that comes
in between and sleep for good, which an exploration shows as a deadlock.

To a lock checker a condition that somebody else makes true is no lock, and yet it can close a cycle like one. `awaits`
says what the waiters wait for, as a lock: sleeping on the queue then counts as asking for it, and whoever makes the
condition false has to hold it until it is true again (`kernel.flag`).

Mirrors: kernel/sched/wait.c: prepare_to_wait, finish_wait, autoremove_wake_function, __wake_up;
include/linux/wait.h: wait_event.
Left out: the look that wait_event takes before it first prepares; spurious wake-ups; interruptible waiting; the
difference between exclusive and other waiters (`wake_one` treats all as exclusive, `wake_all` none).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVarTuple

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Hold

Args = TypeVarTuple("Args")


@attrs.frozen
class WaitQueueState:
    """waiting: the contexts to wake, longest waiting first."""

    waiting: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class WaitQueue(Actor[WaitQueueState]):
    """Any number of contexts may wait; a wake-up with nobody on the queue is forgotten.

    awaits: what they wait for, as a lock; None when that is no part of the lock order.
    """

    atomic = ("*",)

    awaits: Hold | None = None

    def acquired(self, call: Call[Any]) -> Hold | None:
        return self.awaits if call.op == "schedule" else None

    def initial(self) -> WaitQueueState:
        return WaitQueueState()

    @handler(reads="waiting", writes="waiting")
    def prepare(self, state: WaitQueueState, by: Caller) -> Outcome[WaitQueueState, None]:
        """Puts the caller on the queue, at the end; no change when it is there already."""
        if by.context in state.waiting:
            return state, None
        return WaitQueueState((*state.waiting, by.context)), None

    @handler(reads="waiting", sleeps=True, orders="acquire")
    def schedule(self, state: WaitQueueState, by: Caller) -> Outcome[WaitQueueState, None]:
        """Blocks while the caller is on the queue. Finding: sleeping under a spinlock."""
        if by.context in state.waiting:
            return BLOCK
        return state, None

    @handler(reads="waiting", writes="waiting")
    def finish(self, state: WaitQueueState, by: Caller) -> Outcome[WaitQueueState, None]:
        """Takes the caller off the queue; no change when a waker did."""
        if by.context not in state.waiting:
            return state, None
        return WaitQueueState(tuple(name for name in state.waiting if name != by.context)), None

    @handler(reads="waiting", writes="waiting", orders="release")
    def wake_all(self, state: WaitQueueState, by: Caller) -> Outcome[WaitQueueState, None]:
        """Takes everybody off the queue."""
        return (WaitQueueState() if state.waiting else state), None

    @handler(reads="waiting", writes="waiting", orders="release")
    def wake_one(self, state: WaitQueueState, by: Caller) -> Outcome[WaitQueueState, None]:
        """Takes off the queue whoever waits longest."""
        return (WaitQueueState(state.waiting[1:]) if state.waiting else state), None


async def wait_event(queue: WaitQueue, condition: Callable[[*Args], Awaitable[bool]], *args: *Args) -> None:
    """Sleep on `queue` until the behaviour `condition(*args)` says yes; whoever makes it true wakes the queue.

    No wake-up between the look and the sleep is lost. Give a function and its arguments rather than a lambda:
    they stay in the control state, and equal ones merge.
    """
    while True:
        await queue.prepare()
        if await condition(*args):
            break
        await queue.schedule()
    await queue.finish()

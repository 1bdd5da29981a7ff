"""spinlock: one owner, waiters spin; whoever holds it must not sleep.

Its hold is *atomic*: primitives that may sleep report P23 when they are used under it. A waiter that spins takes
no step, like one that sleeps; the difference is only what it may do afterwards.

A lock that handlers of interrupts take is taken elsewhere with those interrupts off: `lock("hardirq")` as by
spin_lock_irqsave(), `lock("softirq")` as by spin_lock_bh(). They are off until the lock is given back, which is part of
the hold. That keeps no step from happening, as there are no CPUs here. So a handler that spins for a lock of the very
context that it interrupted is no deadlock that a search could reach; P20 tells that it is possible (`core.lock_order`).

A spinlock does not look who unlocks it either: see `kernel.mutex`.

Mirrors: kernel/locking/spinlock.c: _raw_spin_lock, _raw_spin_lock_irqsave, _raw_spin_lock_bh, _raw_spin_trylock,
_raw_spin_unlock.
Left out: CPUs, and interrupts that are turned off without a lock; queueing of waiters; raw locks and PREEMPT_RT, where
a spinlock sleeps.
"""

from __future__ import annotations

from typing import Any, cast

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Gave, Hold, Irq, Took
from aprt.kernel import rules


@attrs.frozen
class SpinlockState:
    """owner: the context that holds it; None when it is free."""

    owner: str | None = None


@attrs.frozen(eq=False)
class Spinlock(Actor[SpinlockState]):
    """`await spinlock.lock()` returns with the lock held."""

    atomic = ("*",)

    def initial(self) -> SpinlockState:
        return SpinlockState()

    def acquired(self, call: Call[Any]) -> Hold | None:
        hold = super().acquired(call)
        return None if hold is None else self._hold(*cast("tuple[Irq, ...]", call.args))

    @handler(reads="owner", writes="owner", acquires="exclusive")
    def lock(self, state: SpinlockState, by: Caller, masks: Irq | None = None) -> Outcome[SpinlockState, None]:
        """Blocks until free. Finding: recursive lock (ends the execution). masks: interrupts that are then off."""
        if state.owner == by.context:
            return state, None, rules.recursive(by, self.name)
        if state.owner is not None:
            return BLOCK
        return SpinlockState(by.context), None, (Took(self._hold(masks)),)

    @handler(reads="owner", writes="owner")
    def trylock(self, state: SpinlockState, by: Caller) -> Outcome[SpinlockState, bool]:
        """Never blocks; replies whether the lock is now held."""
        if state.owner is not None:
            return state, False
        return SpinlockState(by.context), True, (Took(self._hold()),)

    @handler(reads="owner", writes="owner")
    def unlock(self, state: SpinlockState, by: Caller) -> Outcome[SpinlockState, None]:
        """Free from now on. Finding: unlock by a context that does not own it."""
        if state.owner != by.context:
            free = state if state.owner is None else SpinlockState()
            return free, None, rules.unlock_by_another(by, self.name, state.owner)
        return SpinlockState(), None, (Gave(self.name),)

    def _hold(self, masks: Irq | None = None) -> Hold:
        return attrs.evolve(self.hold(atomic=True), masks=masks)

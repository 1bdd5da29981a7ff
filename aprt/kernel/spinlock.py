"""spinlock: one owner, waiters spin; whoever holds it must not sleep.

Its hold is *atomic*: primitives that may sleep report P23 when they are used under it. A waiter that spins takes
no step, like one that sleeps; the difference is only what it may do afterwards.

Mirrors: kernel/locking/spinlock.c: _raw_spin_lock, _raw_spin_trylock, _raw_spin_unlock.
Left out: disabling interrupts (`_irqsave`), so an interrupt that takes a lock of the context it interrupted is not
seen; queueing of waiters; raw locks and PREEMPT_RT, where a spinlock sleeps.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Caller, Outcome, handler
from aprt.core.notes import Gave, Took
from aprt.kernel import rules


@attrs.frozen
class SpinlockState:
    owner: str | None = None


@attrs.frozen(eq=False)
class Spinlock(Actor[SpinlockState]):
    """`await spinlock.lock()` returns with the lock held."""

    atomic = ("*",)

    def initial(self) -> SpinlockState:
        return SpinlockState()

    @handler(reads="owner", writes="owner", acquires="exclusive")
    def lock(self, state: SpinlockState, by: Caller) -> Outcome[SpinlockState, None]:
        """Blocks until free. Finding: recursive lock (ends the execution)."""
        if state.owner == by.context:
            return state, None, rules.recursive(by, self.name)
        if state.owner is not None:
            return BLOCK
        return SpinlockState(by.context), None, (self._took(),)

    @handler(reads="owner", writes="owner")
    def trylock(self, state: SpinlockState, by: Caller) -> Outcome[SpinlockState, bool]:
        """Never blocks; replies whether the lock is now held."""
        if state.owner is not None:
            return state, False
        return SpinlockState(by.context), True, (self._took(),)

    @handler(reads="owner", writes="owner")
    def unlock(self, state: SpinlockState, by: Caller) -> Outcome[SpinlockState, None]:
        """Finding: unlock by a context that does not own it (nothing changes)."""
        if state.owner != by.context:
            return state, None, (rules.not_owner(by, self.name, state.owner),)
        return SpinlockState(), None, (Gave(self.name),)

    def _took(self) -> Took:
        return Took(self.hold(atomic=True))

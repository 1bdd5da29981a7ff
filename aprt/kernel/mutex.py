"""mutex: one owner, sleeps while waiting.

A free mutex may be taken by any waiter; no order of waiters is kept. Lock misuse is a finding of the rules of
`kernel.rules`, never a crash.

Mirrors: kernel/locking/mutex.c: mutex_lock, mutex_trylock, mutex_unlock.
Left out: optimistic spinning; hand-off to the first waiter; interruptible and killable waiting.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Caller, Outcome, handler
from aprt.core.notes import Gave, Hold, Took
from aprt.kernel import rules


@attrs.frozen
class MutexState:
    owner: str | None = None


@attrs.frozen(eq=False)
class Mutex(Actor[MutexState]):
    """A lock class of its own per name; `await mutex.lock()` returns with the lock held."""

    def initial(self) -> MutexState:
        return MutexState()

    @handler(reads="owner", writes="owner")
    def lock(self, state: MutexState, by: Caller) -> Outcome[MutexState, None]:
        """Blocks until free. Findings: recursive lock (ends the execution), sleeping under a spinlock."""
        if state.owner == by.context:
            return state, None, (rules.recursive(by, self.name),)
        if state.owner is not None:
            return BLOCK
        return MutexState(by.context), None, (Took(Hold(self.name)), *rules.may_sleep(by, self.name))

    @handler(reads="owner", writes="owner")
    def trylock(self, state: MutexState, by: Caller) -> Outcome[MutexState, bool]:
        """Never blocks; replies whether the lock is now held."""
        if state.owner is not None:
            return state, False
        return MutexState(by.context), True, (Took(Hold(self.name)),)

    @handler(reads="owner", writes="owner")
    def unlock(self, state: MutexState, by: Caller) -> Outcome[MutexState, None]:
        """Finding: unlock by a context that does not own it (nothing changes)."""
        if state.owner != by.context:
            return state, None, (rules.not_owner(by, self.name, state.owner),)
        return MutexState(), None, (Gave(self.name),)

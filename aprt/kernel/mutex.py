"""mutex: one owner, sleeps while waiting.

Locks of one kind share a `lock_class`, and the lock order is one of classes. Where two of a class are nested on
purpose, the inner one is taken with a subclass: `lock(1)`, as by mutex_lock_nested().

A free mutex may be taken by any waiter; no order of waiters is kept. Lock misuse is a finding of the rules of
`kernel.rules`, never a crash.

A mutex does not look who unlocks it, as in a kernel without CONFIG_DEBUG_MUTEXES. If it is somebody else (K2), it is
free and may be taken, and the context that held it goes on; for lockdep, and here, that one holds it still.

Mirrors: kernel/locking/mutex.c: mutex_lock, mutex_lock_nested, mutex_trylock, mutex_unlock.
Left out: optimistic spinning; hand-off to the first waiter; interruptible and killable waiting.
"""

from __future__ import annotations

from typing import Any, cast

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Gave, Hold, Took
from aprt.kernel import rules


@attrs.frozen
class MutexState:
    """owner: the context that holds it; None when it is free."""

    owner: str | None = None


@attrs.frozen(eq=False)
class Mutex(Actor[MutexState]):
    """`await mutex.lock()` returns with the lock held."""

    atomic = ("*",)

    def initial(self) -> MutexState:
        return MutexState()

    def acquired(self, call: Call[Any]) -> Hold | None:
        hold = super().acquired(call)
        return hold if hold is None or not call.args else _nested(hold, cast(int, call.args[0]))

    @handler(reads="owner", writes="owner", acquires="exclusive", sleeps=True)
    def lock(self, state: MutexState, by: Caller, subclass: int = 0) -> Outcome[MutexState, None]:
        """Blocks until free. Findings: recursive lock (ends the execution), sleeping under a spinlock.

        subclass: of the lock's class, in the lock order.
        """
        if state.owner == by.context:
            return state, None, rules.recursive(by, self.name)
        if state.owner is not None:
            return BLOCK
        return MutexState(by.context), None, (Took(_nested(self.hold(), subclass)),)

    @handler(reads="owner", writes="owner")
    def trylock(self, state: MutexState, by: Caller) -> Outcome[MutexState, bool]:
        """Never blocks; replies whether the lock is now held."""
        if state.owner is not None:
            return state, False
        return MutexState(by.context), True, (Took(self.hold()),)

    @handler(reads="owner", writes="owner")
    def unlock(self, state: MutexState, by: Caller) -> Outcome[MutexState, None]:
        """Free from now on. Finding: unlock by a context that does not own it."""
        if state.owner != by.context:
            free = state if state.owner is None else MutexState()
            return free, None, rules.unlock_by_another(by, self.name, state.owner)
        return MutexState(), None, (Gave(self.name),)


def _nested(hold: Hold, subclass: int) -> Hold:
    return attrs.evolve(hold, lock_class=f"{hold.family}/{subclass}") if subclass else hold

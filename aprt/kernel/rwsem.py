"""rwsem: any number of readers or one writer, all of whom sleep while waiting.

A free rwsem may be taken by any waiter; no order of waiters is kept. By default readers pass a waiting writer.
With `writer_first` a writer announces itself (`enqueue`, which never blocks) before it asks for the lock
(`down_write`, which does), and new readers wait behind it: `held.writing` does both. That is the fair lock of the
kernel, and the one under which reading twice in one context can deadlock.

Mirrors: kernel/locking/rwsem.c: down_read, up_read, down_write, up_write.
Left out: trylocks; downgrade_write; optimistic spinning; hand-off; the order of waiters; killable waiting (a writer
that enqueued always goes on to take the lock); what an unlock by who does not hold it (K2) does to the count.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Note, Took
from aprt.kernel import rules


@attrs.frozen
class RwSemState:
    """readers: sorted, a context once per hold. waiting: writers that announced themselves, sorted."""

    readers: tuple[str, ...] = ()
    writer: str | None = None
    waiting: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class RwSem(Actor[RwSemState]):
    """writer_first: writers announce themselves and new readers give way."""

    atomic = ("*",)

    writer_first: bool = False

    def initial(self) -> RwSemState:
        return RwSemState()

    @handler(
        reads="readers writer waiting", writes="readers", commutes="down_read up_read", acquires="read", sleeps=True
    )
    def down_read(self, state: RwSemState, by: Caller) -> Outcome[RwSemState, None]:
        """Blocks while a writer holds the lock or waits for it.

        A context may read again what it reads already, unless a writer waits. Findings: recursive lock (that,
        or reading what it writes; ends the execution), sleeping under a spinlock.
        """
        if state.writer == by.context or (by.context in state.readers and state.waiting):
            return state, None, rules.recursive(by, self.name)
        if state.writer is not None or state.waiting:
            return BLOCK
        after = attrs.evolve(state, readers=tuple(sorted((*state.readers, by.context))))
        return after, None, (Took(self.hold("read")),)

    @handler(reads="readers writer", writes="readers", commutes="down_read up_read")
    def up_read(self, state: RwSemState, by: Caller) -> Outcome[RwSemState, None]:
        """Finding: a context that does not read it (nothing changes)."""
        if by.context not in state.readers:
            return state, None, (self._misused(state, by, "reading"),)
        left = list(state.readers)
        left.remove(by.context)
        return attrs.evolve(state, readers=tuple(left)), None, (Gave(self.name),)

    @handler(reads="readers writer waiting", writes="waiting")
    def enqueue(self, state: RwSemState, by: Caller) -> Outcome[RwSemState, None]:
        """Never blocks; from now on new readers wait behind this writer, which goes on to `down_write`.

        Finding: recursive lock (ends the execution).
        """
        if _holds(state, by):
            return state, None, rules.recursive(by, self.name)
        if by.context in state.waiting:
            return state, None
        return attrs.evolve(state, waiting=tuple(sorted((*state.waiting, by.context)))), None

    @handler(reads="readers writer waiting", writes="writer waiting", acquires="write", sleeps=True)
    def down_write(self, state: RwSemState, by: Caller) -> Outcome[RwSemState, None]:
        """Blocks until nobody reads or writes.

        Findings: recursive lock, also of a reader (ends the execution); sleeping under a spinlock.
        """
        if _holds(state, by):
            return state, None, rules.recursive(by, self.name)
        if state.readers or state.writer is not None:
            return BLOCK
        waiting = tuple(name for name in state.waiting if name != by.context)
        after = attrs.evolve(state, writer=by.context, waiting=waiting)
        return after, None, (Took(self.hold("write")),)

    @handler(reads="readers writer", writes="writer")
    def up_write(self, state: RwSemState, by: Caller) -> Outcome[RwSemState, None]:
        """Finding: a context that does not write it (nothing changes)."""
        if state.writer != by.context:
            return state, None, (self._misused(state, by, "writing"),)
        return attrs.evolve(state, writer=None), None, (Gave(self.name),)

    def _misused(self, state: RwSemState, by: Caller, released: str) -> Note:
        """The finding of an unlock by who does not hold the lock, or holds it in the other mode."""
        if not _holds(state, by):
            return rules.not_owner(by, self.name, state.writer, *state.readers)
        return rules.wrong_mode(by, self.name, released, "reading" if by.context in state.readers else "writing")


def _holds(state: RwSemState, by: Caller) -> bool:
    return state.writer == by.context or by.context in state.readers

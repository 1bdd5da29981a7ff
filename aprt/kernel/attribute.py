"""An attribute in sysfs: there or not, with readers whom its removal waits for.

As for lockdep, an active reference counts as a lock that its reader holds, and removing the attribute asks for it: a
reader who needs a lock that the remover holds shows up as a cycle in the lock order (P20).

Mirrors: fs/kernfs/dir.c: kernfs_get_active(), kernfs_drain(). Left out: what is read or written.
"""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Took
from aprt.kernel import rules


@attrs.frozen
class AttributeState:
    """readers: contexts that read or write it just now, sorted."""

    there: bool = True
    readers: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class Attribute(Actor[AttributeState]):
    """One attribute of one object, there at the start."""

    atomic = ("*",)

    def initial(self) -> AttributeState:
        return AttributeState()

    @handler(reads="there", writes="there")
    def create(self, state: AttributeState, by: Caller) -> Outcome[AttributeState, bool]:
        """False (-EEXIST): it is there already."""
        return (state, False) if state.there else (attrs.evolve(state, there=True), True)

    @handler(reads="there readers", writes="readers")
    def enter(self, state: AttributeState, by: Caller) -> Outcome[AttributeState, bool]:
        """Begin to read or write. False (-ENOENT): there is no such attribute."""
        if not state.there:
            return state, False
        after = attrs.evolve(state, readers=tuple(sorted((*state.readers, by.context))))
        return after, True, (Took(self.hold("read")),)

    @handler(reads="readers", writes="readers")
    def leave(self, state: AttributeState, by: Caller, result: int | None = None) -> Outcome[AttributeState, None]:
        """Done with it. result: what a write answers, 0 or a negative errno; None: it was read.

        Finding: the caller did not enter (nothing changes).
        """
        if by.context not in state.readers:
            return state, None, (rules.not_owner(by, self.name, *state.readers),)
        left = list(state.readers)
        left.remove(by.context)
        return attrs.evolve(state, readers=tuple(left)), None, (Gave(self.name),)

    @handler(reads="there readers", writes="there", acquires="write", sleeps=True)
    def remove(self, state: AttributeState, by: Caller) -> Outcome[AttributeState, None]:
        """Blocks until its last reader has left. Findings: removed by its own reader; sleeping under a spinlock."""
        if by.context in state.readers:
            return state, None, rules.recursive(by, self.name)
        if state.readers:
            return BLOCK
        after = attrs.evolve(state, there=False) if state.there else state
        return after, None

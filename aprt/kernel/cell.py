"""Cell: one shared variable, a step per access.

`x = await cell.read()` and `await cell.write(x + 1)` are two steps, so an update can be lost between them; `add`
and `compare_and_swap` are one, like the atomic operations of the processor. With a guard, every access without that
lock held is a finding of rule P22.

Mirrors: include/linux/atomic/atomic-instrumented.h: atomic_read, atomic_set, atomic_add_return, atomic_try_cmpxchg.
Also plain memory.
Left out: weak memory; every access is seen by everybody at once, and none is torn.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller

T = TypeVar("T", bound=Hashable)


@attrs.frozen
class CellState(Generic[T]):
    """value: what the last write left."""

    value: T


@attrs.frozen(eq=False)
class Cell(Actor[CellState[T]]):
    """start: the value an execution begins with. guard: the lock that every access needs, if any."""

    start: T
    guard: Actor[Any] | None = None

    def initial(self) -> CellState[T]:
        return CellState(self.start)

    @handler(reads="value", guarded_by="guard")
    def read(self, state: CellState[T], by: Caller) -> Outcome[CellState[T], T]:
        """Replies the value."""
        return state, state.value

    @handler(reads="", writes="value", guarded_by="guard")
    def write(self, state: CellState[T], by: Caller, value: T) -> Outcome[CellState[T], None]:
        """Replaces the value."""
        return _valued(state, value), None

    @handler(reads="value", writes="value", guarded_by="guard", atomic=True)
    def add(self, state: CellState[int], by: Caller, amount: int) -> Outcome[CellState[int], int]:
        """Adds to a number in one step; replies the sum."""
        after = _valued(state, state.value + amount)
        return after, after.value

    @handler(reads="value", writes="value", guarded_by="guard", atomic=True)
    def compare_and_swap(self, state: CellState[T], by: Caller, old: T, new: T) -> Outcome[CellState[T], bool]:
        """Replaces `old` by `new` in one step; replies False, and changes nothing, when the value is another."""
        if state.value != old:
            return state, False
        return _valued(state, new), True


def _valued(state: CellState[T], value: T) -> CellState[T]:
    # a store of the value that is there may pass for a read: it changes nothing for anybody
    return state if value == state.value else CellState(value)

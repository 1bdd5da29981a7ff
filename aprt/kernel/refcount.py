"""refcount: how many users an object has; whoever puts the last one frees it.

Taking a reference when there is none left (0 -> 1) and putting one that nobody has are findings of rule K3. As in
the kernel the count then saturates: it never changes again and no put is the last, so the object leaks rather
than being freed under a user.

The functions work on a bare count and answer what a handler answers (count', reply, notes), so an actor that
counts its users itself, a VM say, keeps the count in its own state:

    count, last, notes = refcount.dec_and_test(state.users, self.name, by)
    return attrs.evolve(state, users=count), last, notes

Mirrors: lib/refcount.c, include/linux/refcount.h: refcount_inc, refcount_inc_not_zero, refcount_dec_and_test,
REFCOUNT_SATURATED.
Left out: saturation on overflow; further warnings of a saturated count.
"""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note, Took
from aprt.kernel.object import destruction

R = TypeVar("R")

Counted: TypeAlias = tuple[int, R, tuple[Note, ...]]

SATURATED: Final = -(2**30)


def inc(count: int, name: str, by: Caller) -> Counted[None]:
    """Take a reference next to one that is there. Finding: there is none (K3; the count saturates)."""
    if count == 0:
        return SATURATED, None, (Broken("K3", f"{by.context} takes a reference to {name}, which has none left"),)
    return (count if count == SATURATED else count + 1), None, ()


def inc_not_zero(count: int, name: str, by: Caller) -> Counted[bool]:
    """Take a reference unless there is none left; replies whether it did. No finding."""
    if count == 0:
        return count, False, ()
    return (count if count == SATURATED else count + 1), True, ()


def dec_and_test(count: int, name: str, by: Caller, destroys: str | None = None) -> Counted[bool]:
    """Put a reference; replies whether it was the last. Finding: there is none (K3; the count saturates).

    destroys: the name of the object (`kernel.object`) that the caller then destroys, and at last frees (P21).
    """
    if count == 0:
        return SATURATED, False, (Broken("K3", f"{by.context} puts a reference to {name}, which has none left"),)
    notes = (Took(destruction(destroys), asked=True),) if count == 1 and destroys is not None else ()
    return (count if count == SATURATED else count - 1), count == 1, notes


@attrs.frozen
class RefCountState:
    """count: the users, from 0, or `SATURATED`."""

    count: int


@attrs.frozen(eq=False)
class RefCount(Actor[RefCountState]):
    """A count of its own. start: the count an execution begins with; 1 is the creator's reference.

    destroys: the name of the object that whoever puts the last reference destroys, and at last frees (P21).
    """

    atomic = ("*",)

    start: int = 1
    destroys: str | None = None

    def initial(self) -> RefCountState:
        return RefCountState(self.start)

    @handler(reads="count", writes="count")
    def get(self, state: RefCountState, by: Caller) -> Outcome[RefCountState, None]:
        """See `inc`."""
        return _counted(state, inc(state.count, self.name, by))

    @handler(reads="count", writes="count")
    def get_unless_zero(self, state: RefCountState, by: Caller) -> Outcome[RefCountState, bool]:
        """See `inc_not_zero`."""
        return _counted(state, inc_not_zero(state.count, self.name, by))

    @handler(reads="count", writes="count", orders="both")
    def put(self, state: RefCountState, by: Caller) -> Outcome[RefCountState, bool]:
        """See `dec_and_test`."""
        return _counted(state, dec_and_test(state.count, self.name, by, self.destroys))


def _counted(state: RefCountState, counted: Counted[R]) -> Outcome[RefCountState, R]:
    count, reply, notes = counted
    return (state if count == state.count else RefCountState(count)), reply, notes

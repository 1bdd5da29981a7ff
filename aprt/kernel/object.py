"""Objects with a life time: touching one after it was freed is an oops.

A freed object stays in the system with `live=False`, so that a context that still has a pointer to it can be
caught using it, as KASAN would. Hardware knows no life time: messages that stand for a DMA write or a
notification are declared with `on_freed=True` and reach the object all the same.

Mirrors: mm/slub.c: kfree; mm/kasan/report.c: kasan_report, kasan_report_invalid_free.
Left out: that the memory is used again for something else. An object that is made anew at the same address says so
itself, in a message declared with `on_freed=True`; pointers to it name the generation that they are of (`stale`).
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import attrs

from aprt.core.actor import Actor, Handler, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Hold, Note, Oops


class Mortal(Protocol):
    """The state of an object: a frozen record with a field `live`."""

    @property
    def live(self) -> bool: ...


L = TypeVar("L", bound=Mortal)


def destruction(name: str) -> Hold:
    """The destruction of an object, which the context that dropped the last reference holds until the object is freed.

    It must not need a lock that this context held already when it dropped the reference (P21).
    """
    return Hold(f"{name}.destroy", "destroy")


@attrs.frozen(eq=False)
class Object(Actor[L]):
    """An actor that can be freed. Every message to it is checked, `on_freed` ones excepted."""

    def refuse(self, state: L, handler: Handler[Any, ..., Any]) -> Oops | None:
        """The oops (P9) of a use after free or a double free."""
        if state.live or handler.on_freed:
            return None
        if handler.op == "free":
            return Oops("P9", f"double free: {self.name} is already freed")
        return Oops("P9", f"use after free: {handler.op} on freed {self.name}")

    def stale(self, generation: int, now: int) -> tuple[Note, ...]:
        """The oops (P9) of a pointer to an older generation than that which lives `now`; empty when it is the same."""
        if generation == now:
            return ()
        return (Oops("P9", f"use after free: {self.name} was freed and made anew since the pointer was read"),)

    @handler(reads="")
    def null_dereference(self, state: L, by: Caller, what: str) -> Outcome[L, None]:
        """The caller follows `what`, a pointer in this object that is NULL: the oops (P9)."""
        return state, None, (Oops("P9", f"null-ptr-deref: {what} of {self.name} is NULL"),)

    @handler(reads="live", writes="live")
    def free(self, state: L, by: Caller) -> Outcome[L, None]:
        """Ends the life of the object; what else its state says stays, for whoever reads freed memory."""
        ended: tuple[Note, ...] = (Gave(destruction(self.name).lock),) if by.holds(destruction(self.name).lock) else ()
        return attrs.evolve(state, live=False), None, ended  # type: ignore[misc]

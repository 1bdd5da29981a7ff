"""What a message obliges its caller to: to hold the locks that guard it, and to be in a place where it may sleep.

A caller that does otherwise is a finding (P22, P23), and the message is handled all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note

if TYPE_CHECKING:
    from aprt.core.actor import Actor, Handler


def unguarded(actor: Actor[Any], found: Handler[Any, ..., Any], by: Caller) -> tuple[Note, ...]:
    """The finding of a caller that holds none of the sets of locks that guard this message; empty if it holds one."""
    ways = [[guard for name in all_of if (guard := actor.guarding(name)) is not None] for all_of in found.guards]
    if any(all(any(by.holds(lock.name) for lock in locks) for locks in way) for way in ways):
        return ()
    # two guards may be the same lock
    named = (" and ".join(dict.fromkeys(locks[0].name for locks in way)) for way in ways if all(way))
    wanted = " or ".join(dict.fromkeys(named))
    return (Broken("P22", f"{by.context} does {actor.name}.{found.op} without holding {wanted}"),)


def may_sleep(actor: Actor[Any], found: Handler[Any, ..., Any], by: Caller) -> tuple[Note, ...]:
    """The finding of a caller that may have to sleep for this message and must not; empty if it may or need not."""
    if by.atomic is None or not found.sleeps or (found.room is not None and actor.room(found) is None):
        return ()
    return (Broken("P23", f"{by.context} may sleep for {actor.name} in atomic context: it holds {by.atomic.lock}"),)

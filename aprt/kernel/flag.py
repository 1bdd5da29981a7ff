"""flag: "somebody is at it", said by a variable instead of a lock: who finds it set waits until it is clear.

A lock checker does not see that, and yet it is waiting like any other: if the context that set the flag needs a lock
which one of those who wait holds, none of them goes on. Here the flag counts as a lock that is held from `set` to
`clear`; who sleeps on a wait queue that `awaits` it asks for it:

    busy = Flag("kvm_busy")
    idle = WaitQueue("wait_for_kvm", busy.hold())

Whoever sets it is to clear it, but nothing keeps others from doing so. Setting it does not wait: look first, under the
lock that guards it.

Mirrors: drivers/s390/crypto/vfio_ap_private.h (5.13, 5.14): matrix_mdev->kvm_busy.
"""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Gave, Took


@attrs.frozen
class FlagState:
    """is_set: whether somebody is at it."""

    is_set: bool = False


@attrs.frozen(eq=False)
class Flag(Actor[FlagState]):
    """Starts out clear. guard: the lock that every access needs, if any."""

    guard: Actor[Any] | None = None

    def initial(self) -> FlagState:
        return FlagState()

    @handler(reads="is_set", guarded_by="guard")
    def is_clear(self, state: FlagState, by: Caller) -> Outcome[FlagState, bool]:
        """Whether it is clear."""
        return state, not state.is_set

    @handler(reads="is_set", writes="is_set", guarded_by="guard")
    def set(self, state: FlagState, by: Caller) -> Outcome[FlagState, None]:
        """From here on the caller counts as its holder."""
        notes = () if by.holds(self.name) else (Took(self.hold("promise")),)
        return (state if state.is_set else FlagState(True)), None, notes

    @handler(reads="is_set", writes="is_set", guarded_by="guard")
    def clear(self, state: FlagState, by: Caller) -> Outcome[FlagState, None]:
        """The caller no longer counts as its holder. Waking who waits is a step of its own."""
        notes = (Gave(self.name),) if by.holds(self.name) else ()
        return (FlagState() if state.is_set else state), None, notes

"""Notes: what a handler says about a step besides its reply.

A note never changes the actor. `Took`, `Gave` and `Owes` change what the calling context holds and so belong
to its control state; `Broken` and `Oops` are findings; `Remark` is only read by people.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, TypeAlias

import attrs

Irq: TypeAlias = Literal["hardirq", "softirq"]


@attrs.frozen
class Hold:
    """One lock held by a context. lock: the name of its actor.

    mode: how it is held. "exclusive", "read" and "write" are locks. Others count as locks because somebody waits:
    "destroy": the holder has dropped the last reference of an object, and destroys it;
    "promise": the holder is going to do what others wait for. Somebody else may do it as well, so that a circle of
    contexts with a promise in it is not yet a deadlock;
    "interrupt": the interrupts of a kind, which nobody takes (`core.lock_order`).

    runs: the kind of interrupt whose handler the holder runs. masks: the kind that cannot come to the holder's CPU.
    lock_class: what it is called in the lock order (`core.lock_order`), where that is not the lock's own name.
    """

    lock: str
    mode: str = "exclusive"
    atomic: bool = False  # a spinlock: no sleeping while it is held
    lock_class: str | None = None
    runs: Irq | None = None
    masks: Irq | None = None

    @property
    def spins(self) -> bool:
        """Whether it is a lock that others spin for, rather than something that counts as one."""
        return self.atomic and self.runs is None

    @property
    def family(self) -> str:
        """The class of the lock; a class of its own by default."""
        return self.lock if self.lock_class is None else self.lock_class

    @property
    def shared(self) -> bool:
        """Whether others may hold the lock like this at the same time."""
        return self.mode == "read"


@attrs.frozen
class Took:
    """The calling context now holds a lock.

    asked: it may have had to wait for it, so there is an edge of the lock order. The handler does not declare that
    (`acquires`) where it depends on the state whether the lock is taken.
    """

    hold: Hold
    asked: bool = False


@attrs.frozen
class Gave:
    """The calling context no longer holds a lock."""

    lock: str


@attrs.frozen
class Owes:
    """The calling context acquired (+) or released (-) resources that its records do not show yet.

    As many of a resource are granted as are on record, plus the sum of these counts over all contexts
    (`View.inflight`).
    """

    resource: Hashable
    count: int


@attrs.frozen
class Broken:
    """A property is violated by this step; the execution goes on."""

    property: str
    text: str


@attrs.frozen
class Oops:
    """A property is violated by this step and the machine cannot go on: the execution ends here."""

    property: str
    text: str


@attrs.frozen
class Remark:
    """Something worth reading in a trace."""

    text: str


Note: TypeAlias = Took | Gave | Owes | Broken | Oops | Remark

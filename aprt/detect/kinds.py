"""The kinds of detectors by name, for code that only has to know the names and should not import the detectors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lock-order": (
            "circles in the order in which locks are taken, in one run or over all of them, also by contexts that "
            "never meet; locks that an interrupt handler takes and that are held elsewhere with interrupts on"
        ),
        "hang": "tasks that wait for each other, told when the circle closes, and those who wait for them",
        "lost-wakeup": "sleepers who came after the wake-up that was meant for them",
        "stuck-message": "messages in a mailbox that nobody will read",
        "atomic-sleep": "what may sleep, asked for under a spinlock or in a timer callback",
        "race": "accesses of the same data that nothing orders",
        "guard": "data touched without the lock that guards it",
        "unlock": "a lock given back by a context that does not hold it",
        "use-after-free": (
            "use after free, double and invalid free, with who made and who freed the object; also where it is only "
            "possible, as nothing orders use and free"
        ),
        "leak": "what is held in the end and on nobody's record; objects that nobody owns",
        "refcount": (
            "a reference taken when none is left, one put too many, or the last one put under a lock that the end of "
            "the object needs"
        ),
    }
)
"""What each kind finds, in a few words, in the order in which they report."""

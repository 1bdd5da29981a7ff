"""The kinds of detectors, by name: for whoever asks for some, and imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lock-order": (
            "circles in the order in which locks are taken, in one run or over all of them, whoever never met; "
            "locks that a handler of interrupts takes, held with interrupts on"
        ),
        "hang": "tasks that wait for each other, told when the circle closes, and who is behind",
        "lost-wakeup": "sleepers who came after the wake-up that was meant for them",
        "stuck-message": "messages in a mailbox that nobody will read",
        "atomic-sleep": "what may sleep, asked for under a spinlock or in a timer callback",
        "race": "accesses of the same data that nothing orders",
        "guard": "data touched without the lock that guards it",
        "use-after-free": (
            "use after free, double and invalid free, with who made and who freed the object; also where it is only "
            "possible, as nothing orders use and free"
        ),
        "leak": "what is held in the end and on nobody's record; objects that nobody owns",
        "refcount": "references from nothing, below nothing, or last under a lock needed",
    }
)
"""What each finds, in a few words. They report in this order."""

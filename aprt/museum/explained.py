"""Why some answers of the era matrix are what they are, where that does not go without saying."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aprt.museum.why import Why

_RESETS = ("B14", "B15", "B35")
_UNWAITED = "the end of a reset is not waited for, or not long enough: B14, B15"
_GIVES_UP = (
    "to disable is tried six times, and looked for five times; then the page is unpinned, whether the interrupt is off "
    "or not: see the observations"
)

EXPLAINED: Final[Sequence[Why]] = (
    Why(
        "B1",
        "5.3",
        "6.3",
        "the reference is held until the queues are reset; but the end of a reset is not waited for, or not long "
        "enough (B14, B15), so that the interrupt may still be on when the last reference goes",
        gone_with=_RESETS,
    ),
    Why("B18", "5.3", "5.15", "whatever the host has, a queue that goes is reset, and gives back what it owns"),
    Why(
        "B36",
        "4.20",
        "4.20",
        "the notifier is unregistered before the pointer to the VM is cleared: none comes between",
    ),
    Why("H1 H7 H9 H10", "5.3", "6.3", _UNWAITED, gone_with=_RESETS),
    Why("H5", "5.12", "6.3", _UNWAITED, gone_with=_RESETS),
    Why("H2", "5.12", "5.13", "the last reference goes under the lock that the VM's end, by the notifier, wants: P21"),
    Why(
        "H2", "5.15", "5.15", "what may be the last reference is dropped with kvm->lock held, which is given back later"
    ),
    Why("H2", "6.0", "6.0", "the last reference goes under the group's lock, which the VM's end wants: B11"),
    Why("H2", "6.2", "6.2", "as in 5.15; from 6.3 on the vfio core has a reference until the driver is done (B12)"),
    Why("H5", "5.3", "5.3", "the reference is never dropped, so the VM does not end: P4 is broken instead (B7)"),
    Why(
        "H8",
        "5.3",
        "5.15",
        "the object is not freed in between, as both hold the lock; but the handler finds a device that the driver has "
        "let go, and follows its pointer: NULL (the second half of B6)",
    ),
    Why("H13", "5.3", "2026", _GIVES_UP),
    Why("H14", "6.2", "2026", _GIVES_UP),
    Why("H14", "5.3", "6.0", "the page that is unmapped is unpinned, and the interrupt stays on: B13"),
)

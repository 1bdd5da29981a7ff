"""Why some answers of the era matrix are what they are, where a reader would expect another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aprt.museum.why import Why

_RESETS = ("B14", "B15", "B35")
_UNWAITED = "the end of a reset is not waited for, or not long enough"
_MAPPED = "up to 6.9 the kernel is mapped to where it lies, so that both kinds of addresses are the same"
_GIVES_UP = (
    "vfio_ap_irq_disable() tries AQIC six times, and vfio_ap_wait_for_irqclear() looks five times by TAPQ; then the "
    "page is unpinned, whether the interrupt is off or not: see the observations"
)

EXPLAINED: Final[Sequence[Why]] = (
    Why(
        "B1",
        "5.3",
        "6.3",
        "the reference is held until the queues are reset; but the end of a reset is not waited for, or not long "
        "enough, so that the interrupt may still be on when the last reference goes",
        turned_by=_RESETS,
    ),
    Why(
        "B3",
        "5.12",
        "5.12",
        "the flag came with the fix of B2; until then the matrix lock itself is held meanwhile",
        turned_by=("B2",),
    ),
    Why(
        "B12",
        "6.0",
        "6.0",
        "the group's lock is taken with kvm->lock held only since the fix of B11 moved that work into a file's release",
        turned_by=("B11",),
    ),
    Why(
        "B14",
        "5.3",
        "5.3",
        "a reset gives nothing back: the AQIC that follows it does, until the fix of B35",
        turned_by=("B35",),
    ),
    Why(
        "B14",
        "6.3",
        "6.3",
        "somebody else's reset is waited for, but for 200 ms only: then the records are freed as if it were over",
        turned_by=("B15",),
    ),
    Why(
        "B18",
        "5.3",
        "5.15",
        "a queue that is removed is reset whatever the host has, and its pin and GISC are given back",
    ),
    Why(
        "B18",
        "6.0",
        "6.2",
        "a queue that is gone is reset all the same, and the answer 01 frees its records: the fix of B32 ended the one "
        "and that of B14 the other, which is enough by itself",
        turned_by=("B14", "B32"),
    ),
    Why(
        "B23",
        "6.0",
        "6.6",
        "the bitmap says what to reset only since the fix of B28, and stays as it was found only since that of B29",
        turned_by=("B28", "B29"),
    ),
    Why("B33", "6.0", "6.3", "the queue is reset, but the wait for the end of it is given up", turned_by=("B15",)),
    Why(
        "B36",
        "4.20",
        "4.20",
        "the notifier is unregistered before the pointer to the VM is cleared: none comes between",
    ),
    Why(
        "B42",
        "6.2",
        "6.8",
        "up to 6.9 the kernel is mapped to where it lies, so that the physical address of NULL is 0",
        turned_by=("moved_kernel",),
    ),
    Why("B44", "v4", "v4", _MAPPED, turned_by=("moved_kernel",)),
    Why("B44", "5.3", "6.3", _MAPPED, turned_by=("moved_kernel",)),
    Why("H1 H7 H9 H10", "5.3", "6.3", _UNWAITED, turned_by=_RESETS),
    Why("H5", "5.12", "6.3", _UNWAITED, turned_by=_RESETS),
    Why(
        "H2",
        "5.12",
        "5.13",
        "the last reference goes with matrix_dev->lock held, which the VM's end wants in the notifier: it stops there "
        "(P21), before anything is freed",
    ),
    Why(
        "H2",
        "5.15",
        "5.15",
        "kvm_put_kvm() may drop the last reference with kvm->lock held: to unlock that afterwards is a use after free",
    ),
    Why(
        "H2",
        "6.0",
        "6.0",
        "the last reference goes with the group's lock held, which the VM's end wants: it stops there (B11)",
    ),
    Why("H2", "6.2", "6.2", "as in 5.15; from 6.3 on the vfio core has a reference until the driver is done (B12)"),
    Why("H5", "5.3", "5.3", "the reference is never dropped, so the VM does not end: P4 is broken instead (B7)"),
    Why(
        "H8",
        "5.3",
        "5.15",
        "handler and remove hold matrix_dev->lock, so that nothing is freed in between; but match_apqn() finds a "
        "device whose drvdata remove has set to NULL, and follows that (the second half of B6)",
    ),
    Why("H13", "5.3", "2026", _GIVES_UP),
    Why("H14", "6.2", "2026", _GIVES_UP),
    Why("H14", "5.3", "6.0", "the page that is unmapped is unpinned, and the interrupt stays on: B13"),
)

"""Why some eras are not asked about some rows of the era matrix: their kernels do not have what the row is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aprt.museum.why import Why

UNASKED: Final[Sequence[Why]] = (
    Why(
        "B1 B4 B5 B6 B7 B13 B14 B15 B17 B18 B35 B37 B38 H1 H3 H4 H5 H7 H8 H9 H10 H13 H14 H15 H16",
        "4.20",
        "4.20",
        "guests have no interrupts before 5.3: no handler of PQAP, no hook, no vfio_ap_queue, no reference of the VM",
    ),
    Why(
        "B6",
        "v4",
        "v4",
        "whether the series holds its lock in remove and in the handler is not known; h8 supposes that remove does not",
    ),
    Why("B8 B9 B10 B40 B41 B43 B44", "4.20", "4.20", "KVM has no GIB before 5.1: no alert interrupt, no alert list"),
    Why("B2 B3", "v4", "5.3", "guests cannot become protected ones before 5.7, and nothing else takes these locks"),
    Why("B12", "v4", "5.15", "the VM comes through a notifier before 5.19; no lock of the group is held"),
    Why("B16", "4.20", "5.15", "an mdev has no table of queues before 6.0; to assign sets a bit"),
    Why("B17", "v4", "v4", "whether the series sets the hook before its test is not known; h16 supposes so"),
    Why("B18", "v4", "v4", "the series knows no configuration of the host"),
    Why(
        "B19 B21 B23 B25 B26 B30 B31 B32",
        "v4",
        "5.15",
        "the driver is not told of changes of the host's configuration before 6.0, and filters nothing",
    ),
    Why("B20 B22 B39", "v4", "5.15", "queues have no attribute `status` before 5.17; all lists are under the one lock"),
    Why("B27", "v4", "v4", "an adapter that an unbound queue has cost the guest does not come back while it runs"),
    Why(
        "B27 B28 B29 B33 B34",
        "4.20",
        "5.15",
        "what a guest has does not change while it runs before 6.0: to assign and unassign is refused, unbinding a "
        "queue takes nothing away",
    ),
    Why("B28 B29 B33 B34", "v4", "v4", "to assign and unassign is refused while the mdev has a VM"),
    Why("B35", "v4", "v4", "to switch the interrupt off after a reset came with version 8 of the series"),
    Why("B36", "v4", "v4", "the vfio core, which goes on after a refusal, is no part of the model of the series"),
    Why("B38", "v4", "v4", "how the series marks that there is no NIB is not known"),
    Why("B45", "v4", "5.15", "interrupts of PCI functions are not forwarded to guests before 6.0"),
    Why("B47 B48 B49 B51", "v4", "v4", "the series leaves the AP bus as it is: see 4.20"),
    Why("B50", "v4", "5.15", "the bus asks no driver what is in use before 6.0"),
    Why("B52", "v4", "4.20", "nobody looks whether a reset has ended before 5.3"),
    Why("H6", "6.0", "2026", "there is no notifier since 5.19: the driver is not told of the VM's end"),
    Why(
        "H12", "4.20", "5.15", "an mdev has no bucket before 6.0: the handler looks for a queue among the bus's devices"
    ),
)
"""Every other cell is asked about, as a test checks, except those of a bug that cannot be modelled."""

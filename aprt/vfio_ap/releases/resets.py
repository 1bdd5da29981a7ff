"""What a release's driver adds to the properties of users and resets: P11 and P12; and P50, of a warning."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Before, Noted, Property
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.users import detached, still_used
from aprt.vfio_ap.mainline.machine import Machine

FORGETS = ("forget_isc", "forget_iova")
"""For P12, P34 and P35: ISC and address are forgotten by one message each."""


def let_go(machine: Machine) -> list[Before]:
    """For P11: with the last step of a detach, and when a queue leaves its mdev."""
    detaches = [detached(machine, mdev, "set_kvm") for mdev in machine.mdevs]
    return [*detaches, *(_unlinked(machine, apqn) for apqn in sorted(machine.queues))]


def _unlinked(machine: Machine, apqn: Apqn) -> Before:
    def leaves(event: Event) -> Apqn | None:
        _, mdev = event.args
        return apqn if mdev is None else None

    return still_used(machine, machine.queues[apqn].object, "set_mdev", leaves, "leaves its mdev")


def p50(machine: Machine) -> Property:
    return Property(
        "P50",
        "a reset that was not seen to end is told",
        (Noted(),),
        "Before 6.3 the driver goes on after two looks, whatever it saw. When it did not see the end of the reset the\n"
        "kernel warns.",
        ((machine.matrix_dev, "waited_for_reset"),),
    )

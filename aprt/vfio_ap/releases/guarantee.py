"""How the driver of a release detaches a VM, for P34 and P35."""

from __future__ import annotations

from functools import partial

from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.detach import Detach
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.releases.resets import FORGETS


def detaches(machine: Machine) -> tuple[Detach, ...]:
    """Records are forgotten by the work items, whom the detaching context waits for."""
    return tuple(
        Detach(
            guest,
            begin="begin_detach",
            end="set_kvm",
            forgets=FORGETS,
            queues=partial(_in_table, machine, guest.mdev),
            by_others=True,
            hook_first=not machine.on("B17"),
        )
        for guest in machine.guests
    )


def _in_table(machine: Machine, mdev: Mdev, view: View) -> list[tuple[Apqn, bool]]:
    states = [(found.apqn, view(machine.queues[found.apqn].object)) for found in view(mdev).qtable]
    return [(apqn, state.isc is not None or state.iova is not None) for apqn, state in states]

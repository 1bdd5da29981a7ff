"""How the series detaches a VM with all measures in, for P34 and P35, which are checked only then."""

from __future__ import annotations

from functools import partial

from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.detach import Detach
from aprt.vfio_ap.series.machine import Machine
from aprt.vfio_ap.series.mdev import Mdev
from aprt.vfio_ap.v4.isolation import FORGETS


def detaches(machine: Machine) -> tuple[Detach, ...]:
    return tuple(
        Detach(
            guest,
            begin="claim",
            end="end_detach",
            forgets=FORGETS,
            queues=partial(_assigned, machine, guest.mdev),
            declines=True,
            note="Checked with all measures in.",
        )
        for guest in machine.guests
    )


def _assigned(machine: Machine, mdev: Mdev, view: View) -> list[tuple[Apqn, bool]]:
    states = [(apqn, view(queue.object)) for apqn, queue in sorted(machine.queues.items())]
    return [(apqn, state.saved is not None) for apqn, state in states if apqn in view(mdev).matrix and state.live]

"""The property of the attribute `status` of a queue: P40."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Before, Property
from aprt.core.system import View
from aprt.vfio_ap.mainline.machine import Machine, Queue


def p40(machine: Machine) -> Property:
    return Property(
        "P40",
        "the attribute status is removed with neither guests_lock nor mdevs_lock held",
        tuple(_removed(machine, queue) for queue in machine.queues.values()),
        "Removing an attribute waits for its readers, and the readers of this one take both locks.",
        tuple((queue.status, "remove") for queue in machine.queues.values()),
    )


def _removed(machine: Machine, queue: Queue) -> Before:
    def test(view: View, event: Event) -> str | None:
        for lock in (machine.guests_lock, machine.mdevs_lock):
            if event.caller.holds(lock.name):
                return f"{event.context} removes {queue.status.name} while it holds {lock.name}"
        return None

    return Before(queue.status, "remove", (), test)

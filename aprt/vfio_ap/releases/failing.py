"""The property that an operation which fails has changed nothing: P39."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import After, Property
from aprt.core.system import View
from aprt.vfio_ap.mainline.machine import Machine


def p39(machine: Machine) -> Property:
    reads = tuple(queue.status for queue in machine.queues.values())

    def test(view: View, event: Event) -> str | None:
        apqn, driver = event.args
        if driver != "none":
            return None
        state = event.state
        if view(machine.queues[apqn].status).there:
            return f"the probe of {apqn} fails, and its attribute is there"
        return f"the probe of {apqn} fails, and its device has data" if apqn in state.drvdata else None

    return Property(
        "P39",
        "an operation that fails has changed nothing",
        (After(machine.bus, "set_driver", (machine.bus, *reads), test),),
        "A probe that fails leaves neither an attribute nor data with the device. (What a failed enable or attach\n"
        "leaves is the business of P5, P6 and P16.)",
        ((machine.bus, "set_driver"),),
    )

"""The property that an operation which fails has changed nothing: P39."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Actors, After, Property
from aprt.core.system import View
from aprt.vfio_ap.mainline.machine import Guest, Machine


def p39(machine: Machine) -> Property:
    return Property(
        "P39",
        "an operation that fails has changed nothing",
        (_failed_probe(machine), *(_failed_open(machine, guest) for guest in machine.guests)),
        "A probe that fails leaves neither an attribute nor data with the device; an open that is refused leaves no\n"
        "hook. (What a failed enable leaves is the business of P5 and P6.)",
        ((machine.bus, "set_driver"), *((guest.device, "opened") for guest in machine.guests)),
    )


def _failed_probe(machine: Machine) -> After:
    reads = tuple(queue.status for queue in machine.queues.values())

    def test(view: View, event: Event) -> str | None:
        apqn, driver = event.args
        if driver != "none":
            return None
        state = event.state
        if view(machine.queues[apqn].status).there:
            return f"the probe of {apqn} fails, and its attribute is there"
        return f"the probe of {apqn} fails, and its device has data" if apqn in state.drvdata else None

    return After(machine.bus, "set_driver", (machine.bus, *reads), test)


def _failed_open(machine: Machine, guest: Guest) -> After:
    """The count of openers goes down again, and no VM has to be detached."""

    def test(view: View, event: Event) -> str | None:
        if event.args != (-1,) or view(guest.mdev).kvm is not None:
            return None
        hooked = [other.name for other in machine.guests if view(other.vm).hook == guest.mdev.name]
        return f"{guest.mdev.name} is not opened, and its hook is in {hooked[0]}" if hooked else None

    reads: Actors = (guest.mdev, *(other.vm for other in machine.guests))
    return After(guest.device, "opened", reads, test)

"""The property that an operation which fails has changed nothing: P39."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TypeAlias

from pyrsistent import PMap, pmap

from aprt.core.events import Event
from aprt.core.properties import Actors, After, History, Property, Wrong
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev

Config: TypeAlias = tuple[Matrix, Matrix, tuple[QueuePointer, ...]]
_NOW = ""  # no context is called so


def p39(machine: Machine) -> Property:
    return Property(
        "P39",
        "an operation that fails has changed nothing",
        (
            _failed_probe(machine),
            *(_failed_open(machine, guest) for guest in machine.guests),
            *(History(pmap(), (mdev, mdev.sysfs), partial(_failed_write, mdev)) for mdev in machine.mdevs),
        ),
        "A probe that fails leaves neither an attribute nor data with the device; an open that is refused leaves no\n"
        "hook; a write to an attribute that is refused leaves matrix, shadow and table of the mdev. (What a failed\n"
        "enable leaves is the business of P5 and P6.)",
        (
            (machine.bus, "set_driver"),
            *((guest.device, "opened") for guest in machine.guests),
            *((mdev.sysfs, "leave") for mdev in machine.mdevs),
        ),
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


def _failed_write(mdev: Mdev, memory: Hashable, event: Event) -> Hashable | Wrong:
    """Memory: the configuration as last seen (`_NOW`); by context in a write, that before its first change, if any."""
    seen: PMap[str, Config | None] = memory  # type: ignore[assignment]
    by = event.context
    if event.actor == mdev.name:
        now: Config = (event.state.matrix, event.state.shadow, event.state.qtable)
        if by in seen and seen[by] is None and seen.get(_NOW, now) != now:
            seen = seen.set(by, seen[_NOW])
        return seen if seen.get(_NOW) == now else seen.set(_NOW, now)
    if event.op == "enter" and event.reply:
        return seen.set(by, None)
    if event.op != "leave" or by not in seen:
        return seen
    refused = any(result < 0 for result in event.args)
    if refused and seen[by] not in (None, seen.get(_NOW)):
        return Wrong(f"a write to an attribute of {mdev.name} fails, and has changed its configuration")
    return seen.discard(by)

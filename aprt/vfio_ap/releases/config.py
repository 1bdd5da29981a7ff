"""Properties of what a guest gets to see of its mdev's matrix: P18, P36."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aprt.core.events import Event
from aprt.core.properties import Actors, After, Always, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.properties import objects_of
from aprt.vfio_ap.host.structure import bus_busy, listed
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev import Mdev
from aprt.vfio_ap.releases.structure import was_reset


def p18(machine: Machine) -> Property:
    return Property(
        "P18",
        "a guest has what the shadow of its mdev says",
        tuple(_shadowed(machine, guest) for guest in machine.guests),
        "With mdevs_lock free the APCB of v is the shadow of the mdev that has v, and empty when none has.",
        (
            *((guest.crycb, "set_masks") for guest in machine.guests),
            *((mdev, "set_shadow") for mdev in machine.mdevs),
        ),
    )


def _shadowed(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        if view.held(machine.mdevs_lock.name) or not view(guest.crycb).live:
            return None
        apcb = view(guest.crycb).apcb
        for mdev in machine.mdevs:
            state = view(mdev)
            if state.live and state.kvm == guest.name:
                same = apcb == state.shadow
                return None if same else f"{guest.name} reaches {apcb}, {mdev.name} says {state.shadow}"
        return None if apcb == Matrix() else f"{guest.name} reaches {apcb}, and no mdev has it"

    return Always((guest.crycb, *machine.mdevs), test)


def p36(machine: Machine) -> Property:
    reads: Actors = (machine.bus, machine.matrix_dev, *machine.mdevs, *objects_of(machine))

    def scanned(view: View, event: Event) -> str | None:
        given = _not_given(machine, machine.mdevs, view, "a scan ends")
        return given or _pending(machine, view)

    def written(mdev: Mdev, view: View, event: Event) -> str | None:
        return _not_given(machine, (mdev,), view, "a write ends") if event.args == (0,) else None

    def bound(view: View, event: Event) -> str | None:
        apqn, driver = event.args
        mdevs = [mdev for mdev in machine.mdevs if apqn in view(mdev).matrix]
        return _not_given(machine, mdevs, view, f"{apqn} is bound") if driver == "vfio_ap" else None

    return Property(
        "P36",
        "at the end of a scan, a probe or a write every guest is given what it may have",
        (
            After(machine.scan_mutex, "unlock", reads, scanned),
            After(machine.bus, "set_driver", reads, bound),
            *(After(mdev.sysfs, "leave", reads, partial(written, mdev)) for mdev in machine.mdevs),
        ),
        "When a scan is over, or a write to an attribute of an mdev, or a queue of the mdev has been bound, the\n"
        "shadow of the mdev is its matrix within the host's configuration, without adapters that have a queue which\n"
        "is not bound to vfio_ap or was not reset. Not looked at while somebody holds mdevs_lock, or a scan, a\n"
        "probe or remove runs. When a scan is over, nothing that it found is still to be given to an mdev.",
        (
            (machine.scan_mutex, "unlock"),
            (machine.bus, "set_driver"),
            *((mdev.sysfs, "leave") for mdev in machine.mdevs),
        ),
    )


def _not_given(machine: Machine, mdevs: Sequence[Mdev], view: View, when: str) -> str | None:
    if view.held(machine.mdevs_lock.name) or bus_busy(machine, view):
        return None
    known = listed(machine, view)
    for mdev in (mdev for mdev in mdevs if mdev in known):
        expected, shadow = _expected(machine, mdev, view), view(mdev).shadow
        if shadow != expected:
            return f"{when}, and the shadow of {mdev.name} is {shadow}, not {expected}"
    return None


def _pending(machine: Machine, view: View) -> str | None:
    waiting = [mdev for mdev in listed(machine, view) if view(mdev).added != Matrix()]
    return f"a scan ends, and {view(waiting[0]).added} is still to be given to {waiting[0].name}" if waiting else None


def _expected(machine: Machine, mdev: Mdev, view: View) -> Matrix:
    within = view(mdev).matrix.intersection(view(machine.bus).scanned)

    def guest_may(apqn: Apqn) -> bool:
        return view(machine.bus).drivers.get(apqn) == "vfio_ap" and was_reset(machine, view, apqn)

    lost = [apid for apid in within.apm if not all(guest_may(Apqn(apid, apqi)) for apqi in within.aqm)]
    for apid in lost:
        within = within.without_bit("apm", apid)
    return within

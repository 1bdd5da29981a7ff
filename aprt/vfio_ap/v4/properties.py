"""The properties of v4."""

from __future__ import annotations

from functools import partial

from aprt.core.properties import Property
from aprt.core.system import View
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.detach import p34, p35
from aprt.vfio_ap.host.model import by_number, common
from aprt.vfio_ap.host.structure import p14, p16, p17
from aprt.vfio_ap.series.machine import Machine
from aprt.vfio_ap.v4.guarantee import detaches
from aprt.vfio_ap.v4.isolation import FORGETS, hook_changes, let_go, lists, masks_change, p13
from aprt.vfio_ap.v4.resources import books, p7
from aprt.vfio_ap.v4.switches import GROUPS


def properties(machine: Machine) -> tuple[Property, ...]:
    """All that can be checked on a v4 machine, by number; P34 and P35 only with all measures in."""
    found = common(machine, (partial(_references, machine), machine.mdevs), books(machine), let_go(machine), FORGETS)
    found += [p7(machine), p13(machine), *_structure(machine)]
    if all(machine.on(measure) for measure in GROUPS["all-measures"]):
        found += _detach(machine)
    return by_number(found)


def _references(machine: Machine, view: View, guest: host.Guest) -> int:
    """For P4: those of mdevs, which have one only with the measure `vm_ref`."""
    if not machine.on("vm_ref"):
        return 0
    return sum(view(mdev).live and view(mdev).kvm == guest.name for mdev in machine.mdevs)


def _detach(machine: Machine) -> tuple[Property, ...]:
    whose = "of the matrix that the driver still has (not one that was unbound)"
    return (p34(machine, detaches(machine), whose), p35(machine, detaches(machine)))


def _structure(machine: Machine) -> tuple[Property, ...]:
    groups = tuple(guest.group for guest in machine.guests)
    bits = tuple((mdev, op) for mdev in machine.mdevs for op in ("set_bit", "clear_bit"))
    looked_at = "Not looked at while a scan, a probe or remove, a\nnotifier or a release runs."
    return (
        p14(machine, partial(lists, machine)),
        p16(machine, partial(hook_changes, machine), groups, "Outside of notifier and release", "end_detach"),
        p17(machine, partial(masks_change, machine), groups, looked_at, bits),
    )

"""Properties of tables, lists and assignments: P13 and P15, and what a release adds to P14, P16 and P17."""

from __future__ import annotations

from itertools import combinations

from aprt.core.properties import Actors, Always, AtEnd, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.properties import objects_of
from aprt.vfio_ap.host.structure import listed
from aprt.vfio_ap.kvm.group import Group
from aprt.vfio_ap.mainline.guest_config import passable
from aprt.vfio_ap.mainline.machine import Machine


def p13(machine: Machine) -> Property:
    reads: Actors = (machine.matrix_dev, *machine.mdevs, *objects_of(machine))
    return Property(
        "P13",
        "with mdevs_lock free every queue is in the table of the mdev that it points to",
        (Always(reads, lambda view: _tables(machine, view)),),
        "A queue is in the table of an mdev iff it points to that mdev, so it is in one table at most; its APQN is in\n"
        "the matrix of the mdev then. Not looked at while somebody holds mdevs_lock.",
        tuple((mdev, op) for mdev in machine.mdevs for op in ("hash_add", "hash_del", "set_matrix")),
    )


def _tables(machine: Machine, view: View) -> str | None:
    if view.held(machine.mdevs_lock.name):
        return None
    mdevs = listed(machine, view)
    for apqn, queue in sorted(machine.queues.items()):
        state = view(queue.object)
        if not state.live:
            continue
        places = [mdev.name for mdev in mdevs if QueuePointer(apqn, state.generation) in view(mdev).qtable]
        if len(places) > 1:
            return f"{apqn} is in the tables of {' and '.join(places)}"
        place = places[0] if places else None
        if state.mdev != place:
            return f"{apqn} points to {state.mdev or 'no mdev'} and is in the table of {place or 'none'}"
        if place is not None and apqn not in view(machine.mdev(place)).matrix:
            return f"{apqn} is in the table of {place}, whose matrix does not have it"
    return None


def p15(machine: Machine) -> Property:
    reads: Actors = (machine.bus, *machine.mdevs)
    return Property(
        "P15",
        "nobody else has the APQNs of an mdev",
        (Always(reads, lambda view: _shared(machine, view)),),
        "With guests_lock free no APQN is in the matrices of two mdevs, and none is kept for the host's drivers, too.",
        ((machine.bus, "set_masks"), *((mdev, "set_matrix") for mdev in machine.mdevs)),
    )


def _shared(machine: Machine, view: View) -> str | None:
    if view.held(machine.guests_lock.name):
        return None
    mdevs = [mdev for mdev in machine.mdevs if view(mdev).live]
    for mdev in mdevs:
        kept = view(mdev).matrix.intersection(view(machine.bus).reserved).apqns()
        if kept:
            return f"{kept[0]} is kept for the host's drivers, and {mdev.name} has it"
    for one, other in combinations(mdevs, 2):
        both = view(one).matrix.intersection(view(other).matrix).apqns()
        if both:
            return f"{one.name} and {other.name} both have {both[0]}"
    return None


def p51(machine: Machine) -> Property:
    reads: Actors = (machine.matrix_dev, *machine.mdevs, *(mdev.device for mdev in machine.mdevs))

    def test(view: View) -> str | None:
        for mdev in machine.mdevs:
            if not view(mdev.device).registered and (view(mdev).live or mdev.name in view(machine.matrix_dev).mdevs):
                return f"{mdev.name} is removed, and the driver still has it"
        return None

    return Property(
        "P51",
        "an mdev that was removed is gone",
        (AtEnd(reads, test),),
        "When everything is done, the driver has freed what it kept of an mdev whose device is gone.",
        tuple((mdev.device, "unregister") for mdev in machine.mdevs),
    )


def lists(machine: Machine, view: View) -> list[tuple[str, tuple[QueuePointer, ...]]]:
    """For P14: the tables of the mdevs, without one that is about to be freed."""
    return [(mdev.name, view(mdev).qtable) for mdev in listed(machine, view)]


def hook_changes(machine: Machine, view: View, guest: host.Guest) -> bool:
    """For P16: whether somebody may have changed one of hook and VM pointer, and not yet the other.

    That is whoever holds pqap_hook_rwsem; before fix B17, when the two were changed in sections of their own, also
    whoever opens or closes a device; and before 6.0 also whoever holds the driver's lock, or calls a notifier.
    """
    dynamic = machine.on("dynamic_config")
    if _notified(machine, view):
        return True
    opening = () if dynamic and machine.on("B17") else (g.device.dev_set_lock for g in machine.guests)
    driver = () if dynamic else (machine.mdevs_lock,)
    locks = (machine.guest(guest.name).hook_rwsem, *opening, *driver)
    return any(lock is not None and view.held(lock.name) for lock in locks)


def groups(machine: Machine) -> tuple[Group, ...]:
    """The groups of the guests, where they have notifiers."""
    return tuple(guest.group for guest in machine.guests if guest.has_notifier)


def masks_change(machine: Machine, view: View, guest: host.Guest) -> bool:
    """For P17: somebody holds mdevs_lock, or calls a notifier, and may be about to write the masks."""
    return view.held(machine.mdevs_lock.name) or _notified(machine, view)


def _notified(machine: Machine, view: View) -> bool:
    return any(view(group).calling for group in groups(machine))


def was_reset(machine: Machine, view: View, apqn: Apqn) -> bool:
    """For P17: the last reset of the queue is no reason to keep it from a guest; what the driver's filter asks."""
    state = view(machine.queues[apqn].object)
    return state.live and passable(machine, state.reset_rc)

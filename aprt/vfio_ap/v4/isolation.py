"""Property P13 of the series' buckets, and what the series adds to P11, P12, P14, P16 and P17."""

from __future__ import annotations

from aprt.core.properties import Actors, Always, Before, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.host import machine as host
from aprt.vfio_ap.host.properties import objects_of
from aprt.vfio_ap.host.users import detached, still_used
from aprt.vfio_ap.series.machine import Machine


def let_go(machine: Machine) -> list[Before]:
    """For P11: with a detach, however it is done, and when a queue goes to the free list."""
    detaches = [detached(machine, mdev, op) for mdev in machine.mdevs for op in ("end_detach", "set_kvm")]
    freed = still_used(machine, machine.matrix_dev, "give", lambda event: event.args[0].apqn, "goes to the free list")
    return [*detaches, freed]


FORGETS = ("forget",)
"""For P12, P34 and P35: the message that erases the records of a queue."""


def p13(machine: Machine) -> Property:
    reads: Actors = (machine.matrix_dev, machine.matrix_lock, *machine.mdevs, *objects_of(machine))
    return Property(
        "P13",
        "with the matrix lock free every queue is in exactly one bucket, the right one",
        (Always(reads, lambda view: _buckets(machine, view)),),
        "Every vfio_ap_queue is in exactly one of the free list and the mdevs' lists; in the list of an mdev that has\n"
        "a VM it is iff its APQN is in the matrix. Not looked at while the matrix lock is held, or for a queue whose\n"
        "probe or remove is running. (After a close the series keeps the matrix and frees the queues by design.)",
    )


def _buckets(machine: Machine, view: View) -> str | None:
    if view(machine.matrix_lock).owner is not None:
        return None
    free = [found.apqn for found in view(machine.matrix_dev).free_list]
    lists = {mdev: [f.apqn for f in view(mdev).qlist] for mdev in machine.mdevs if view(mdev).live}
    for apqn, queue in sorted(machine.queues.items()):
        if not view(queue.object).live or view.inflight(("callback", apqn)):
            continue
        places = free.count(apqn) + sum(qlist.count(apqn) for qlist in lists.values())
        if places != 1:
            return f"{apqn} is in {places} buckets"
        for mdev, qlist in lists.items():
            state = view(mdev)
            attached = state.kvm is not None and not view.inflight(("detach", mdev.name))
            if attached and (apqn in qlist) != (apqn in state.matrix):
                return f"{apqn} is {'' if apqn in qlist else 'not '}in the list of {mdev.name}, unlike its matrix"
    return None


def lists(machine: Machine, view: View) -> list[tuple[str, tuple[QueuePointer, ...]]]:
    """For P14: the free list and the mdevs' lists."""
    live = [mdev for mdev in machine.mdevs if view(mdev).live]
    return [("the free list", view(machine.matrix_dev).free_list), *((mdev.name, view(mdev).qlist) for mdev in live)]


def hook_changes(machine: Machine, view: View, guest: host.Guest) -> bool:
    """For P16: a notifier or a release runs."""
    calling = any(view(g.group).calling for g in machine.guests)
    return calling or any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs)


def masks_change(machine: Machine, view: View, guest: host.Guest) -> bool:
    """For P17: a notifier for this guest or a release runs."""
    if view(machine.guest(guest.name).group).calling:
        return True
    return any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs)

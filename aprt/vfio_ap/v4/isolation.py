"""Properties of resets, buckets, hook and what the guest is told: P11, P12, P13, P14, P16, P17, P24."""

from __future__ import annotations

from aprt.core.events import Event
from aprt.core.properties import Actors, Always, Before, Noted, Property
from aprt.core.system import View
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.properties import hardware_of
from aprt.vfio_ap.series.machine import Guest, Machine, Queue
from aprt.vfio_ap.series.mdev import Mdev


def p11(machine: Machine) -> Property:
    checks: list[Before | Noted] = [Noted()]
    for mdev in machine.mdevs:
        checks += [_left_behind(machine, mdev, op) for op in ("end_detach", "set_kvm")]
    checks += [_freed(machine), _handed_to_host(machine), _unbound(machine)]
    checks += [_shown(machine, guest) for guest in machine.guests]
    return Property(
        "P11",
        "a queue changes its user only after a finished ZAPQ",
        tuple(checks),
        "A queue that holds requests, replies or keys is used by nobody else, and does not change hands: its guest is\n"
        "not detached, it does not go to the free list, it is not unbound, not bound to a host driver, and does not\n"
        "become visible to a guest. A ZAPQ must have ended since the former user's last instruction.",
        tuple((hw, op) for hw in hardware_of(machine) for op in ("nqap", "dqap")),
    )


def _holds(machine: Machine, view: View, apqn: Apqn) -> str | None:
    """Whose things the queue holds; None also for one that is off or gone, and comes back reset."""
    hw = view(machine.queues[apqn].hw)
    return hw.user if hw.cfg == "on" else None


def _left_behind(machine: Machine, mdev: Mdev, op: str) -> Before:
    def test(view: View, event: Event) -> str | None:
        state = view(mdev)
        if state.kvm is None or event.args not in ((), (None,)):
            return None
        for apqn in sorted(machine.queues):
            if apqn in state.matrix and _holds(machine, view, apqn) == state.kvm:
                return f"{mdev.name} lets {state.kvm} go while {apqn} holds something of it"
        return None

    return Before(mdev, op, (mdev, *hardware_of(machine)), test)


def _handed_to_host(machine: Machine) -> Before:
    def test(view: View, event: Event) -> str | None:
        apqn, driver = event.args
        user = _holds(machine, view, apqn)
        return (
            f"{apqn} is given to the host while it holds something of {user}" if driver == "zcrypt" and user else None
        )

    return Before(machine.bus, "set_driver", hardware_of(machine), test)


def _freed(machine: Machine) -> Before:
    def test(view: View, event: Event) -> str | None:
        apqn = event.args[0].apqn
        user = _holds(machine, view, apqn)
        return f"{apqn} goes to the free list while it holds something of {user}" if user else None

    return Before(machine.matrix_dev, "give", hardware_of(machine), test)


def _unbound(machine: Machine) -> Before:
    def test(view: View, event: Event) -> str | None:
        apqn, _ = event.args
        user = _holds(machine, view, apqn)
        return f"{apqn} is unbound while it holds something of {user}" if user else None

    return Before(machine.bus, "end_remove", hardware_of(machine), test)


def _shown(machine: Machine, guest: Guest) -> Before:
    def test(view: View, event: Event) -> str | None:
        (masks,) = event.args
        for apqn in sorted(machine.queues):
            user = _holds(machine, view, apqn)
            if user and apqn in masks and apqn not in view(guest.crycb).apcb:
                return f"{apqn} becomes visible to {guest.name} while it holds something of {user}"
        return None

    return Before(guest.crycb, "set_masks", (guest.crycb, *hardware_of(machine)), test)


def p12(machine: Machine) -> Property:
    return Property(
        "P12",
        "a reset counts as finished only when it is",
        tuple(_concluded(queue) for queue in machine.queues.values()),
        "Records are forgotten after a reset only when the last ZAPQ that the host issued was accepted and has ended,\n"
        "or the queue answered that it does not work (off, broken, gone) and off_is_silent holds.",
    )


def _concluded(queue: Queue) -> Before:
    def test(view: View, event: Event) -> str | None:
        hw = view(queue.hw)
        if not event.args[2] or queue.hw.reset_over(hw):
            return None
        return f"the records of {queue.apqn} are freed as if it were reset; its last ZAPQ is {hw.zapq}"

    return Before(queue.object, "forget", (queue.hw,), test)


def p13(machine: Machine) -> Property:
    objects = tuple(queue.object for queue in machine.queues.values())
    reads: Actors = (machine.matrix_dev, machine.matrix_lock, *machine.mdevs, *objects)
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


def p14(machine: Machine) -> Property:
    objects = tuple(queue.object for queue in machine.queues.values())
    reads: Actors = (machine.matrix_dev, *machine.mdevs, *objects)
    return Property(
        "P14",
        "lists are well formed",
        (Always(reads, lambda view: _lists(machine, view)),),
        "No list has a node twice or a node that was freed; assigning again what is assigned changes nothing.",
    )


def _lists(machine: Machine, view: View) -> str | None:
    device = view(machine.matrix_dev)
    live = [mdev for mdev in machine.mdevs if view(mdev).live]
    for name, nodes in (("the free list", device.free_list), *((m.name, view(m).qlist) for m in live)):
        if len(set(nodes)) < len(nodes):
            return f"{name} has a queue twice"
        for found in nodes:
            state = view(machine.queues[found.apqn].object)
            if not state.live or state.generation != found.generation:
                return f"{name} has {found.apqn}, which was freed"
    if len(set(device.mdevs)) < len(device.mdevs):
        return "the list of mdevs has one twice"
    freed = [name for name in device.mdevs if machine.mdev(name) not in live]
    return f"the list of mdevs has {freed[0]}, which was freed" if freed else None


def p16(machine: Machine) -> Property:
    return Property(
        "P16",
        "hook and VM pointer belong together",
        tuple(_hook(machine, guest) for guest in machine.guests),
        "Outside of notifier and release: a VM's hook is NULL or that of a live mdev which has this VM; an mdev that\n"
        "has a VM has its hook there; at most one mdev has a VM.",
        (
            *((guest.vm, "set_hook") for guest in machine.guests),
            *((mdev, op) for mdev in machine.mdevs for op in ("set_kvm", "end_detach")),
        ),
    )


def _hook(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        if not view(guest.vm).live or any(view(g.group).calling for g in machine.guests):
            return None
        if any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs):
            return None
        hook = view(guest.vm).hook
        owners = [mdev.name for mdev in machine.mdevs if view(mdev).live and view(mdev).kvm == guest.name]
        if len(owners) > 1:
            return f"{' and '.join(owners)} both have {guest.name}"
        owner = owners[0] if owners else None
        if hook != owner:
            return f"the hook of {guest.name} is {hook or 'NULL'}, the mdev that has it is {owner or 'none'}"
        return None

    return Always((guest.vm, *machine.mdevs, *(g.group for g in machine.guests)), test)


def p17(machine: Machine) -> Property:
    return Property(
        "P17",
        "a guest reaches only queues that are bound to vfio_ap and assigned to it",
        tuple(_reachable(machine, guest) for guest in machine.guests),
        "Every APQN in the APCB of v is one that the host has (as the last bus scan saw it), has a queue device bound\n"
        "to vfio_ap and is in the matrix of the mdev that has v. Not looked at while a scan, a probe or remove, a\n"
        "notifier or a release runs.",
        (
            *((guest.crycb, op) for guest in machine.guests for op in ("set_masks", "drop_adapter")),
            *((mdev, op) for mdev in machine.mdevs for op in ("set_bit", "clear_bit")),
            *((machine.bus, op) for op in ("set_driver", "end_remove")),
        ),
    )


def _reachable(machine: Machine, guest: Guest) -> Always:
    def test(view: View) -> str | None:
        running = any(view.inflight(("callback", apqn)) for apqn in machine.queues)
        running = running or any(view.inflight(("detach", mdev.name)) for mdev in machine.mdevs)
        running = running or view(machine.scan_mutex).owner is not None
        if running or view(guest.group).calling or not view(guest.crycb).live:
            return None
        for apqn in view(guest.crycb).apcb.apqns():
            if apqn not in view(machine.bus).scanned:
                return f"{guest.name} reaches {apqn}, which the host does not have"
            if view(machine.bus).drivers.get(apqn) != "vfio_ap":
                return f"{guest.name} reaches {apqn}, which is not bound to vfio_ap"
            if not any(view(m).live and view(m).kvm == guest.name and apqn in view(m).matrix for m in machine.mdevs):
                return f"{guest.name} reaches {apqn}, which no mdev assigns to it"
        return None

    return Always((machine.bus, machine.scan_mutex, guest.crycb, guest.group, *machine.mdevs), test)

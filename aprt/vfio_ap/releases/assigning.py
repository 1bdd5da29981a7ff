"""Scenarios of the releases in which an administrator assigns, unassigns, binds and unbinds under a running guest."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import bind, unbind
from aprt.vfio_ap.host.situation import FIRST, QUEUES, SIBLING
from aprt.vfio_ap.host.userspace import DEVICE, KVM_VFIO, VM, close_fd, close_these, vcpu_file
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.mainline.mdev_attributes import write
from aprt.vfio_ap.releases.situation import Situation


def _beside_unbound(settings: Settings, domains: tuple[int, ...]) -> Situation:
    """A guest whose mdev has adapter 5 and these domains, on a host where 05.0005 has no driver."""
    matrix = Matrix.of([FIRST.apid], domains)
    return Situation(settings, (GuestPlan("vm0", "mdev0", matrix),), QUEUES, unbound=(SIBLING,))


def unassign_adapter(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("admin", partial(_unassign_then_close, s.machine, s.guest)),
        scope="the adapter is unassigned while the guest uses it; then the device is closed, the VM stays",
    )


async def _unassign_then_close(machine: Machine, guest: Guest) -> None:
    await machine.ops.unassign(machine, guest.mdev, "apm", "5")
    await close_fd(machine, guest, DEVICE)


def assign_twice(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    return s.model(
        Context("admin", partial(_assign_then_close, s.machine, s.guest)),
        scope="the guest's adapter is assigned once more, then its device is closed; no vCPU runs",
    )


async def _assign_then_close(machine: Machine, guest: Guest) -> None:
    await machine.ops.assign(machine, guest.mdev, "apm", "5")
    await close_fd(machine, guest, DEVICE)


def unbind_sibling(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("admin", partial(_away_and_back, s.machine, SIBLING)),
        scope="the second queue of the adapter is unbound and bound again while the guest uses the first",
    )


async def _away_and_back(machine: Machine, apqn: Apqn) -> None:
    await unbind(machine, apqn)
    await bind(machine, apqn, "vfio_ap")


def assign_beside_unbound(settings: Settings) -> Model:
    s = _beside_unbound(settings, (FIRST.apqi,))
    return s.model(
        Context("admin", partial(_filtered_and_back, s.machine, s.guest)),
        scope="a domain whose queue has no driver is assigned while the guest uses the adapter, then it is bound",
    )


async def _filtered_and_back(machine: Machine, guest: Guest) -> None:
    await machine.ops.assign(machine, guest.mdev, "aqm", "5")
    await bind(machine, SIBLING, "vfio_ap")


def assign_back(settings: Settings) -> Model:
    s = _beside_unbound(settings, (FIRST.apqi, SIBLING.apqi))
    return s.model(
        Context("admin", partial(_unassign_and_back, s.machine, s.guest)),
        scope="a domain is unassigned and assigned again; a queue in another one has no driver",
    )


async def _unassign_and_back(machine: Machine, guest: Guest) -> None:
    await machine.ops.unassign(machine, guest.mdev, "aqm", "4")
    await machine.ops.assign(machine, guest.mdev, "aqm", "4")


def unassign_hidden(settings: Settings) -> Model:
    s = _beside_unbound(settings, (FIRST.apqi, SIBLING.apqi))
    return s.model(
        Context("admin", partial(_unassign_then_exit, s.machine, s.guest)),
        scope="an adapter that the guest cannot see is unassigned while it enables an interrupt there; then all files "
        "are closed",
    )


async def _unassign_then_exit(machine: Machine, guest: Guest) -> None:
    await machine.ops.unassign(machine, guest.mdev, "apm", "5")
    await close_these(machine, guest, (DEVICE, KVM_VFIO, vcpu_file(guest.vcpus[0]), VM))


def unassign_unbound(settings: Settings) -> Model:
    s = _beside_unbound(settings, (FIRST.apqi, SIBLING.apqi))
    return s.model(
        Context("admin", partial(write, s.machine, s.guest.mdev, "unassign_domain", str(SIBLING.apqi))),
        scope="a domain whose queue has no driver is unassigned; the guest tries to use the other one",
    )


ASSIGNING = (
    Scenario(
        "unassign",
        "an adapter is unassigned while its guest sends a request",
        "What the guest loses has to be reset before it can be assigned to another mdev\n"
        "(B33), and is the mdev's no more (B34).",
        ("P5", "P6", "P9", "P11", "P12"),
        unassign_adapter,
        ("guest=use",),
    ),
    Scenario(
        "assign-twice",
        "an adapter is assigned that is assigned already",
        "Its queues must not be put into the mdev's table once more (B16).",
        ("P9", "P14", "deadlock"),
        assign_twice,
    ),
    Scenario(
        "sibling",
        "another queue of a guest's adapter is unbound and bound again",
        "A guest that may not have one queue of an adapter may not have the adapter:\n"
        "all its queues leave the guest, and have to be reset (B27).",
        ("P5", "P6", "P9", "P11", "P12", "P17", "P36"),
        unbind_sibling,
        ("queues=2", "guest=use"),
    ),
    Scenario(
        "assign-beside-unbound",
        "a domain is assigned whose queue has no driver",
        "The filter takes the adapter from the guest that uses it; its queues have to be\n"
        "reset before the guest sees them again (B28).",
        ("P5", "P6", "P9", "P11", "P12", "P17", "P36"),
        assign_beside_unbound,
        ("guest=use",),
    ),
    Scenario(
        "assign-back",
        "a domain is unassigned and assigned again beside one whose queue has no driver",
        "The filter has to look at all queues, not only at those of the domain that was\n"
        "assigned: else the guest gets one that the host uses (B29).",
        ("P9", "P17"),
        assign_back,
    ),
    Scenario(
        "unassign-unbound",
        "a domain is unassigned whose queue has cost the guest its adapter",
        "With it gone nothing speaks against the adapter any more. Unassigning takes away\n"
        "from the guest what it has, and does not look at what it could have.",
        ("P9", "P13", "P17", "P18", "P36"),
        unassign_unbound,
        ("guest=use",),
    ),
    Scenario(
        "unassign-hidden",
        "an adapter is unassigned that its guest cannot see, but has an interrupt on",
        "One of its queues has no driver, so the guest has none of them; yet PQAP(AQIC) is\n"
        "answered for what is assigned. Only queues that the guest could see are reset.",
        ("P1", "P2", "P3", "P5", "P6", "P8", "P9", "P13", "P52"),
        unassign_hidden,
    ),
)

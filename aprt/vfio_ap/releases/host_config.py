"""Scenarios of the releases in which the hypervisor takes adapters and domains from the host, or gives it more."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import change_config, scan, unbind
from aprt.vfio_ap.host.pending import interrupts_on
from aprt.vfio_ap.host.programs import FIRST_ISC, FIRST_NIB
from aprt.vfio_ap.host.situation import FIRST
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.situation import Situation

SECOND = Apqn(6, 4)
THIRD = Apqn(7, 4)
CONTROL = 9  # a domain that is only controlled

CONFIG = ("P5", "P6", "P7", "P8", "P9", "P11", "P13", "P17", "P18", "P22", "P36", "P43", "P45")


def changes(s: Situation, lost: Matrix = Matrix(), gained: Matrix = Matrix()) -> Context:  # noqa: B008
    """The hypervisor changes the host's configuration, and a scan notices."""
    return Context("ap_scan", partial(change_config, s.machine, lost, gained))


def lose_adapter(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid])),
        scope="the host loses the guest's only adapter while the guest enables an interrupt",
    )


def lose_enabled(settings: Settings) -> Model:
    s = Situation.attached(settings, running=False)
    queue = s.machine.queues[s.apqn]
    s.states |= interrupts_on(s.guest, (queue,)) | s.recorded(s.guest, s.apqn, FIRST_ISC, FIRST_NIB)
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid])),
        scope="the host loses the adapter of a guest that has its interrupt on; no vCPU runs",
    )


def lose_domain(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        changes(s, lost=Matrix.of([], [FIRST.apqi])),
        scope="the host loses the guest's first domain while the guest enables an interrupt",
    )


def lose_unused(settings: Settings) -> Model:
    plan = GuestPlan("vm0", "mdev0", Matrix.of([FIRST.apid], [FIRST.apqi]), attached=False)
    s = Situation(settings, (plan,), (FIRST,), running=False)
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid])),
        scope="the host loses the adapter of an mdev that nobody has open",
    )


def lose_beside(settings: Settings) -> Model:
    s = Situation(settings, (_one_adapter("vm0", FIRST), _one_adapter("vm1", SECOND)), (FIRST, SECOND), running=False)
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid])),
        scope="two guests with an adapter each; the host loses that of the first; no vCPU runs",
    )


def _one_adapter(vm: str, apqn: Apqn) -> GuestPlan:
    return GuestPlan(vm, f"mdev{vm[-1]}", Matrix.of([apqn.apid], [apqn.apqi], [CONTROL]))


def with_control_domain(settings: Settings, had: bool) -> Situation:
    """A guest whose mdev has a control domain, which the host has (had) or not."""
    matrix = Matrix.of([FIRST.apid], [FIRST.apqi], [CONTROL])
    config = matrix if had else matrix.without_bit("adm", CONTROL)
    return Situation(settings, (GuestPlan("vm0", "mdev0", matrix),), (FIRST,), config=config)


def lose_control_domain(settings: Settings) -> Model:
    s = with_control_domain(settings, had=True)
    return s.model(
        changes(s, lost=Matrix.of(adm=[CONTROL])),
        scope="the host loses a control domain of a guest that enables an interrupt",
    )


def gains(settings: Settings, apqns: tuple[Apqn, ...], running: bool = True) -> Situation:
    """A guest whose mdev has all these queues, and a host that has only the first adapter yet."""
    matrix = Matrix.of((apqn.apid for apqn in apqns), [FIRST.apqi])
    config = Matrix.of([FIRST.apid], [FIRST.apqi])
    return Situation(settings, (GuestPlan("vm0", "mdev0", matrix),), apqns, running, config=config)


def adapter_replaced(settings: Settings) -> Model:
    s = gains(settings, (FIRST, SECOND))
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid]), gained=Matrix.of([SECOND.apid])),
        scope="in one scan the host loses an adapter of a guest and gains another; the guest enables an interrupt",
    )


def lose_and_regain(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("ap_scan", partial(_goes_and_comes, s.machine)),
        scope="the host loses the adapter of a guest that sends a request, and gains it again",
    )


async def _goes_and_comes(machine: Machine) -> None:
    await change_config(machine, lost=Matrix.of([FIRST.apid]))
    await change_config(machine, gained=Matrix.of([FIRST.apid]))


def lose_and_unbind(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        changes(s, lost=Matrix.of([FIRST.apid])),
        Context("admin", partial(unbind, s.machine, FIRST)),
        scope="the host loses the adapter of a guest that sends a request while its queue is unbound",
    )


def assign_absent_domain(settings: Settings) -> Model:
    s = Situation.attached(settings)
    return s.model(
        Context("admin", partial(_assign_then_scan, s.machine, s.guest)),
        scope="a domain that the host has not is assigned while the guest enables an interrupt; then the bus scans",
    )


async def _assign_then_scan(machine: Machine, guest: Guest) -> None:
    await machine.ops.assign(machine, guest.mdev, "aqm", str(CONTROL))
    await scan(machine)


HOST_CONFIG = (
    Scenario(
        "lose-adapter",
        "the host loses the only adapter of a guest that enables an interrupt",
        "A scan takes the adapter from the guest, whose APCB has to become empty (B21),\n"
        "and then the device from the driver, which resets what is there (B32).",
        CONFIG,
        lose_adapter,
    ),
    Scenario(
        "lose-enabled",
        "the host loses the adapter of a guest that has its interrupt on",
        "The queue is in no configuration any more when the driver loses its device. It is\n"
        "not reset then, and what it owns has to come back all the same (B18).",
        CONFIG,
        lose_enabled,
    ),
    Scenario(
        "lose-domain",
        "the host loses a domain of a guest that enables an interrupt",
        "As lose-adapter, for the other mask.",
        CONFIG,
        lose_domain,
    ),
    Scenario(
        "lose-unused",
        "the host loses an adapter of an mdev without a VM",
        "The callback walks all mdevs, and not every mdev has a VM whose lock could be\ntaken (B19).",
        CONFIG,
        lose_unused,
    ),
    Scenario(
        "lose-beside",
        "the host loses an adapter of one of two guests",
        "The other guest loses nothing, and should not notice (B24).",
        CONFIG,
        lose_beside,
    ),
    Scenario(
        "lose-control-domain",
        "the host loses a control domain of a guest",
        "What a guest loses is what was removed and it has; its APCB must show it (B25).",
        CONFIG,
        lose_control_domain,
    ),
    Scenario(
        "adapter-replaced",
        "the host loses one adapter of a guest and gains another",
        "Removal and addition in the same scan, under a running guest.",
        CONFIG,
        adapter_replaced,
    ),
    Scenario(
        "lose-and-regain",
        "the host loses the adapter of a guest, and gains it again",
        "When the adapter comes back its queues are reset, and the guest may have them.",
        CONFIG,
        lose_and_regain,
        ("guest=use",),
    ),
    Scenario(
        "lose-and-unbind",
        "the host loses an adapter while its queue is unbound",
        "Both take the adapter from the guest; whoever comes first does it.",
        CONFIG,
        lose_and_unbind,
        ("guest=use",),
    ),
    Scenario(
        "assign-absent",
        "a domain that the host has not is assigned to a guest's mdev",
        "More may be assigned than there is. What is not there has no queue device, and\n"
        "no guest loses an adapter for it (B30).",
        CONFIG,
        assign_absent_domain,
    ),
)

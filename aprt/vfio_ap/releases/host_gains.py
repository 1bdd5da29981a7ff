"""Scenarios of the releases in which the host gains adapters and domains that a guest's mdev has already."""

from __future__ import annotations

from functools import partial

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.situation import FIRST
from aprt.vfio_ap.mainline.machine import Guest, Machine
from aprt.vfio_ap.releases.attaching import open_and_close
from aprt.vfio_ap.releases.host_config import CONFIG, CONTROL, SECOND, THIRD, changes, gains, with_control_domain
from aprt.vfio_ap.releases.situation import Situation


def gain_control_domain(settings: Settings) -> Model:
    s = with_control_domain(settings, had=False)
    return s.model(
        changes(s, gained=Matrix.of(adm=[CONTROL])),
        scope="the host gains a control domain of a guest that enables an interrupt",
    )


def gain_adapter(settings: Settings) -> Model:
    s = gains(settings, (FIRST, SECOND))
    return s.model(
        changes(s, gained=Matrix.of([SECOND.apid])),
        scope="the host gains a second adapter of a guest that enables an interrupt on the first",
    )


def gain_two_adapters(settings: Settings) -> Model:
    s = gains(settings, (FIRST, SECOND, THIRD), running=False)
    return s.model(
        changes(s, gained=Matrix.of([SECOND.apid, THIRD.apid])),
        scope="the host gains two more adapters of a guest at the same time; no vCPU runs",
    )


def gain_and_assign(settings: Settings) -> Model:
    matrix, config = Matrix.of([FIRST.apid], [FIRST.apqi]), Matrix.of([FIRST.apid], [FIRST.apqi])
    plans = (GuestPlan("vm0", "mdev0", matrix),)
    s = Situation(settings, plans, (FIRST, SECOND), running=False, config=config)
    return s.model(
        changes(s, gained=Matrix.of([SECOND.apid])),
        Context("admin", partial(_assign_and_unassign, s.machine, s.guest)),
        scope="the host gains an adapter while it is assigned to the mdev of a guest, and unassigned; no vCPU runs",
    )


async def _assign_and_unassign(machine: Machine, guest: Guest) -> None:
    await machine.ops.assign(machine, guest.mdev, "apm", str(SECOND.apid))
    await machine.ops.unassign(machine, guest.mdev, "apm", str(SECOND.apid))


def gain_and_attach(settings: Settings) -> Model:
    matrix, config = Matrix.of([FIRST.apid, SECOND.apid], [FIRST.apqi]), Matrix.of([FIRST.apid], [FIRST.apqi])
    plans = (GuestPlan("vm0", "mdev0", matrix, attached=False),)
    s = Situation(settings, plans, (FIRST, SECOND), running=False, config=config)
    return s.model(
        changes(s, gained=Matrix.of([SECOND.apid])),
        Context("qemu", partial(open_and_close, s.machine, s.guest)),
        scope="the host gains an adapter of an mdev while QEMU opens the device and closes it again",
    )


HOST_GAINS = (
    Scenario(
        "gain-control-domain",
        "the host gains a control domain of a guest",
        "No adapter and no domain is gained, so no queue is filtered and none reset (B23).",
        CONFIG,
        gain_control_domain,
    ),
    Scenario(
        "gain-adapter",
        "the host gains an adapter of a guest that uses another one",
        "What was gained is noted for each mdev; probes look at the note, and the end of\n"
        "the scan gives it to the guest (B26).",
        CONFIG,
        gain_adapter,
    ),
    Scenario(
        "gain-two-adapters",
        "the host gains two adapters of a guest in one scan",
        "Their queues appear one after the other; the guest is to be stopped once (B31).",
        CONFIG,
        gain_two_adapters,
    ),
    Scenario(
        "gain-and-assign",
        "the host gains an adapter while it is assigned and unassigned",
        "What was noted as gained may be in no matrix any more when the scan is complete.",
        CONFIG,
        gain_and_assign,
    ),
    Scenario(
        "gain-and-attach",
        "the host gains an adapter while QEMU opens and closes the device",
        "The guest may come and go between the note of what was gained and the end of the scan.",
        CONFIG,
        gain_and_attach,
    ),
)

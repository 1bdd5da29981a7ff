"""Scenarios of the releases about the AP bus: its masks, its first scan, devices between two drivers."""

from __future__ import annotations

from functools import partial

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.core.system import Context
from aprt.vfio_ap.ap.ap_bus import ApBusState
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_masks import store_mask
from aprt.vfio_ap.host.bus_scan import boot, force_rescan, scan, unbind
from aprt.vfio_ap.host.situation import FIRST
from aprt.vfio_ap.mainline.machine import Machine
from aprt.vfio_ap.mainline.mdev_attributes import write
from aprt.vfio_ap.releases.situation import Situation

BUS_RULES = ("P7", "P9", "P11", "P13", "P15", "P17", "P22", "P36", "P45", "P46")


def _host(settings: Settings, matrix: Matrix, apm: tuple[int, ...], config: Matrix | None = None) -> Situation:
    """One queue, an mdev with this matrix that nobody has open, apmask with these adapters, aqmask empty.

    config: see `Situation`.
    """
    plans = (GuestPlan("vm0", "mdev0", matrix, attached=False),)
    s = Situation(settings, plans, (FIRST,), running=False, config=config)
    bus: ApBusState = s.states[s.machine.bus.name]
    s.states[s.machine.bus.name] = attrs.evolve(bus, reserved=Matrix.of(apm))
    return s


def masks_in_use(settings: Settings) -> Model:
    s = _host(settings, Matrix.of([FIRST.apid], [FIRST.apqi]), (FIRST.apid,))
    return s.model(
        Context("admin", partial(store_mask, s.machine, "aqm", (FIRST.apqi,))),
        scope="aqmask is to take the queue of an mdev",
    )


def masks_and_assign(settings: Settings) -> Model:
    s = _host(settings, Matrix.of([], [FIRST.apqi]), (FIRST.apid,))
    return s.model(
        Context("admin", partial(store_mask, s.machine, "aqm", (FIRST.apqi,))),
        Context("other", partial(write, s.machine, s.guest.mdev, "assign_adapter", str(FIRST.apid))),
        scope="aqmask takes a queue for the host while it is assigned to an mdev",
    )


def masks_and_scan(settings: Settings) -> Model:
    s = _host(settings, Matrix(), (FIRST.apid,))
    return s.model(
        Context("admin", partial(_there_and_back, s.machine)),
        Context("ap_scan", partial(scan, s.machine)),
        scope="aqmask gives a queue to the host and takes it back while the bus scans",
    )


async def _there_and_back(machine: Machine) -> None:
    await store_mask(machine, "aqm", (FIRST.apqi,))
    await store_mask(machine, "aqm", ())


def masks_and_unbind(settings: Settings) -> Model:
    s = _host(settings, Matrix(), (FIRST.apid,))
    return s.model(
        Context("admin", partial(store_mask, s.machine, "aqm", (FIRST.apqi,))),
        Context("other", partial(unbind, s.machine, FIRST)),
        scope="aqmask takes a queue for the host while it is unbound",
    )


def early_change(settings: Settings) -> Model:
    s = _host(settings, Matrix(), (), config=Matrix.of([], [FIRST.apqi]))
    bus: ApBusState = s.states[s.machine.bus.name]
    s.states[s.machine.bus.name] = attrs.evolve(bus, config=s.machine.bus.config, boot="begun")
    s.states[s.machine.queues[FIRST].hw.name] = ApQueueState()
    return s.model(
        Context("init", partial(boot, s.machine)),
        Context("sclp", partial(force_rescan, s.machine)),
        scope="the machine tells of a change of its configuration while the AP bus is initialized",
    )


BUS = (
    Scenario(
        "masks-in-use",
        "aqmask is to take a queue that an mdev has",
        "The driver says that it is in use; whatever it says, the reference of its module\n"
        "that the bus took is given back (B50).",
        BUS_RULES,
        masks_in_use,
    ),
    Scenario(
        "masks-and-assign",
        "aqmask takes a queue for the host while it is assigned",
        "Both look at what the other has under ap_perms_mutex.",
        BUS_RULES,
        masks_and_assign,
    ),
    Scenario(
        "masks-scan",
        "the bus scans while a queue changes its driver",
        "For a moment the queue has none, and is not broken (B51).",
        BUS_RULES,
        masks_and_scan,
    ),
    Scenario(
        "masks-and-unbind",
        "the masks change while a queue is unbound",
        "To see which devices have the wrong driver the bus looks into the driver of each.",
        BUS_RULES,
        masks_and_unbind,
    ),
    Scenario(
        "early-change",
        "the machine tells of a change while the AP bus is initialized",
        "The scan that it starts uses a timer that is not set up yet (B49).",
        BUS_RULES,
        early_change,
    ),
)

"""Properties of tables, assignments and what a guest sees: a short job breaks each, and with its fix in it holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import pytest

from aprt.core.finding import Finding
from aprt.core.system import Context
from aprt.explore.explore import explore
from aprt.vfio_ap.ap.ap_bus import ApBusState
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_masks import store_mask
from aprt.vfio_ap.host.bus_scan import bind, card_vanishes, scan, unbind
from aprt.vfio_ap.host.situation import QUEUES
from aprt.vfio_ap.mainline.hot_plug import in_use
from aprt.vfio_ap.mainline.mdev_sysfs import assign, assign_control_domain, unassign
from aprt.vfio_ap.mainline.vfio_core import open_device
from aprt.vfio_ap.releases.situation import Situation

Job = Callable[[Situation], Awaitable[object]]
BOTH = Matrix.of([5], [4, 5])


def situation(*taken_out: str, put_in: tuple[str, ...] = ()) -> Situation:
    """vm0 has both queues and all open, vm1 nothing: its mdev1 is empty; the host has control domain 4."""
    era = ERAS["2026"]
    settings = era.settings(era.scenario("kill-qemu"), ("queues=2", *put_in), taken_out)
    plans = (GuestPlan("vm0", "mdev0", BOTH), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    s = Situation(settings, plans, QUEUES, running=False)
    bus: ApBusState = s.states[s.machine.bus.name]
    host = bus.config.with_bit("adm", 4)
    s.states[s.machine.bus.name] = attrs.evolve(bus, config=host, scanned=host)
    matrix_dev = s.states[s.machine.matrix_dev.name]
    s.states[s.machine.matrix_dev.name] = attrs.evolve(matrix_dev, info=host)
    return s


def found(id: str, job: Job, *taken_out: str, put_in: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """What the property says when the job is done alone; the search is complete."""
    s = situation(*taken_out, put_in=put_in)

    async def run() -> None:
        await job(s)

    return broken_in(s, id, Context("admin", run))


def broken_in(s: Situation, id: str, *contexts: Context) -> tuple[Finding, ...]:
    model = s.model(*contexts, scope="nothing else happens")
    exploration = explore(model.system, model.select((id,)), stop_on="all")
    assert exploration.stopped is None
    return exploration.findings


async def take_domain_away(s: Situation) -> None:
    await unassign(s.machine, s.guest.mdev, "aqm", "5")


async def assign_again(s: Situation) -> None:
    await assign(s.machine, s.guest.mdev, "aqm", "5")


async def take_assigned_for_host(s: Situation) -> None:
    await s.machine.bus.reserve(QUEUES[0])


async def take_for_host_unless_in_use(s: Situation) -> None:
    if await in_use(s.machine, BOTH) == 0:
        await s.machine.bus.reserve(QUEUES[0])


async def open_second(s: Situation) -> None:
    """mdev1 is opened for vm0, which has mdev0."""
    second = s.machine.guest("vm1")
    await s.machine.ops.set_kvm(s.machine, second, s.guest)
    await open_device(s.machine, second)


async def assign_after_unbind(s: Situation) -> None:
    """A domain goes and comes; the queue of the other is unbound meanwhile."""
    await unassign(s.machine, s.guest.mdev, "aqm", "4")
    await unbind(s.machine, QUEUES[1])
    await assign(s.machine, s.guest.mdev, "aqm", "4")


async def lose_card(s: Situation) -> None:
    await card_vanishes(s.machine, 5)


async def lose_control_domain(s: Situation) -> None:
    await assign_control_domain(s.machine, s.guest.mdev, "4")
    await s.machine.bus.reconfigure((await s.machine.bus.qci()).without_bit("adm", 4))
    await scan(s.machine)


async def probe_again(s: Situation) -> None:
    await unbind(s.machine, QUEUES[1])
    await bind(s.machine, QUEUES[1], "vfio_ap")


ROWS: list[tuple[str, str, Job, str]] = [
    ("P13", "B34", take_domain_away, "05.0005 points to no mdev and is in the table of mdev0"),
    ("P14", "B16", assign_again, "mdev0 has a queue twice"),
    ("P16", "B17", open_second, "the hook of vm0 is mdev1, the mdev that has it is mdev0"),
    ("P17", "B29", assign_after_unbind, "vm0 reaches 05.0005, which is not bound to vfio_ap"),
    ("P39", "B17", open_second, "mdev1 is not opened, and its hook is in vm0"),
    ("P18", "B21", lose_card, "vm0 reaches apm={5} aqm={4,5}, mdev0 says aqm={4,5}"),
    (
        "P36",
        "B25",
        lose_control_domain,
        "a scan ends, and the shadow of mdev0 is apm={5} aqm={4,5} adm={4}, not apm={5} aqm={4,5}",
    ),
]


@pytest.mark.parametrize(("id", "fix", "job", "text"), ROWS, ids=[row[0] for row in ROWS])
def test_without_a_fix_it_is_broken_and_with_all_it_holds(id: str, fix: str, job: Job, text: str) -> None:
    assert [finding.text for finding in found(id, job, fix)] == [text]
    assert found(id, job) == ()


def test_p39_sees_an_attribute_that_a_failed_probe_leaves() -> None:
    left = found("P39", probe_again, "B39", put_in=("probe_enomem",))
    assert [finding.text for finding in left] == ["the probe of 05.0005 fails, and its attribute is there"]
    assert found("P39", probe_again, put_in=("probe_enomem",)) == ()


def _assign_while_masks_change(*put_in: str) -> tuple[Finding, ...]:
    """mdev1 has adapter 5 and gets domain 5, which vm0 does not have; the host asks for adapter 5 in domain 5."""
    s = situation(put_in=put_in)
    machine, mdev = s.machine, s.machine.mdev("mdev1")
    s.states[s.guest.mdev.name] = attrs.evolve(s.states[s.guest.mdev.name], matrix=Matrix.of([5], [4]))
    s.states[mdev.name] = attrs.evolve(s.states[mdev.name], matrix=Matrix.of([5]))
    bus = s.states[machine.bus.name]
    s.states[machine.bus.name] = attrs.evolve(bus, reserved=Matrix.of([], [5]), drivers=bus.drivers.remove(QUEUES[1]))
    return broken_in(
        s,
        "P15",
        Context("admin", partial(assign, machine, mdev, "aqm", "5")),
        Context("host", partial(store_mask, machine, "apm", (5,))),
    )


def test_p15_needs_ap_perms_mutex_where_queues_are_assigned() -> None:
    (finding,) = _assign_while_masks_change("assign_without_perms")
    assert finding.text == "05.0005 is kept for the host's drivers, and mdev1 has it"
    assert _assign_while_masks_change() == ()


def test_p15_sees_that_the_host_takes_what_an_mdev_has_and_that_asking_the_driver_prevents_it() -> None:
    (finding,) = found("P15", take_assigned_for_host)
    assert finding.text == "05.0004 is kept for the host's drivers, and mdev0 has it"
    assert found("P15", take_for_host_unless_in_use) == ()

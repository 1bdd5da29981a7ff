"""What an administrator, the bus and user space ask of today's driver, one at a time: answers and states."""

from __future__ import annotations

import attrs
import pytest
from pyrsistent import PMap, pmap

from aprt.core.caller import Caller
from aprt.kernel.attribute import AttributeState
from aprt.vfio_ap.ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.masks import format_mask
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.ap.response import Errno, Rc
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_masks import store_mask
from aprt.vfio_ap.host.bus_scan import boot, change_config, force_rescan, scan, unbind
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.mainline.matrix_dev import MatrixDevState
from aprt.vfio_ap.mainline.mdev import MdevState
from aprt.vfio_ap.mainline.mdev_attributes import read, write
from aprt.vfio_ap.mainline.mdev_sysfs import create, remove
from aprt.vfio_ap.mainline.vfio_ap_drv import status_show
from aprt.vfio_ap.mainline.vfio_core import open_device, release_device
from aprt.vfio_ap.mainline.vfio_device import VfioDeviceState
from aprt.vfio_ap.mainline.vfio_events import get_info, get_irq_info, request, set_irqs
from tests.vfio_ap.machines import A, B
from tests.vfio_ap.release_bench import ReleaseBench
from tests.vfio_ap.releases import broken

ONE = Matrix.of([5], [4])
BOTH = Matrix.of([5], [4, 5])
SECOND = Apqn(6, 4)
EINVAL, ENODEV, EBUSY = Errno.EINVAL.failure, Errno.ENODEV.failure, Errno.EBUSY.failure


def bus(bench: ReleaseBench) -> ApBusState:
    state: ApBusState = bench[bench.machine.bus]
    return state


def mdev(bench: ReleaseBench) -> MdevState:
    state: MdevState = bench[bench.mdev]
    return state


def drivers(**names: Driver) -> PMap[Apqn, Driver]:
    return pmap({{"a": A, "b": B}[key]: driver for key, driver in names.items()})


def masks(apm: list[int], aqm: list[int], adm: list[int]) -> str:
    return ",".join(format_mask(mask) for mask in (apm, aqm, adm)) + "\n"


def test_ap_config_replaces_all_masks_and_resets_what_the_guest_loses() -> None:
    bench = ReleaseBench(apqns=(A, B), plans=(GuestPlan("vm0", "mdev0", ONE),), config=attrs.evolve(BOTH, adm=BOTH.aqm))
    assert bench.run(write(bench.machine, bench.mdev, "ap_config", masks([5], [5], [5]))) == 0
    new = Matrix.of([5], [5], [5])
    assert (mdev(bench).matrix, mdev(bench).shadow, bench[bench.guest.crycb]) == (new, new, CrycbState(apcb=new))
    assert [found.apqn for found in mdev(bench).qtable] == [B]
    assert bench[bench.machine.queues[A].hw] == ApQueueState(zapq="finished")
    assert [bench[bench.machine.queues[apqn].object].mdev for apqn in (A, B)] == [None, "mdev0"]
    assert bench.caller == Caller("me")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (masks([5], [4], []), 0),
        ("0x04,0x08,0x0", 0),  # the rest of a mask is 0, counted from the left
        (masks([5], [4], [])[:-1], 0),
        ("0x04,0x08", EINVAL),
        ("0x04,0x08,0xg", EINVAL),
        (f"0x{'0' * 65},0x08,0x0", EINVAL),
        (masks([5], [5], []), Errno.EADDRNOTAVAIL.failure),
        (masks([6], [4], []), Errno.EADDRINUSE.failure),
    ],
)
def test_what_ap_config_answers_and_a_failure_changes_nothing(text: str, result: int) -> None:
    plans = (GuestPlan("vm0", "mdev0", ONE), GuestPlan("vm1", "mdev1", Matrix.of([6], [4]), attached=False))
    bench = ReleaseBench(apqns=(A, B, SECOND), plans=plans)
    bench[bench.machine.bus] = attrs.evolve(bus(bench), reserved=Matrix.of([5], [5]))
    before = bench.states
    assert bench.run(write(bench.machine, bench.mdev, "ap_config", text)) == result
    assert bench.states == before
    assert bench.caller == Caller("me")


def test_ap_config_refuses_numbers_above_the_maximum() -> None:
    bench = ReleaseBench()
    low = attrs.evolve(bench.machine.bus, max_domain=7)
    bench.machine = attrs.evolve(bench.machine, bus=low)
    assert bench.run(write(bench.machine, bench.mdev, "ap_config", masks([5], [4], [8]))) == ENODEV
    assert mdev(bench).matrix == ONE


def test_before_6_10_an_mdev_has_no_attribute_ap_config() -> None:
    bench = ReleaseBench(era="6.8")
    before = bench.states
    assert bench.run(write(bench.machine, bench.mdev, "ap_config", masks([5], [4], []))) == ENODEV
    assert bench.run(read(bench.machine, bench.mdev, "ap_config")) is None
    assert bench.states == before


def test_what_the_attributes_of_an_mdev_show() -> None:
    matrix = Matrix.of([5, 6], [4, 5], [7])
    bench = ReleaseBench(apqns=(A, B), plans=(GuestPlan("vm0", "mdev0", matrix),))
    shown = {name: bench.run(read(bench.machine, bench.mdev, name)) for name in ("matrix", "guest_matrix", "uuid")}
    assert shown == {
        "matrix": "05.0004\n05.0005\n06.0004\n06.0005\n",
        "guest_matrix": "05.0004\n05.0005\n",
        "uuid": None,
    }
    assert bench.run(read(bench.machine, bench.mdev, "control_domains")) == "0007\n"
    assert bench.operations == [
        "mdev0.sysfs.enter",
        "mdevs_lock.lock",
        "mdev0.read_matrix",
        "mdevs_lock.unlock",
        "mdev0.sysfs.leave",
    ]
    assert bench.run(read(bench.machine, bench.mdev, "ap_config")) == masks([5, 6], [4, 5], [7])
    assert bench.operations == ["mdev0.sysfs.enter", "mdev0.read_matrix", "mdev0.sysfs.leave"]


@pytest.mark.parametrize(("matrix", "shown"), [(Matrix.of([5]), "05.\n"), (Matrix.of([], [4, 10]), ".0004\n.000a\n")])
def test_a_matrix_without_queues_shows_what_it_has(matrix: Matrix, shown: str) -> None:
    bench = ReleaseBench(plans=(GuestPlan("vm0", "mdev0", matrix),))
    assert bench.run(read(bench.machine, bench.mdev, "matrix")) == shown


def test_a_mask_takes_a_queue_from_the_driver_unless_an_mdev_has_it() -> None:
    bench = ReleaseBench(apqns=(A, B))
    bench[bench.machine.bus] = attrs.evolve(bus(bench), reserved=Matrix.of([5]))
    before = bench.states
    assert bench.run(store_mask(bench.machine, "aqm", (4,))) == EBUSY
    assert bench.states == before
    assert bench.run(store_mask(bench.machine, "aqm", ())) == 0  # as it is
    assert bench.run(store_mask(bench.machine, "aqm", (5,))) == 0
    assert (bus(bench).reserved, bus(bench).drivers) == (Matrix.of([5], [5]), drivers(a="vfio_ap", b="zcrypt"))
    assert bench.run(store_mask(bench.machine, "apm", ())) == 0
    assert bus(bench).drivers == drivers(a="vfio_ap", b="vfio_ap")
    assert bench[bench.machine.module].refs == 0
    assert bench.caller == Caller("me")


def test_the_reference_of_a_module_that_says_in_use_is_kept_for_aqmask_only() -> None:
    for mask, refs in (("aqm", 1), ("apm", 0)):
        bench = ReleaseBench("-B50")
        reserved = Matrix.of([5]) if mask == "aqm" else Matrix.of([], [4])
        bench[bench.machine.bus] = attrs.evolve(bus(bench), reserved=reserved)
        assert bench.run(store_mask(bench.machine, mask, (4,) if mask == "aqm" else (5,))) == EBUSY  # type: ignore[arg-type]
        assert bench[bench.machine.module].refs == refs


def test_adapters_that_are_too_old_or_tell_no_type_are_not_added_when_a_domain_is_added_too() -> None:
    old = Apqn(6, 5)
    for gained, expected in (
        (Matrix.of([6]), Matrix.of([6])),  # no domain was added, so no queue is asked
        (Matrix.of([6], [5]), Matrix.of([], [5])),
        (Matrix.of([7], [5]), Matrix.of([], [5])),  # there is no such queue
    ):
        plan = GuestPlan("vm0", "mdev0", Matrix.of([5, 6, 7], [4, 5]))
        bench = ReleaseBench(apqns=(A, old), plans=(plan,), config=ONE)
        queues = bench.machine.queues
        hw = ApQueue(queues[old].hw.name, old, hwtype=9)
        bench.machine = attrs.evolve(bench.machine, queues=pmap(dict(queues) | {old: attrs.evolve(queues[old], hw=hw)}))
        bench.states = {**bench.states, hw.name: ApQueueState()}
        changed = bench.machine.ops.config_changed
        assert changed is not None
        bench.run(changed(bench.machine, ONE.union(gained), ONE))
        assert mdev(bench).added == expected
        assert bench[bench.machine.matrix_dev].info == ONE.union(gained)


@pytest.mark.parametrize(
    ("state", "hwtype"),
    [
        (ApQueueState(), 10),
        (ApQueueState(pending_reset="RAPQ"), 10),
        (ApQueueState(cfg="off"), 10),
        (ApQueueState(chkstop=True), 10),
        (ApQueueState(next_rc=Rc.BUSY), 10),
        (ApQueueState(cfg="absent"), None),
        (ApQueueState(next_rc=Rc.Q_NOT_BOUND), None),
    ],
)
def test_tapq_tells_the_type_with_every_answer_that_is_expected(state: ApQueueState, hwtype: int | None) -> None:
    hw = ApQueue("hw", A, hwtype=10)
    assert hw.handle(state, hw.tapq_type("host"), Caller("me")) == (attrs.evolve(state, next_rc=None), hwtype, ())


def test_a_scan_makes_no_devices_for_adapters_older_than_cex4() -> None:
    bench = ReleaseBench(plans=(), config=Matrix.of([], [4]))
    hw = ApQueue(bench.queue.hw.name, A, hwtype=9)
    bench.machine = attrs.evolve(bench.machine, queues=pmap({A: attrs.evolve(bench.machine.queues[A], hw=hw)}))
    bench.run(change_config(bench.machine, gained=Matrix.of([5])))
    assert (bus(bench).scanned, bus(bench).drivers) == (ONE, pmap())


def test_the_bus_goes_through_its_first_scan_and_is_not_forced_before() -> None:
    bench = ReleaseBench(plans=())
    bench[bench.machine.bus] = ApBusState(ONE, Matrix(), Matrix(), boot="begun")
    bench[bench.machine.queues[A].status] = AttributeState(there=False)
    bench[bench.machine.matrix_dev] = MatrixDevState()
    bench.run(force_rescan(bench.machine))
    assert bench.operations == ["ap_bus.has_scanned"]
    bench.run(boot(bench.machine))
    assert (bus(bench).boot, bus(bench).drivers) == ("scanned", drivers(a="vfio_ap"))
    bench.run(force_rescan(bench.machine))
    assert bench.operations[:2] == ["ap_bus.has_scanned", "ap_scan_bus_mutex.lock"]


def test_a_device_without_driver_survives_a_scan_since_b51_and_is_not_zeroized_when_it_goes() -> None:
    for word, left in ((), {A: "none"}), (("-B51",), {}):
        bench = ReleaseBench(*word, plans=())
        bench.run(unbind(bench.machine, A))
        bench.run(scan(bench.machine))
        assert bus(bench).drivers == pmap(left)
        assert "hw 05.0004.reset" not in bench.operations


def test_before_5_1_a_device_without_driver_does_not_survive_a_scan() -> None:
    assert broken("4.20/masks-scan", "P46") == {"P46"}
    assert broken("4.20/masks-scan+B51", "P46") == broken("5.3/masks-scan", "P46") == set()


def test_since_6_8_status_tells_of_the_guest_and_not_of_its_mdev() -> None:
    shown = []
    for era in ("6.6", "6.8"):
        bench = ReleaseBench(era=era)
        for shadow in (Matrix.of([5], [4]), Matrix.of([], [4])):
            bench[bench.mdev] = attrs.evolve(bench[bench.mdev], shadow=shadow)
            shown.append(bench.run(status_show(bench.machine, bench.queue)))
    assert shown == ["in use", "in use", "in use", "assigned"]


def test_an_mdev_is_made_opened_asked_for_and_removed() -> None:
    bench = ReleaseBench(spare_mdevs=("mdev1",))
    spare = bench.machine.mdev("mdev1")
    assert bench.run(write(bench.machine, spare, "assign_adapter", "6")) == ENODEV
    assert bench.run(create(bench.machine, spare)) == 0
    assert bench.run(create(bench.machine, spare)) == Errno.EEXIST.failure
    assert bench[bench.machine.matrix_dev].mdevs == ("mdev0", "mdev1")
    assert bench[spare.device] == VfioDeviceState()
    assert bench.run(write(bench.machine, spare, "assign_adapter", "6")) == 0
    assert bench.run(write(bench.machine, spare, "uuid", "6")) == ENODEV
    assert bench[spare].matrix == Matrix.of([6])
    assert bench.run(remove(bench.machine, spare)) == 0
    assert (bench[spare].live, bench[spare.device].registered) == (False, False)
    assert bench[bench.machine.matrix_dev].mdevs == ("mdev0",)


def test_a_removal_waits_for_who_has_the_device_open_and_nobody_opens_it_meanwhile() -> None:
    bench = ReleaseBench()
    assert bench.run(remove(bench.machine, bench.mdev)) is None
    assert bench.operations == [
        "mdev0.sysfs.remove",
        "mdev0.vfio.unregister",
        "mdev0.signal_req",  # without a lock
    ]
    assert bench.waiting == (("me", "mdev0.vfio.wait_unused"),)
    assert bench.run(open_device(bench.machine, bench.guest)) == ENODEV
    bench.run(release_device(bench.machine, bench.guest))
    assert bench[bench.guest.device] == VfioDeviceState(False, 0, 0, None, "vm0")
    assert mdev(bench).kvm is None


def test_who_asks_for_a_device_in_6_16_takes_everything_from_its_guest_and_nobody_asks_before_6_5() -> None:
    bench = ReleaseBench(era="6.16")
    bench.run(request(bench.machine, bench.mdev))
    assert (bench[bench.guest.crycb].apcb, mdev(bench).shadow) == (Matrix(), ONE)
    assert bench.operations[-5:-3] == ["mdev0.signal_cfg_chg", "mdev0.signal_req"]
    old = ReleaseBench(era="6.3")
    old.run(request(old.machine, old.mdev))
    assert old.operations == []


@pytest.mark.parametrize(("era", "irqs"), [("6.3", 0), ("6.12", 1), ("6.16", 2), ("2026", 1)])
def test_a_device_has_as_many_interrupts_as_user_space_can_be_told_of(era: str, irqs: int) -> None:
    bench = ReleaseBench(era=era)
    assert bench.run(get_info(bench.machine, 16)) == irqs
    assert bench.run(get_info(bench.machine, 15)) == EINVAL
    assert [bench.run(get_irq_info(bench.machine, n)) for n in (-1, 0, 1, 2)] == [
        EINVAL if not 0 <= n < irqs else 1 for n in (-1, 0, 1, 2)
    ]


def test_eventfds_are_set_and_dropped() -> None:
    bench = ReleaseBench(era="6.16")
    assert bench.run(set_irqs(bench.machine, bench.mdev, 0, 7)) == 0
    assert bench.run(set_irqs(bench.machine, bench.mdev, 1, 8)) == 0
    assert (mdev(bench).req_trigger, mdev(bench).cfg_chg_trigger) == (True, True)
    assert bench.run(set_irqs(bench.machine, bench.mdev, 1, -1)) == 0
    assert bench.run(set_irqs(bench.machine, bench.mdev, 2, 7)) == EINVAL
    assert bench.run(set_irqs(bench.machine, bench.mdev, 0, -2)) == EINVAL
    assert (mdev(bench).req_trigger, mdev(bench).cfg_chg_trigger) == (True, False)

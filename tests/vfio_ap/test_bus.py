"""Phases 0 and 1: the AP bus scans, binds and unbinds; the driver probes and removes queues."""

from __future__ import annotations

import attrs
import pytest
from pyrsistent import PMap, pmap

from aprt.core.caller import Caller
from aprt.vfio_ap.ap.ap_bus import ApBusState, Driver
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import ApQueueState, Target
from aprt.vfio_ap.ap.response import Errno, Rc
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import bind, card_appears, card_vanishes, rebind_to_host, scan, unbind
from aprt.vfio_ap.host.guest_code import execute
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.series.matrix_dev import MatrixDevState
from aprt.vfio_ap.series.mdev import MdevState
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from tests.vfio_ap.machines import A, B, Bench, broken

HOST = Matrix.of([5], [4, 5])
ENODEV, ENOMEM = Errno.ENODEV.failure, Errno.ENOMEM.failure


def bound(a: Driver, b: Driver) -> PMap[Apqn, Driver]:
    """The drivers of the two queue devices."""
    return pmap({A: a, B: b})


def bare(*words: str, reserved: Matrix = Matrix(), booted: bool = True) -> Bench:  # noqa: B008
    """A host with two queues and no mdev; without `booted`, its bus has not scanned yet."""
    bench = Bench(*words, apqns=(A, B), plans=())
    bench[bench.machine.bus] = ApBusState(HOST, HOST, reserved)
    bench[bench.machine.matrix_dev] = MatrixDevState()
    for queue in bench.machine.queues.values():
        bench[queue.object] = VfioApQueueState()
    if booted:
        bench.run(scan(bench.machine))
    return bench


def bus(bench: Bench) -> ApBusState:
    state: ApBusState = bench[bench.machine.bus]
    return state


def free_list(bench: Bench) -> tuple[QueuePointer, ...]:
    state: MatrixDevState = bench[bench.machine.matrix_dev]
    return state.free_list


def test_a_scan_finds_the_queues_and_binds_them_to_vfio_ap() -> None:
    bench = bare()
    assert bus(bench) == ApBusState(HOST, HOST, Matrix(), bound("vfio_ap", "vfio_ap"), pmap({A: 1, B: 1}))
    assert bench[bench.machine.matrix_dev] == MatrixDevState((), (QueuePointer(A, 1), QueuePointer(B, 1)))
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)
    assert bench.caller == Caller("me")


def test_a_second_scan_changes_nothing() -> None:
    bench = bare()
    before = bench.states
    bench.run(scan(bench.machine))
    assert bench.states == before
    assert bench.operations == [
        "ap_scan_bus_mutex.lock",
        "ap_bus.fetch_info",
        "ap_bus.devices",
        "ap_scan_bus_mutex.unlock",
    ]


def test_queues_that_the_masks_reserve_go_to_the_host_driver() -> None:
    bench = bare(reserved=Matrix.of([5], [4]))
    assert bus(bench).drivers == bound("zcrypt", "vfio_ap")
    assert (bus(bench).drvdata, free_list(bench)) == (pmap({B: 1}), (QueuePointer(B, 1),))
    assert bench[bench.queue.object] == VfioApQueueState()


def test_bind_refuses_what_is_bound_absent_or_reserved_for_others() -> None:
    bench = bare(reserved=Matrix.of([5], [4]))
    assert bench.run(bind(bench.machine, B, "vfio_ap")) == ENODEV  # bound
    bench.run(unbind(bench.machine, A))
    before = bench.states
    assert bench.run(bind(bench.machine, A, "vfio_ap")) == ENODEV  # reserved
    bench.run(unbind(bench.machine, B))
    assert bench.run(bind(bench.machine, B, "zcrypt")) == ENODEV  # not reserved
    assert bus(bench).drivers == bound("none", "none")
    assert bench[bench.machine.queues[A].object] == before["q 05.0004"]
    empty = bare(booted=False)
    assert empty.run(bind(empty.machine, A, "vfio_ap")) == ENODEV  # no device
    assert bus(empty) == ApBusState(HOST, HOST, Matrix())


def test_unbind_refuses_what_has_no_driver_and_leaves_everything() -> None:
    bench = bare()
    bench.run(unbind(bench.machine, A))
    before = bench.states
    assert bench.run(unbind(bench.machine, A)) == ENODEV
    assert bench.states == before


def test_unbind_takes_the_queue_off_the_free_list_frees_it_and_zeroizes_once_more() -> None:
    bench = bare()
    assert bench.run(unbind(bench.machine, A)) == 0
    assert bus(bench) == ApBusState(HOST, HOST, Matrix(), bound("none", "vfio_ap"), pmap({B: 1}))
    assert free_list(bench) == (QueuePointer(B, 1),)
    assert bench[bench.queue.object] == VfioApQueueState(False, 1)
    assert bench.operations == [
        "device_lock 05.0004.lock",
        "ap_bus.driver_of",
        "ap_bus.begin_callback",
        "matrix_lock.lock",
        "ap_bus.get_drvdata",
        "q 05.0004.read_mdev",
        "hw 05.0004.reset",
        "hw 05.0004.tapq",
        "q 05.0004.records",
        "matrix_dev.take",
        "ap_bus.set_drvdata",
        "q 05.0004.free",
        "matrix_lock.unlock",
        "hw 05.0004.reset",  # the bus, which does not wait
        "ap_bus.end_remove",
        "device_lock 05.0004.unlock",
    ]


def test_a_queue_that_is_bound_again_is_a_new_object() -> None:
    bench = bare()
    bench.run(unbind(bench.machine, A))
    assert bench.run(bind(bench.machine, A, "vfio_ap")) == 0
    assert bench[bench.queue.object] == VfioApQueueState(True, 2)
    assert (bus(bench).drvdata, free_list(bench)) == (pmap({A: 2, B: 1}), (QueuePointer(B, 1), QueuePointer(A, 2)))


@pytest.mark.parametrize(
    ("choice", "result", "driver", "free"),
    [
        ("alloc=ok", 0, "vfio_ap", (QueuePointer(B, 1), QueuePointer(A, 2))),
        ("alloc=fails", ENOMEM, "none", (QueuePointer(B, 1),)),
    ],
)
def test_a_probe_without_memory_leaves_the_device_unbound(
    choice: str, result: int, driver: str, free: tuple[QueuePointer, ...]
) -> None:
    bench = bare("probe_enomem", booted=False)
    bench.run(scan(bench.machine), "alloc=ok", "alloc=ok")
    bench.run(unbind(bench.machine, A))
    assert bench.run(bind(bench.machine, A, "vfio_ap"), choice) == result
    assert (bus(bench).drivers[A], free_list(bench)) == (driver, free)
    assert bench[bench.queue.object].live == (result == 0)


def test_a_queue_is_removed_under_the_matrix_lock_or_without_it() -> None:
    assert "matrix_lock.lock" not in _unbind_operations("remove_unlocked")
    assert "matrix_lock.lock" in _unbind_operations("remove_unlocked", "one_mutex")


def _unbind_operations(*words: str) -> list[str]:
    bench = bare(*words)
    bench.run(unbind(bench.machine, A))
    return bench.operations


def enabled(*words: str) -> Bench:
    """A guest whose queue has its interrupt on; the other queue of the card is the guest's too."""
    bench = Bench(*words, apqns=(A, B), plans=(GuestPlan("vm0", "mdev0", HOST),))
    bench.run(execute(bench.machine, bench.guest, bench.guest.vcpus[0], Aqic(A)))
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, Saved("vm0", 3, 0x3F00), "mdev0")
    return bench


def test_removing_a_queue_of_a_guest_takes_the_adapter_from_it_and_gives_everything_back() -> None:
    bench = enabled()
    guest = bench.guest
    assert bench[bench.queue.hw] == ApQueueState(irq=Target("vm0", 0x3F00, "vm0.gisa", 3, 5))
    assert bench.run(unbind(bench.machine, A)) == 0
    # only the adapter's bit may change, so the other queue is hidden as well
    assert bench[guest.crycb] == CrycbState(apcb=Matrix.of([], [4, 5]))
    assert bench[guest.mdev] == MdevState(True, HOST, "vm0", False, True, (QueuePointer(B, 1),))
    assert bench[guest.memory].pins == pmap()
    assert bench[guest.gisa.interrupt].ref_count == (0,) * 8
    assert bench[guest.gisa.gisa].iam == 0
    assert bench[bench.queue.hw] == ApQueueState(zapq="finished")
    assert bench[bench.queue.object] == VfioApQueueState(False, 1, None, "mdev0")
    assert free_list(bench) == ()
    assert bench.caller == Caller("me")


def test_a_queue_that_vanishes_with_its_card_is_removed_by_the_next_scan() -> None:
    bench = enabled()
    bench.run(card_vanishes(bench.machine, 5))
    assert bus(bench) == ApBusState(Matrix.of([], [4, 5]), Matrix.of([], [4, 5]), Matrix(), pmap(), pmap())
    assert (bench[bench.guest.mdev].qlist, free_list(bench)) == ((), ())
    assert bench[bench.queue.hw].cfg == "absent"
    assert bench[bench.guest.memory].pins == pmap()
    bench.run(card_appears(bench.machine, 5))
    assert bus(bench) == ApBusState(HOST, HOST, Matrix(), bound("vfio_ap", "vfio_ap"), pmap({A: 2, B: 2}))
    assert bench[bench.queue.hw] == ApQueueState(zapq="silent")
    # probed late: the mdev still claims the APQN and does not get the queue
    assert (bench[bench.guest.mdev].qlist, free_list(bench)) == ((), (QueuePointer(A, 2), QueuePointer(B, 2)))
    assert bench[bench.guest.mdev].matrix == HOST


def test_a_queue_probed_late_joins_the_mdev_that_claims_it_only_with_probe_links() -> None:
    bench = enabled("probe_links")
    bench.run(unbind(bench.machine, A))
    bench.run(bind(bench.machine, A, "vfio_ap"))
    assert bench[bench.guest.mdev].qlist == (QueuePointer(B, 1), QueuePointer(A, 2))
    assert bench[bench.queue.object] == VfioApQueueState(True, 2, None, "mdev0")
    assert free_list(bench) == ()


def test_a_new_card_is_found_by_a_scan_and_a_device_without_driver_stays_known() -> None:
    bench = bare(booted=False)
    bench[bench.machine.bus] = ApBusState(Matrix.of([], [4, 5]), Matrix.of([], [4, 5]), Matrix())
    bench.run(card_appears(bench.machine, 5))
    assert bus(bench).drivers == bound("vfio_ap", "vfio_ap")
    bench.run(unbind(bench.machine, A))
    bench.run(card_vanishes(bench.machine, 5))
    assert bus(bench) == ApBusState(Matrix.of([], [4, 5]), Matrix.of([], [4, 5]), Matrix())


def test_rebinding_to_the_host_changes_masks_and_driver() -> None:
    bench = enabled()
    bench.run(rebind_to_host(bench.machine, A))
    assert bus(bench) == ApBusState(HOST, HOST, Matrix.of([5], [4]), bound("zcrypt", "vfio_ap"), pmap({B: 1}))


def test_the_last_reset_of_a_refused_queue_is_not_repeated() -> None:
    bench = bare()
    bench.hw(pending_reset="RAPQ")
    bench.run(unbind(bench.machine, A), settles=False)
    # v3's wait ends at E, whatever the response code: the refused ZAPQ counts
    assert bench.operations.count("hw 05.0004.reset") == 2
    assert bench[bench.queue.hw] == ApQueueState(pending_reset="RAPQ", zapq="refused")


def test_an_unbind_with_wait_reset_does_not_end_before_its_own_zapq() -> None:
    bench = bare("wait_reset")
    bench.hw(next_rc=Rc.BUSY)
    assert bench.run(unbind(bench.machine, A)) == 0
    zapqs = [op for op in bench.operations if op == "hw 05.0004.reset"]
    assert len(zapqs) == 3  # refused, its own, and the bus's
    assert bench[bench.queue.hw] == ApQueueState(zapq="finished")


def test_a_card_that_goes_under_an_enable_costs_the_pair_that_was_taken_for_it() -> None:
    ids = ("P5", "P6", "P9", "P12", "P14")
    assert broken("card-gone+all-measures", *ids) == {"P5", "P6"}
    assert broken("card-gone+all-measures+refused_undoes", *ids) == set()


def test_what_the_bus_knows_is_asked_by_apqn() -> None:
    bench = bare()
    assert bench.do(bench.machine.bus.driver_of(Apqn(6, 4))) is None
    assert bench.do(bench.machine.bus.get_drvdata(Apqn(6, 4))) is None
    reserved = attrs.evolve(bus(bench), reserved=Matrix.of([5], [5]))
    bench[bench.machine.bus] = reserved
    assert (bench.do(bench.machine.bus.is_reserved(A)), bench.do(bench.machine.bus.is_reserved(B))) == (False, True)

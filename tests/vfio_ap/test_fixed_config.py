"""The driver before 6.0 step by step: sysfs, probe and remove, the search for a queue, resets, the notifier."""

from __future__ import annotations

import attrs
import pytest

from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import NO_HOOK, Aqic
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.bus_scan import bind, unbind
from aprt.vfio_ap.mainline.find_queue import get_queue, queues_of
from aprt.vfio_ap.mainline.fixed_config import assign, assign_control_domain, remove_queue, unassign
from aprt.vfio_ap.mainline.group_notifier import notify
from aprt.vfio_ap.mainline.mdev_sysfs import create, remove
from aprt.vfio_ap.mainline.pqap import handle_pqap
from aprt.vfio_ap.mainline.reset_polled import zapq_and_look
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova, SavedIsc, VfioApQueueState
from tests.vfio_ap.machines import A, B
from tests.vfio_ap.release_bench import ReleaseBench

EIO, ENOMEM, EBUSY, ENODEV, EINVAL, EADDRINUSE, EADDRNOTAVAIL = -5, -12, -16, -19, -22, -98, -99
FREE = (GuestPlan("vm0", "mdev0", Matrix(), attached=False),)
OLD = ("5.3", "5.12", "5.13", "5.15")


def free(era: str = "5.3", **options: object) -> ReleaseBench:
    """A machine whose mdev has nothing, and no VM."""
    return ReleaseBench(era=era, plans=FREE, **options)  # type: ignore[arg-type]


def ops(bench: ReleaseBench) -> list[str]:
    """Its operations without the names of actors."""
    return [op.rpartition(".")[2] for op in bench.operations]


def instructions(bench: ReleaseBench) -> list[str]:
    """Those of its operations that are the machine's."""
    return [op for op in ops(bench) if op in ("reset", "tapq", "aqic")]


def enabled(era: str) -> ReleaseBench:
    bench = ReleaseBench(era=era)
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))) is Rc.NORMAL
    return bench


@pytest.mark.parametrize("era", OLD)
def test_assigning_changes_the_mask_and_nothing_else(era: str) -> None:
    bench = free(era)
    for dimension, number in (("apm", "5"), ("aqm", "4"), ("aqm", "0x4")):
        assert bench.run(assign(bench.machine, bench.mdev, dimension, number)) == 0  # type: ignore[arg-type]
    assert bench.run(assign_control_domain(bench.machine, bench.mdev, "7")) == 0
    state = bench[bench.mdev]
    assert (state.matrix, state.qtable, state.shadow) == (Matrix.of([5], [4], [7]), (), Matrix())
    assert bench[bench.queue.object].mdev is None
    for dimension, number in (("aqm", "4"), ("adm", "7")):
        assert bench.run(unassign(bench.machine, bench.mdev, dimension, number)) == 0  # type: ignore[arg-type]
    assert bench[bench.mdev].matrix == Matrix.of([5])


@pytest.mark.parametrize(("era", "first"), [("4.20", "read_kvm"), ("5.3", "read_kvm"), ("5.12", "read_kvm")])
def test_an_mdev_with_a_vm_is_left_alone_which_is_looked_at_without_the_lock(era: str, first: str) -> None:
    bench = ReleaseBench(era=era)
    assert bench.run(assign(bench.machine, bench.mdev, "apm", "5")) == EBUSY
    assert ops(bench) == [first]


def test_since_5_13_under_the_lock_and_the_flag_counts_too() -> None:
    bench = ReleaseBench(era="5.13")
    assert bench.run(unassign(bench.machine, bench.mdev, "apm", "5")) == EBUSY
    assert ops(bench) == ["lock", "is_clear", "read_kvm", "unlock"]
    bench = free("5.13")
    bench.do(bench.machine.kvm_busy["mdev0"].flag.set())
    assert bench.run(unassign(bench.machine, bench.mdev, "apm", "5")) == EBUSY
    assert ops(bench) == ["lock", "is_clear", "unlock"]


@pytest.mark.parametrize(
    ("text", "error"), [("x", EINVAL), ("256", ENODEV), ("6", EADDRNOTAVAIL)], ids=["word", "high", "unbound"]
)
def test_an_adapter_that_cannot_be_assigned(text: str, error: int) -> None:
    bench = free()
    assert bench.run(assign(bench.machine, bench.mdev, "apm", text)) == error
    assert bench[bench.mdev].matrix == Matrix()


def test_every_queue_that_results_must_be_bound_and_nobody_elses() -> None:
    bench = free(apqns=(A, B), unbound=(B,))
    assert bench.run(assign(bench.machine, bench.mdev, "apm", "5")) == 0
    assert bench.run(assign(bench.machine, bench.mdev, "aqm", "5")) == EADDRNOTAVAIL
    plans = (GuestPlan("vm0", "mdev0", Matrix.of([5]), attached=False), GuestPlan("vm1", "mdev1", Matrix.of([5], [4])))
    bench = ReleaseBench(era="5.3", plans=plans)
    assert bench.run(assign(bench.machine, bench.mdev, "aqm", "4")) == EADDRINUSE
    assert bench[bench.mdev].matrix == Matrix.of([5])


def test_probe_takes_no_lock_and_no_mdev_learns_of_the_queue() -> None:
    bench = ReleaseBench("probe_enomem", era="5.3", unbound=(A,))
    assert bench.run(bind(bench.machine, A, "vfio_ap"), "alloc=fails") == ENOMEM
    assert bench.run(bind(bench.machine, A, "vfio_ap"), "alloc=ok") == 0
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)
    assert bench[bench.mdev].qtable == ()


def test_the_first_release_has_no_object_and_no_handler() -> None:
    bench = ReleaseBench(era="4.20")
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))) == NO_HOOK
    assert bench.run(unbind(bench.machine, A)) == 0
    assert bench.run(bind(bench.machine, A, "vfio_ap")) == 0
    assert not bench[bench.queue.object].live


@pytest.mark.parametrize("era", OLD)
def test_aqic_ties_the_queue_to_the_mdev_and_disabling_unties_it(era: str) -> None:
    bench = enabled(era)
    saved = SavedIsc("vm0", 3), SavedIova("vm0", 0x3F00)
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, "mdev0", *saved)
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A, False))) is Rc.NORMAL
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)


def test_a_queue_is_looked_for_in_the_matrix_and_then_among_the_devices() -> None:
    bench = ReleaseBench(era="5.3", apqns=(A, B), unbound=(B,))
    assert bench.run(get_queue(bench.machine, bench.mdev, A)) == QueuePointer(A, 1)
    assert bench.run(get_queue(bench.machine, bench.mdev, B)) is None
    assert ops(bench) == ["read_matrix"]
    assert bench.run(queues_of(bench.machine, bench.mdev)) == (QueuePointer(A, 1),)
    wide = ReleaseBench(era="5.3", unbound=(A,))
    assert wide.run(get_queue(wide.machine, wide.mdev, A)) is None
    assert ops(wide) == ["read_matrix", "driver_find_device"]


@pytest.mark.parametrize(
    ("era", "reset"),
    [
        ("5.3", ["set_drvdata", "reset", "aqic", "tapq"]),  # then the interrupt is switched off, too (B35)
        ("5.15", ["reset", "tapq", "set_drvdata"]),
    ],
)
def test_remove_forgets_the_drvdata_and_frees_the_object_last(era: str, reset: list[str]) -> None:
    bench = enabled(era)
    bench.run(remove_queue(bench.machine, bench.queue))
    assert [op for op in ops(bench) if op in ("reset", "tapq", "aqic", "set_drvdata")] == reset
    assert (ops(bench)[:2], ops(bench)[-2:]) == (["lock", "get_drvdata"], ["free", "unlock"])
    object = bench[bench.queue.object]
    assert (object.live, object.isc, object.iova) == (False, None, None)


def test_an_mdev_that_is_removed_has_its_queues_reset_since_5_3() -> None:
    asked = {}
    for era in ("4.20", "5.3"):
        bench = free(era)
        bench[bench.mdev] = attrs.evolve(bench[bench.mdev], matrix=Matrix.of([5], [4]))
        assert bench.run(remove(bench.machine, bench.mdev)) == 0
        asked[era] = instructions(bench)[:1]
    assert asked == {"4.20": [], "5.3": ["reset"]}


def test_the_old_reset_asks_once_more_and_looks_at_nothing_but_e() -> None:
    bench = ReleaseBench(era="5.3")
    assert bench.run(zapq_and_look(bench.machine, bench.queue)) == 0
    assert instructions(bench) == ["reset"]  # it was empty when it answered
    bench.hw(pending_reset="RAPQ")
    assert bench.run(zapq_and_look(bench.machine, bench.queue), settles=False) == EBUSY
    assert instructions(bench) == ["reset", "reset"]
    bench.hw(requests=1)
    assert bench.run(zapq_and_look(bench.machine, bench.queue), settles=False) == 0
    assert instructions(bench) == ["reset", "tapq", "tapq"]
    bench.hw(cfg="off")
    assert bench.run(zapq_and_look(bench.machine, bench.queue)) == EIO


def test_before_b7_a_vm_that_goes_is_only_forgotten_and_the_next_enable_is_an_oops() -> None:
    bench = enabled("5.3")
    assert bench.run(notify(bench.machine, "mdev0", None)) == 0
    assert ops(bench) == ["set_kvm"]
    vm = bench[bench.guest.vm]
    assert (bench[bench.mdev].kvm, vm.hook, vm.users) == (None, "mdev0", 4)
    bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A)))
    assert (bench.ending, ops(bench)[-1]) == ("oops", "null_dereference")


def test_before_5_11_giving_back_a_registration_without_a_vm_is_an_oops() -> None:
    bench = enabled("5.3")
    bench.run(notify(bench.machine, "mdev0", None))
    bench.run(remove_queue(bench.machine, bench.queue))
    assert (bench.ending, ops(bench)[-2:]) == ("oops", ["read_kvm", "null_dereference"])


@pytest.mark.parametrize("era", ["5.12", "5.13", "5.15"])
def test_since_b7_it_is_cleaned_up_after(era: str) -> None:
    bench = enabled(era)
    assert bench.run(notify(bench.machine, "mdev0", None)) == 0
    vm = bench[bench.guest.vm]
    assert (bench[bench.mdev].kvm, vm.hook, vm.users) == (None, None, 3)
    assert bench[bench.guest.crycb].apcb == Matrix()
    assert bench[bench.queue.object].isc is None
    assert bench.caller.held == ()


MASKS = ["has_crycb", "lock", "set_masks", "unlock"]


@pytest.mark.parametrize(
    ("era", "operations"),
    [
        ("5.3", ["lock", "list_mdevs", "set_kvm", "get", "set_hook", "unlock", "read_kvm", "read_matrix", *MASKS]),
        ("5.12", ["lock", "list_mdevs", "get", "set_kvm", "set_hook", "read_matrix", *MASKS, "unlock"]),
    ],
)
def test_where_the_masks_are_written_when_a_vm_comes(era: str, operations: list[str]) -> None:
    bench = ReleaseBench(era=era, plans=(GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), attached=False),))
    bench.do(bench.guest.vm.create())
    assert bench.run(notify(bench.machine, "mdev0", "vm0")) == 0
    assert sorted(ops(bench)) == sorted(operations)
    assert (ops(bench).index("set_masks") < ops(bench).index("unlock")) == (era != "5.3")
    assert bench[bench.guest.crycb].apcb == Matrix.of([5], [4])


def test_in_5_13_the_lock_is_given_back_while_the_flag_is_set() -> None:
    bench = ReleaseBench(era="5.13", plans=(GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), attached=False),))
    bench.do(bench.guest.vm.create())
    assert bench.run(notify(bench.machine, "mdev0", "vm0")) == 0
    steps = ["lock", "has_crycb", "list_mdevs", "get", "read_matrix", "set", "unlock", "lock", "set_masks", "unlock"]
    assert ops(bench) == [*steps, "lock", "set_hook", "set_kvm", "clear", "wake_all", "unlock"]
    assert bench.caller.held == ()


def test_in_5_13_the_hook_goes_when_the_queues_are_reset() -> None:
    order = []
    for era in ("5.12", "5.13"):
        bench = ReleaseBench(era=era)
        bench.run(notify(bench.machine, "mdev0", None))
        order.append([op for op in ops(bench) if op in ("set_masks", "set_hook", "reset", "put", "set_kvm")])
    assert order[0] == ["set_masks", "set_hook", "reset", "put", "set_kvm"]
    assert order[1] == ["set_masks", "reset", "set_hook", "put", "set_kvm"]


def test_since_5_13_a_vm_without_a_crypto_block_does_not_come_to_the_mdev() -> None:
    for era, kvm in (("5.12", "vm0"), ("5.13", None), ("5.15", None)):
        bench = ReleaseBench(era=era, plans=(GuestPlan("vm0", "mdev0", Matrix.of([5], [4]), attached=False),))
        bench.do(bench.guest.vm.create())
        bench[bench.guest.vm] = attrs.evolve(bench[bench.guest.vm], crycbd=False)
        assert bench.run(notify(bench.machine, "mdev0", "vm0")) == 0
        assert (bench[bench.mdev].kvm, bench[bench.guest.crycb].apcb) == (kvm, Matrix())


def test_a_second_mdev_of_a_vm_is_refused() -> None:
    plans = (GuestPlan("vm0", "mdev0", Matrix.of([5], [4])), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    for era in OLD:
        bench = ReleaseBench(era=era, plans=plans)
        assert bench.run(notify(bench.machine, "mdev1", "vm0")) == -1
        assert (bench[bench.machine.mdev("mdev1")].kvm, bench[bench.guest.vm].users) == (None, 4)


def test_before_5_18_a_failed_registration_goes_to_the_queue_which_refuses_and_the_pin_stays() -> None:
    answers = []
    for era in ("5.15", "6.0", "2026"):
        bench = ReleaseBench(era=era)
        interrupt = bench.guest.gisa.interrupt
        bench[interrupt] = attrs.evolve(interrupt.initial(), origin=None)
        answers.append(bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))))
        asked = instructions(bench).count("aqic") > 0
        assert (asked, sum(bench[bench.guest.memory].pins.values())) == (era == "5.15", era != "2026")
    assert answers == [Rc.INVALID_GISA, Rc.INVALID_GISA, Rc.INVALID_ADDRESS]


@pytest.mark.parametrize(("era", "order"), [("5.15", ["add_mdev", "register"]), ("6.0", ["register", "add_mdev"])])
def test_before_6_0_an_mdev_is_in_the_list_before_it_can_be_opened(era: str, order: list[str]) -> None:
    bench = ReleaseBench(era=era, spare_mdevs=("mdev1",))
    assert bench.run(create(bench.machine, bench.machine.mdev("mdev1"))) == 0
    steps = [op.rpartition(".")[2] for op in bench.operations]
    assert [step for step in steps if step in order] == order
    assert steps[-1] == "create"

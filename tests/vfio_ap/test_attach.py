"""Phase 3: open, SET_KVM, release, the end of a VM, DMA unmap, and what QEMU and the kernel do with the files."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
import pytest
from pyrsistent import pmap, pset

from aprt.core.system import Context, System
from aprt.explore.enumerator import executions
from aprt.vfio_ap.ap_queue import ApQueueState, Target
from aprt.vfio_ap.build import GuestPlan
from aprt.vfio_ap.crycb import CrycbState
from aprt.vfio_ap.group import GroupState
from aprt.vfio_ap.group_notifier import group_set_kvm, notify
from aprt.vfio_ap.guest_code import execute
from aprt.vfio_ap.iommu_notifier import ROUNDS, dma_unmap
from aprt.vfio_ap.kvm import KvmState
from aprt.vfio_ap.kvm_destroy import put_vm
from aprt.vfio_ap.matrix import Matrix
from aprt.vfio_ap.mdev import Found, MdevState
from aprt.vfio_ap.memory import MemoryState
from aprt.vfio_ap.module import ModuleState
from aprt.vfio_ap.pqap import Aqic
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.response import Errno
from aprt.vfio_ap.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_all,
    close_fd,
    exit_process,
    group_del,
    open_everything,
    vcpu_thread,
)
from aprt.vfio_ap.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.vfio_device import ioctl_reset, open_device, release_device
from tests.vfio_ap.machines import A, Bench, ask, broken

MATRIX = Matrix.of([5], [4])
ENODEV, EPERM = Errno.ENODEV.failure, Errno.EPERM.failure
FOUND = Found(A, 1)
MEASURES = ("all-measures",)
SAVED = Saved("vm0", 3, 0x3F00)


def closed(*words: str) -> Bench:
    """An mdev with a matrix that nobody has opened."""
    return Bench(*words, plans=(GuestPlan("vm0", "mdev0", MATRIX, attached=False),))


def enabled(*words: str) -> Bench:
    """An attached guest whose queue has its interrupt on."""
    bench = Bench(*words)
    bench.run(execute(bench.machine, bench.guest, bench.guest.vcpus[0], Aqic(A)))
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, SAVED, "mdev0")
    return bench


def clean(bench: Bench) -> None:
    """Nothing of the guest's is left in the driver, the hardware and its memory."""
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)
    assert bench[bench.queue.hw] == ApQueueState(zapq="finished")
    assert bench[bench.guest.memory] == MemoryState(pset([3, 4]))
    assert bench[bench.guest.gisa.interrupt].ref_count == (0,) * 8
    assert bench[bench.guest.gisa.interrupt].alert_mask == 0
    assert bench[bench.guest.gisa.gisa].iam == 0
    assert bench.caller.held == bench.caller.owed == ()


# open and SET_KVM


def test_a_module_that_is_gone_cannot_be_opened_and_nothing_changes() -> None:
    bench = closed()
    assert bench.do(bench.machine.module.unload()) is True
    before = bench.states
    assert bench.run(open_device(bench.machine, bench.guest)) == ENODEV
    assert bench.states == before


def test_a_module_with_references_is_not_unloaded() -> None:
    bench = Bench()
    assert bench.do(bench.machine.module.unload()) is False
    assert bench[bench.machine.module] == ModuleState(True, 1)


@pytest.mark.parametrize(("words", "users"), [((), 3), (("vm_ref",), 4)])
def test_qemus_start_attaches_the_vm_and_gives_the_guest_its_queues(words: tuple[str, ...], users: int) -> None:
    bench = closed(*words)
    guest = bench.guest
    assert bench[guest.vm] == KvmState(0, live=False)
    assert bench.run(open_everything(bench.machine, guest)) == 0
    assert bench[guest.mdev] == MdevState(True, MATRIX, "vm0", False, True, (FOUND,))
    assert bench[guest.vm] == KvmState(users, hook="mdev0")
    assert bench[guest.crycb] == CrycbState(apcb=MATRIX)
    assert bench[guest.group] == GroupState("vm0", "mdev0")
    assert bench[bench.machine.module] == ModuleState(refs=1)
    files = (VM, "vcpu0", KVM_VFIO, DEVICE)
    assert bench[guest.process] == ProcessState(
        pmap({f: f for f in files}), pmap(dict.fromkeys(files, 1)), ("vm0.vcpu0",)
    )


def test_a_device_opened_before_the_group_is_added_is_attached_later() -> None:
    bench = closed()
    bench.do(bench.guest.vm.create())
    assert bench.run(open_device(bench.machine, bench.guest)) == 0
    assert bench[bench.guest.mdev] == MdevState(True, MATRIX, None, False, True, (FOUND,))
    assert bench[bench.guest.group] == GroupState(None, "mdev0")
    bench.run(group_set_kvm(bench.machine, bench.guest, bench.guest))
    assert bench[bench.guest.mdev].kvm == "vm0"
    assert bench[bench.guest.group] == GroupState("vm0", "mdev0")


ATTACH = ["matrix_lock.lock", "matrix_dev.list_mdevs", "mdev0.set_kvm", "matrix_lock.unlock"]
HOOK = ["vm0.set_hook"]
MASKS = ["vm0.has_crycb", "vm0.kvm_lock.lock", "mdev0.read_matrix", "vm0.crycb.set_masks", "vm0.kvm_lock.unlock"]


@pytest.mark.parametrize(
    ("words", "operations"),
    [
        ((), ATTACH + HOOK + MASKS),
        (("hook_before_check",), HOOK + ATTACH + MASKS),
        (("hook_lock",), [*ATTACH, "vm0.hook_lock.down_write", *HOOK, "vm0.hook_lock.up_write", *MASKS]),
        (("vm_ref",), [*ATTACH[:2], "vm0.get", *ATTACH[2:], *HOOK, *MASKS]),
    ],
)
def test_set_kvm_does_its_steps_in_this_order(words: tuple[str, ...], operations: list[str]) -> None:
    bench = closed(*words)
    bench.do(bench.guest.vm.create())
    assert bench.run(notify(bench.machine, bench.guest.mdev, bench.guest)) == 0
    assert bench.operations == operations


def test_a_vm_without_crypto_block_gets_no_masks() -> None:
    bench = closed()
    bench[bench.guest.vm] = KvmState(3, crycbd=False)
    assert bench.run(notify(bench.machine, bench.guest.mdev, bench.guest)) == 0
    assert bench[bench.guest.crycb] == CrycbState()
    assert bench.operations == ATTACH + HOOK + ["vm0.has_crycb"]


@pytest.mark.parametrize(("words", "hook"), [((), "mdev0"), (("hook_before_check",), "mdev1")])
def test_a_second_mdev_for_a_vm_is_eperm_and_its_hook_stays_only_when_it_was_set_first(
    words: tuple[str, ...], hook: str
) -> None:
    plans = (GuestPlan("vm0", "mdev0", MATRIX), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    bench = Bench(*words, plans=plans)
    before = bench.states
    assert bench.run(notify(bench.machine, bench.machine.mdev("mdev1"), bench.guest)) == EPERM
    assert bench[bench.guest.vm].hook == hook
    assert {**bench.states, "vm0": before["vm0"]} == before


def test_set_kvm_null_of_the_series_forgets_the_vm_and_leaves_the_rest() -> None:
    bench = enabled("vm_ref")
    before = bench.states
    assert bench.run(notify(bench.machine, bench.guest.mdev, None)) == 0
    assert bench.operations == ["mdev0.set_kvm"]
    assert bench[bench.guest.mdev] == attrs.evolve(before["mdev0"], kvm=None)
    assert {**bench.states, "mdev0": before["mdev0"]} == before


def test_set_kvm_null_with_cleanup_everywhere_cleans_up_as_release_does() -> None:
    bench = enabled(*MEASURES)
    bench.run(group_del(bench.machine, bench.guest))
    clean(bench)
    assert bench[bench.guest.mdev] == MdevState(True, MATRIX, None, False, True)
    assert bench[bench.guest.vm] == KvmState(3)
    assert bench[bench.guest.crycb] == CrycbState()
    before = bench.states
    assert bench.run(notify(bench.machine, bench.guest.mdev, None)) == 0  # a second one finds nothing to do
    assert bench.states == before


def test_taking_a_group_away_without_the_file_does_nothing() -> None:
    bench = enabled()
    bench.run(close_fd(bench.machine, bench.guest, KVM_VFIO))
    before = bench.states
    bench.run(group_del(bench.machine, bench.guest))
    assert (bench.states, bench.operations) == (before, ["vm0.process.fdget"])


# release

FREE = [
    "q 05.0004.records",
    "vm0.gisa_int.read_origin",
    "vm0.ref_lock.lock",
    "vm0.gisa_int.unregister",
    "vm0.gisa.set_iam",
    "vm0.ref_lock.unlock",
    "vm0.memory.unpin",
    "q 05.0004.forget",
    "q 05.0004.set_mdev",
    "mdev0.unlink",
    "matrix_dev.give",
]
CLEAR = ["vm0.kvm_lock.lock", "vm0.crycb.set_masks", "vm0.kvm_lock.unlock"]
RESET = ["mdev0.read_matrix", "hw 05.0004.reset"]
CLOSE = ["vm0.group.unregister", "mdev0.set_opened", "vfio_ap.ko.put"]


def test_a_release_without_measures_takes_no_lock_and_waits_for_nothing() -> None:
    bench = enabled()
    bench.run(release_device(bench.machine, bench.guest))
    assert bench.operations == [
        "mdev0.begin_detach",
        *RESET,
        "mdev0.queues",
        *FREE,
        *CLEAR,
        "vm0.set_hook",
        "mdev0.end_detach",
        *CLOSE,
    ]
    clean(bench)
    assert bench[bench.guest.mdev] == MdevState(True, MATRIX)
    assert bench[bench.guest.vm] == KvmState(3)
    assert bench[bench.machine.matrix_dev].free_list == (FOUND,)
    assert bench[bench.machine.module] == ModuleState()


def test_a_release_with_all_measures_does_it_in_the_safe_order_under_the_locks() -> None:
    bench = enabled(*MEASURES)
    bench.run(release_device(bench.machine, bench.guest))
    assert bench.operations == [
        "matrix_lock.lock",
        "mdev0.claim",
        "matrix_lock.unlock",
        "vm0.hook_lock.down_write",
        "vm0.set_hook",
        "vm0.hook_lock.up_write",
        "matrix_lock.lock",
        *CLEAR,
        *RESET,
        "hw 05.0004.tapq",
        "mdev0.queues",
        *FREE,
        "mdev0.end_detach",
        "matrix_lock.unlock",
        *CLOSE,
        "vm0.put",
    ]
    clean(bench)
    assert bench[bench.guest.mdev] == MdevState(True, MATRIX)
    assert bench[bench.guest.vm] == KvmState(3)


def test_a_release_ignores_that_its_reset_was_refused_twice() -> None:
    bench = enabled()
    bench.hw(irq=bench[bench.queue.hw].irq, pending_reset="RAPQ")
    bench.run(release_device(bench.machine, bench.guest), settles=False)
    assert bench.operations.count("hw 05.0004.reset") == 2
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)
    assert bench[bench.queue.hw].irq == Target("vm0", 0x3F00, "vm0.gisa", 3, 5)


def test_a_release_without_a_vm_resets_the_queues_and_leaves_the_records() -> None:
    bench = enabled()
    bench.run(notify(bench.machine, bench.guest.mdev, None))
    bench.run(release_device(bench.machine, bench.guest))
    assert bench.operations == ["mdev0.begin_detach", *RESET, *CLOSE]
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, SAVED, "mdev0")
    assert bench[bench.guest.vm].hook == "mdev0"
    assert bench[bench.guest.crycb] == CrycbState(apcb=MATRIX)


# the end of a VM

DESTROY = [
    "vm0.gisa_int.begin_destroy",
    "vm0.gisa.in_alert_list",
    "vm0.gisa_int.cancel_timer",
    "vm0.gisa_int.end_destroy",
    "vm0.crycb.free",
    "vm0.gisa.free",
    "vm0.group.record",
]


def test_only_the_last_reference_destroys_the_vm() -> None:
    bench = Bench("vm_ref")
    for left in (3, 2, 1):
        bench.run(put_vm(bench.machine, bench.guest))
        assert (bench.operations, bench[bench.guest.vm]) == (["vm0.put"], KvmState(left, hook="mdev0"))


def test_a_vm_is_destroyed_in_the_kernels_order_and_kvm_vfio_speaks_up_after_the_gisa() -> None:
    bench = Bench()
    bench[bench.guest.vm] = KvmState(1, hook="mdev0")
    bench.run(put_vm(bench.machine, bench.guest))
    assert bench.operations == [
        "vm0.put",
        *DESTROY,
        "mdev0.set_kvm",
        "vm0.group.called",
        "vm0.gisa_int.free",
        "vm0.free",
    ]
    guest = bench.guest
    lives = [bench[o].live for o in (guest.vm, guest.crycb, guest.gisa.gisa, guest.gisa.interrupt, guest.mdev)]
    assert lives == [False, False, False, False, True]
    assert bench[guest.mdev].kvm is None


def test_a_vm_whose_device_is_closed_has_nobody_to_notify() -> None:
    bench = enabled(*MEASURES)
    bench.run(close_fd(bench.machine, bench.guest, DEVICE))
    bench[bench.guest.vm] = KvmState(1)
    bench.run(put_vm(bench.machine, bench.guest))
    assert bench.operations == ["vm0.put", *DESTROY, "vm0.gisa_int.free", "vm0.free"]


# files

FILES = (DEVICE, KVM_VFIO, "vcpu0", VM)


def _exit_alone(bench: Bench) -> System:
    process = attrs.evolve(bench[bench.guest.process], killed=True, threads=())
    exits = Context("exit", partial(exit_process, bench.machine, bench.guest))
    return System(bench.machine.actors(), (exits,), bench.states | {bench.guest.process.name: process})


def test_a_killed_process_closes_its_four_files_in_each_of_24_orders() -> None:
    orders: dict[tuple[Any, ...], str] = {}
    for steps, how in executions(_exit_alone(Bench())):
        closes = [step.info.op.partition("=")[2] for step in steps if step.info.op.startswith("choose close=")]
        orders[tuple(closes)] = how
    assert len(orders) == 24
    assert {frozenset(order) for order in orders} == {frozenset(FILES)}
    # alone, even the device last is no oops: the VM's end has sent SET_KVM(NULL) by then
    assert set(orders.values()) == {"end"}


def test_a_killed_vm_is_destroyed_before_its_device_is_released_in_a_quarter_of_the_orders() -> None:
    late = 0
    for steps, _ in executions(_exit_alone(Bench())):
        ops = [step.info.op for step in steps]
        late += ops.index("vm0.gisa_int.begin_destroy") < ops.index("mdev0.begin_detach")
    assert late == 6  # device last


def test_with_a_reference_the_device_is_always_released_first() -> None:
    for steps, how in executions(_exit_alone(Bench("vm_ref"))):
        ops = [step.info.op for step in steps]
        assert how == "end"
        assert ops.index("mdev0.begin_detach") < ops.index("vm0.gisa_int.begin_destroy")


def test_an_ioctl_in_progress_holds_its_file() -> None:
    bench = Bench()
    guest = bench.guest
    assert bench.do(guest.process.fdget("vcpu0")) == "vcpu0"
    bench.run(close_all(bench.machine, guest), "close=device", "close=kvm-vfio", "close=vcpu0")
    assert bench[guest.process] == ProcessState(pmap(), pmap({"vcpu0": 1}), ("vm0.vcpu0",))
    assert bench[guest.vm] == KvmState(1)
    assert bench.do(guest.process.fput("vcpu0")) is True


def test_the_thread_that_drops_the_last_reference_destroys_the_vm() -> None:
    bench = Bench()
    guest = bench.guest
    bench[guest.vm] = KvmState(1, hook="mdev0")
    bench[guest.process] = ProcessState(pmap(), pmap(), ("vm0.vcpu0",))
    bench.run(vcpu_thread(bench.machine, guest, guest.vcpus[0], (Aqic(A),)))
    assert bench[guest.process].threads == ()
    assert bench.operations == ["vm0.process.signal_pending", "vm0.process.fdget", "vm0.process.leave"]


def test_a_killed_thread_starts_no_further_instruction() -> None:
    bench = Bench()
    bench.do(bench.guest.process.sigkill())
    bench.run(vcpu_thread(bench.machine, bench.guest, bench.guest.vcpus[0], (Aqic(A),)))
    assert bench.operations == ["vm0.process.signal_pending", "vm0.process.leave"]


def test_a_duplicate_keeps_the_device_open() -> None:
    bench = Bench()
    bench.do(bench.guest.process.install("copy", DEVICE))
    bench.run(close_fd(bench.machine, bench.guest, DEVICE))
    assert bench.operations == ["vm0.process.close"]
    bench.run(close_fd(bench.machine, bench.guest, "copy"))
    assert bench.operations[:2] == ["vm0.process.close", "mdev0.begin_detach"]
    before = bench.states
    bench.run(close_fd(bench.machine, bench.guest, "copy"))  # -EBADF
    assert bench.states == before


def test_qemus_own_reset_switches_the_interrupt_off_behind_the_records() -> None:
    bench = enabled()
    assert bench.run(ioctl_reset(bench.machine, bench.guest)) == 0
    assert bench.operations == RESET
    assert bench[bench.queue.hw] == ApQueueState(zapq="finished")
    assert bench[bench.queue.object].saved == SAVED


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (ApQueueState(pending_reset="RAPQ"), Errno.EBUSY),
        (ApQueueState(cfg="off"), Errno.EIO),
        (ApQueueState(cfg="absent"), Errno.EIO),
        (ApQueueState(chkstop=True), Errno.EIO),
    ],
)
def test_a_reset_that_the_queue_refuses_is_reported_to_qemu(state: ApQueueState, error: Errno) -> None:
    bench = Bench()
    bench[bench.queue.hw] = state
    assert bench.run(ioctl_reset(bench.machine, bench.guest), settles=False) == error.failure


# DMA unmap


def test_an_unmap_of_the_nibs_page_alone_is_over_after_one_callback() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 3, 1))
    assert bench.operations == ["vm0.memory.unmap", "vm0.memory.unpin", "vm0.memory.unmap"]
    assert bench[bench.guest.memory] == MemoryState(pset([4]))
    # ... and the interrupt stays on, with its record
    assert bench[bench.queue.hw].irq == Target("vm0", 0x3F00, "vm0.gisa", 3, 5)
    assert bench[bench.queue.object].saved == SAVED


def test_an_unmap_of_a_range_that_begins_before_the_page_stops_the_host_after_ten_rounds() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 2, 2))
    assert bench.operations == ["vm0.memory.unmap", "vm0.memory.unpin"] * ROUNDS + ["vm0.memory.bug_on_pinned"]
    assert (ROUNDS, bench.ending, bench[bench.guest.memory].pins) == (10, "oops", pmap({3: 1}))


@pytest.mark.parametrize(("first", "pages"), [(3, 1), (2, 2), (0, 16)])
def test_unmap_disables_gives_the_page_back_wherever_it_lies_in_the_range(first: int, pages: int) -> None:
    bench = enabled("unmap_disables", "wait_reset")
    bench.run(dma_unmap(bench.machine, bench.guest, first, pages))
    assert bench[bench.guest.memory].pins == pmap()
    assert bench[bench.queue.hw] == ApQueueState()
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, None, "mdev0")


def test_an_unmap_elsewhere_calls_nobody() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 4, 1))
    assert bench.operations == ["vm0.memory.unmap"]
    assert bench[bench.guest.memory] == MemoryState(pset([3]), pmap({3: 1}))


def test_the_series_breaks_p8_and_p10_by_an_unmap_and_disabling_first_keeps_both() -> None:
    assert broken("h14", "P8", "P10") == {"P8", "P10"}
    assert broken("h14+unmap_disables+wait_reset", "P8", "P10") == set()
    # a disable that is accepted is not waited for, one that meets the pending enable gives up ten times
    assert broken("h14+unmap_disables", "P8", "P10") == {"P8", "P10"}


# the scenarios of this phase

LIFE = ("P1", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P11", "P12", "P16", "P34", "P35", "deadlock")


@pytest.mark.parametrize("name", ["kill-qemu", "qemu-reset", "unplug", "rogue-close"])
def test_with_all_measures_life_cycles_keep_everything(name: str) -> None:
    found = ask(f"{name}+all-measures", *LIFE)
    assert (found.complete, found.findings, found.deadlocks, found.oopses) == (True, (), 0, 0)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ("", {"P5", "P6", "P7", "P17"}),
        ("+all-measures", {"P5", "P6", "P7", "P17"}),  # h11: the test is made without the lock
        ("+kvm_test_locked", set()),
        ("+all-measures+kvm_test_locked", set()),
    ],
)
def test_attaching_races_with_unassign_because_its_test_is_not_locked(switches: str, expected: set[str]) -> None:
    assert broken(f"attach{switches}") == expected

"""Phase 3: open, SET_KVM with a VM and with NULL, release, and the life cycles made of them."""

from __future__ import annotations

import attrs
import pytest
from pyrsistent import pmap, pset

from aprt.core.caller import Caller
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.module import ModuleState
from aprt.vfio_ap.ap.queue_state import ApQueueState, Target
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_fd,
    group_del,
    open_everything,
)
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.group import GroupState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.memory import MemoryState
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.group_notifier import notify
from aprt.vfio_ap.series.mdev import MdevState
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.series.vfio_device import open_device, release_device
from tests.vfio_ap.machines import A, Bench, ask, broken, enabled

MATRIX = Matrix.of([5], [4])
ENODEV, EPERM = Errno.ENODEV.failure, Errno.EPERM.failure
FOUND = QueuePointer(A, 1)
MEASURES = ("all-measures",)
SAVED = Saved("vm0", 3, 0x3F00)


def closed(*words: str) -> Bench:
    """An mdev with a matrix that nobody has opened."""
    return Bench(*words, plans=(GuestPlan("vm0", "mdev0", MATRIX, attached=False),))


def clean(bench: Bench) -> None:
    """Nothing of the guest's is left in the driver, the hardware and its memory."""
    assert bench[bench.queue.object] == VfioApQueueState(True, 1)
    assert bench[bench.queue.hw] == ApQueueState(zapq="finished")
    assert bench[bench.guest.memory] == MemoryState(pset([3, 4]))
    assert bench[bench.guest.gisa.interrupt].ref_count == (0,) * 8
    assert bench[bench.guest.gisa.interrupt].alert_mask == 0
    assert bench[bench.guest.gisa.gisa].iam == 0
    assert bench.caller == Caller("me")


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
    bench.run(bench.machine.ops.set_kvm(bench.machine, bench.guest, bench.guest))
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
    assert bench.run(notify(bench.machine, "mdev0", "vm0")) == 0
    assert bench.operations == operations


def test_a_vm_without_crypto_block_gets_no_masks() -> None:
    bench = closed()
    bench[bench.guest.vm] = KvmState(3, crycbd=False)
    assert bench.run(notify(bench.machine, "mdev0", "vm0")) == 0
    assert bench[bench.guest.crycb] == CrycbState()
    assert bench.operations == ATTACH + HOOK + ["vm0.has_crycb"]


@pytest.mark.parametrize(("words", "hook"), [((), "mdev0"), (("hook_before_check",), "mdev1")])
def test_a_second_mdev_for_a_vm_is_eperm_and_its_hook_stays_only_when_it_was_set_first(
    words: tuple[str, ...], hook: str
) -> None:
    plans = (GuestPlan("vm0", "mdev0", MATRIX), GuestPlan("vm1", "mdev1", Matrix(), attached=False))
    bench = Bench(*words, plans=plans)
    before = bench.states
    assert bench.run(notify(bench.machine, "mdev1", "vm0")) == EPERM
    assert bench[bench.guest.vm].hook == hook
    assert {**bench.states, "vm0": before["vm0"]} == before


def test_set_kvm_null_of_the_series_forgets_the_vm_and_leaves_the_rest() -> None:
    bench = enabled("vm_ref")
    before = bench.states
    assert bench.run(notify(bench.machine, "mdev0", None)) == 0
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
    assert bench.run(notify(bench.machine, "mdev0", None)) == 0  # a second one finds nothing to do
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
        *CLEAR,
        *RESET,
        "mdev0.queues",
        *FREE,
        "vm0.set_hook",
        "mdev0.end_detach",
        *CLOSE,
    ]
    clean(bench)
    assert bench[bench.guest.mdev] == MdevState(True, MATRIX)
    assert bench[bench.guest.vm] == KvmState(3)
    assert bench[bench.machine.matrix_dev].free_list == (FOUND,)
    assert bench[bench.machine.module] == ModuleState()


@pytest.mark.parametrize("measure", ["", "clear_apcb"])
def test_masks_last_clears_the_masks_after_the_reset_unless_the_measure_says_first(measure: str) -> None:
    bench = enabled("masks_last", *filter(None, [measure]))
    bench.run(release_device(bench.machine, bench.guest))
    begin, end = "mdev0.begin_detach", ("vm0.set_hook", "mdev0.end_detach", *CLOSE)
    work = (*CLEAR, *RESET, "mdev0.queues", *FREE) if measure else (*RESET, "mdev0.queues", *FREE, *CLEAR)
    assert bench.operations == [begin, *work, *end]
    clean(bench)


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
    bench.run(notify(bench.machine, "mdev0", None))
    bench.run(release_device(bench.machine, bench.guest))
    assert bench.operations == ["mdev0.begin_detach", *RESET, *CLOSE]
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, SAVED, "mdev0")
    assert bench[bench.guest.vm].hook == "mdev0"
    assert bench[bench.guest.crycb] == CrycbState(apcb=MATRIX)


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

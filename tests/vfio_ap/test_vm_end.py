"""The end of a VM, the files that keep it alive, and who closes them in which order; QEMU's own reset."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
import pytest
from pyrsistent import pmap

from aprt.core.system import Context, System
from aprt.explore.stepper import Stepper
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.kvm_destroy import put_vm
from aprt.vfio_ap.host.userspace import (
    DEVICE,
    KVM_VFIO,
    VM,
    close_all,
    close_fd,
    exit_process,
    vcpu_thread,
)
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.vfio_ap_queue import Saved
from aprt.vfio_ap.series.vfio_device import ioctl_reset
from tests.explore.enumerator import executions
from tests.vfio_ap.machines import A, Bench, enabled

MEASURES = ("all-measures",)
SAVED = Saved("vm0", 3, 0x3F00)


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
    """Everything is closed while its ioctl is in progress."""
    bench = Bench()
    machine, guest = bench.machine, bench.guest
    thread = Context("vcpu0", partial(vcpu_thread, machine, guest, guest.vcpus[0], (Aqic(A),)))
    user = Context("user", partial(close_all, machine, guest))
    with Stepper(System(machine.actors(), (thread, user), bench.states)) as stepper:
        for op in ("vm0.process.signal_pending", "vm0.process.fdget"):
            stepper.step("vcpu0", op)
        for context in ("user", "vcpu0"):
            while options := stepper.options(context):
                stepper.step(context, options[0])
        assert stepper.ending() == "end"
        operations = [event.label.op for event in stepper.events if event.context == "vcpu0"]
    end = ["vm0.put", *DESTROY, "vm0.gisa_int.free", "vm0.free", "vm0.process.leave"]
    assert operations[2:] == ["vm0.read_hook", "vm0.vcpu0.operation_exception", "vm0.process.fput", *end]


def test_a_thread_whose_file_is_closed_runs_no_instruction() -> None:
    bench = Bench()
    guest = bench.guest
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
    assert bench.operations == ["mdev0.read_matrix", "hw 05.0004.reset"]
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

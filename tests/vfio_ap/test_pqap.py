"""Phase 4: PQAP(AQIC) from the intercept to the answer, with every response code and every variant."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aprt.core.caller import Caller
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.module import ModuleState
from aprt.vfio_ap.ap.queue_state import ApQueueState, Change, Target
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import NO_HOOK, Aqic
from aprt.vfio_ap.host.guest_code import Reset, execute
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.kvm.vcpu import VcpuState
from aprt.vfio_ap.series.pqap import handle_pqap
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.v4.era import V4
from tests.vfio_ap.machines import A, Bench, ask, broken, enabled

FIRST = Aqic(A, True, 3, 0x3F00)
SECOND = Aqic(A, True, 4, 0x4F00)
OFF = Aqic(A, False)
SAVED, SAVED2 = Saved("vm0", 3, 0x3F00), Saved("vm0", 4, 0x4F00)
ON = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)
ON2 = Target("vm0", 0x4F00, "vm0.gisa", 4, 5)


def intercept(bench: Bench, aqic: Aqic, settles: bool = True) -> Any:
    return bench.run(handle_pqap(bench.machine, bench.guest, aqic), settles=settles)


def owned(bench: Bench) -> tuple[Saved | None, dict[int, int], dict[int, int]]:
    """What the queue has on record; the pins by page; the registrations by ISC."""
    counts = bench[bench.guest.gisa.interrupt].ref_count
    pins = dict(bench[bench.guest.memory].pins)
    return bench[bench.queue.object].saved, pins, {isc: n for isc, n in enumerate(counts) if n}


NOTHING: tuple[None, dict[int, int], dict[int, int]] = (None, {}, {})


# the way to the handler


def test_without_a_hook_the_instruction_goes_to_qemu_and_ends_in_an_operation_exception() -> None:
    bench = Bench()
    bench[bench.guest.vm] = KvmState(3)
    before = bench.states
    assert intercept(bench, FIRST) == NO_HOOK == "EOPNOTSUPP"
    assert bench.states == before
    vcpu = bench.guest.vcpus[0]
    bench.run(execute(bench.machine, bench.guest, vcpu, FIRST))
    assert bench[vcpu] == VcpuState(exception=True)


@pytest.mark.parametrize("aqic", [FIRST, OFF])
def test_a_queue_that_is_in_no_list_of_the_mdev_is_01(aqic: Aqic) -> None:
    bench = Bench()
    before = bench.states
    assert intercept(bench, attrs.evolve(aqic, apqn=Apqn(5, 5))) is Rc.Q_NOT_AVAIL
    assert bench.states == before
    assert bench.operations == [
        "vm0.read_hook",
        "vfio_ap.ko.run",
        "matrix_lock.lock",
        "mdev0.find",
        "matrix_lock.unlock",
    ]


@pytest.mark.parametrize(
    ("words", "around"),
    [
        (("handler_unlocked",), ([], [])),
        (("handler_unlocked", "one_mutex"), (["matrix_lock.lock"], ["matrix_lock.unlock"])),
    ],
)
def test_the_handler_is_locked_unless_the_variant_says_not(
    words: tuple[str, ...], around: tuple[list[str], list[str]]
) -> None:
    bench = Bench(*words)
    assert intercept(bench, attrs.evolve(FIRST, apqn=Apqn(5, 5))) is Rc.Q_NOT_AVAIL
    assert bench.operations == ["vm0.read_hook", "vfio_ap.ko.run", *around[0], "mdev0.find", *around[1]]


def test_hook_lock_is_held_for_reading_from_the_read_of_the_hook_to_the_answer() -> None:
    bench = Bench("hook_lock")
    intercept(bench, FIRST)
    assert (bench.operations[0], bench.operations[-1]) == ("vm0.hook_lock.down_read", "vm0.hook_lock.up_read")


def test_a_hook_with_an_owner_takes_the_module_for_the_call() -> None:
    bench = Bench("hook_owner")
    assert intercept(bench, FIRST) is Rc.NORMAL
    assert bench.operations[1] == "vfio_ap.ko.try_get"
    assert bench.operations[-1] == "vfio_ap.ko.put"
    assert bench[bench.machine.module] == ModuleState(refs=1)
    bench[bench.machine.module] = ModuleState(live=False)
    assert intercept(bench, FIRST) == NO_HOOK


def test_calling_into_an_unloaded_module_is_an_oops() -> None:
    bench = Bench()
    bench[bench.machine.module] = ModuleState(live=False)
    intercept(bench, FIRST)
    assert (bench.ending, bench.operations) == ("oops", ["vm0.read_hook", "vfio_ap.ko.run"])


# setup

SETUP = [
    "vm0.memory.pin",
    "vm0.gisa_int.read_origin",
    "vm0.ref_lock.lock",
    "vm0.gisa_int.register",
    "vm0.gisa.set_iam",
    "vm0.ref_lock.unlock",
    "vm0.gisa_int.designation",
    "hw 05.0004.aqic",
]
RELEASE = [
    "vm0.gisa_int.read_origin",
    "vm0.ref_lock.lock",
    "vm0.gisa_int.unregister",
    "vm0.gisa.set_iam",
    "vm0.ref_lock.unlock",
    "vm0.memory.unpin",
]
RECORDS, FORGET, RECORD = "q 05.0004.records", "q 05.0004.forget", "q 05.0004.record"


def handled(bench: Bench) -> list[str]:
    """The operations between the look-up and the unlock."""
    begin = bench.operations.index("mdev0.find") + 1
    return bench.operations[begin : bench.operations.index("matrix_lock.unlock", begin)]


def test_an_enable_pins_registers_asks_the_hardware_and_records() -> None:
    bench = enabled()
    assert handled(bench) == [*SETUP, RECORDS, RECORD]
    assert bench[bench.queue.hw] == ApQueueState(irq=ON)
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, SAVED, "mdev0")
    assert owned(bench) == (SAVED, {3: 1}, {3: 1})
    assert bench[bench.guest.gisa.gisa].iam == 0x10
    assert bench.caller == Caller("me")


@pytest.mark.parametrize("nib", [0, 0x9000])
def test_a_nib_that_is_zero_or_not_mapped_is_06_and_nothing_is_taken(nib: int) -> None:
    bench = Bench()
    before = bench.states
    assert intercept(bench, attrs.evolve(FIRST, nib=nib)) is Rc.INVALID_ADDRESS
    assert bench.states == before
    assert handled(bench) == (["vm0.memory.pin"] if nib else [])


def test_two_nibs_in_one_page_are_two_pins() -> None:
    bench = Bench()
    bench.do(bench.guest.memory.pin(0x3000))
    intercept(bench, FIRST)
    assert dict(bench[bench.guest.memory].pins) == {3: 2}


REFUSALS = {
    Rc.Q_NOT_AVAIL: ApQueueState(cfg="absent"),
    Rc.RESET_IN_PROGRESS: ApQueueState(pending_reset="RAPQ"),
    Rc.DECONFIGURED: ApQueueState(cfg="off"),
    Rc.CHECKSTOPPED: ApQueueState(chkstop=True),
    Rc.BUSY: ApQueueState(pending_irq=Change(ON2)),
    Rc.INVALID_ADDRESS: ApQueueState(next_rc=Rc.INVALID_ADDRESS),
    Rc.INVALID_GISA: ApQueueState(next_rc=Rc.INVALID_GISA),
    Rc.Q_NOT_BOUND: ApQueueState(next_rc=Rc.Q_NOT_BOUND),
}


@pytest.mark.parametrize(("rc", "state"), REFUSALS.items())
def test_a_refused_enable_only_disables_so_the_new_pair_is_lost(rc: Rc, state: ApQueueState) -> None:
    bench = Bench()
    bench[bench.queue.hw] = state
    assert intercept(bench, FIRST, settles=False) is rc
    assert handled(bench)[: len(SETUP) + 1] == [*SETUP, "hw 05.0004.aqic"]
    assert owned(bench) == (None, {3: 1}, {3: 1})
    assert dict(bench.caller.owed) == {("pin", "vm0", 3): 1, ("gisc", "vm0", 3): 1}


@pytest.mark.parametrize(("rc", "state"), REFUSALS.items())
def test_with_refused_undoes_a_refused_enable_leaves_nothing(rc: Rc, state: ApQueueState) -> None:
    bench = Bench("refused_undoes")
    bench[bench.queue.hw] = state
    assert intercept(bench, FIRST, settles=False) is rc
    assert handled(bench)[: len(SETUP) + 7] == [*SETUP, *RELEASE, "hw 05.0004.aqic"]
    assert (owned(bench), bench.caller.owed) == (NOTHING, ())


def test_07_undoes_the_new_pair_and_keeps_the_old() -> None:
    bench = enabled()
    assert intercept(bench, SECOND) is Rc.OTHERWISE_CHANGED
    assert handled(bench) == [*SETUP, *RELEASE]
    assert owned(bench) == (SAVED, {3: 1}, {3: 1})
    assert bench[bench.queue.hw] == ApQueueState(irq=ON)
    assert bench.caller.owed == ()


def test_a_vm_without_gisa_is_told_08_and_its_page_stays_pinned() -> None:
    bench = Bench()
    bench[bench.guest.gisa.interrupt] = attrs.evolve(bench[bench.guest.gisa.interrupt], origin=None)
    assert intercept(bench, FIRST) is Rc.INVALID_GISA
    assert owned(bench) == (None, {3: 1}, {})


# the guest resets its queue unseen and enables again


def reset(bench: Bench) -> None:
    bench.run(execute(bench.machine, bench.guest, bench.guest.vcpus[0], Reset(A)))
    assert bench[bench.queue.hw].irq is None


def test_an_interpreted_reset_leaves_the_records() -> None:
    bench = enabled()
    reset(bench)
    assert owned(bench) == (SAVED, {3: 1}, {3: 1})
    assert bench.operations == [
        *("vm0.crycb.enter", "hw 05.0004.reset", "vm0.crycb.leave"),
        *("vm0.crycb.enter", "hw 05.0004.tapq", "vm0.crycb.leave"),
    ]


def test_a_second_enable_takes_the_new_pair_first_and_then_gives_the_old_one_back() -> None:
    bench = enabled()
    reset(bench)
    assert intercept(bench, SECOND) is Rc.NORMAL
    assert handled(bench) == [*SETUP, RECORDS, *RELEASE, FORGET, RECORD]
    assert owned(bench) == (SAVED2, {4: 1}, {4: 1})
    assert bench[bench.queue.hw] == ApQueueState(irq=ON2)
    assert bench[bench.guest.gisa.gisa].iam == 0x08


def test_the_same_nib_and_isc_again_are_owned_once() -> None:
    bench = enabled()
    reset(bench)
    assert intercept(bench, FIRST) is Rc.NORMAL
    assert owned(bench) == (SAVED, {3: 1}, {3: 1})
    assert bench[bench.guest.gisa.gisa].iam == 0x10


def test_the_naive_order_overwrites_the_old_pair_and_loses_it() -> None:
    bench = enabled("naive_reenable")
    reset(bench)
    assert intercept(bench, SECOND) is Rc.NORMAL
    assert handled(bench) == [*SETUP, RECORD]
    assert owned(bench) == (SAVED2, {3: 1, 4: 1}, {3: 1, 4: 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reset-reenable", set()),
        ("reset-reenable+all-measures", set()),
        ("reset-reenable+naive_reenable", {"P5", "P6"}),
        ("reset-reenable-busy", {"P5", "P6"}),
        ("reset-reenable-busy+all-measures", {"P5", "P6"}),
        ("reset-reenable-busy+refused_undoes", set()),
        ("reset-reenable-busy+refused_undoes+naive_reenable", {"P5", "P6"}),
        ("remove-vs-intercept+remove_unlocked+handler_unlocked", {"P5", "P6", "P8", "P9", "P12"}),
    ],
)
def test_the_scenarios_of_this_phase(text: str, expected: set[str]) -> None:
    assert broken(text) == expected


def test_unlocked_removal_is_p9_and_both_under_the_lock_hold() -> None:
    ids = ("P5", "P6", "P9", "P13", "P14")
    assert "P9" in broken("remove-vs-intercept+remove_unlocked", *ids)
    assert broken("remove-vs-intercept", *ids) == set()
    own = V4.scenario("remove-vs-intercept").properties
    (first,) = ask("remove-vs-intercept+remove_unlocked", *own, stop_on="first").findings
    assert (first.property, len(first.schedule)) == ("P9", 30)


# clear


def test_a_disable_switches_off_and_gives_back_what_is_on_record() -> None:
    bench = enabled()
    assert intercept(bench, OFF) is Rc.NORMAL
    assert handled(bench) == ["hw 05.0004.aqic", RECORDS, *RELEASE, FORGET]
    assert (bench[bench.queue.hw], owned(bench)) == (ApQueueState(), NOTHING)
    assert bench[bench.guest.gisa.gisa].iam == 0


def test_the_series_does_not_wait_for_an_accepted_disable() -> None:
    bench = enabled()
    assert intercept(bench, OFF, settles=False) is Rc.NORMAL
    assert bench[bench.queue.hw] == ApQueueState(irq=ON, pending_irq=Change(None))
    assert owned(bench) == NOTHING


def test_with_wait_reset_a_disable_waits_until_the_interrupt_is_off() -> None:
    bench = enabled("wait_reset")
    assert intercept(bench, OFF) is Rc.NORMAL
    assert handled(bench) == ["hw 05.0004.aqic", "hw 05.0004.tapq", RECORDS, *RELEASE, FORGET]


def test_a_disable_of_what_is_off_is_07_and_gives_back_what_a_reset_left() -> None:
    bench = enabled()
    reset(bench)
    assert intercept(bench, OFF) is Rc.OTHERWISE_CHANGED
    assert owned(bench) == NOTHING


@pytest.mark.parametrize(("rc", "state"), [item for item in REFUSALS.items() if item[0] != 8])
def test_a_refused_disable_keeps_the_records(rc: Rc, state: ApQueueState) -> None:
    bench = enabled()
    bench[bench.queue.hw] = attrs.evolve(state, irq=ON)
    assert intercept(bench, OFF, settles=False) is rc
    assert handled(bench) == ["hw 05.0004.aqic"]
    assert owned(bench) == (SAVED, {3: 1}, {3: 1})


@pytest.mark.parametrize(("words", "tries"), [((), 1), (("clear_retries=5",), 6)])
def test_clear_retries_repeats_a_transient_refusal(words: tuple[str, ...], tries: int) -> None:
    bench = enabled(*words)
    bench[bench.queue.hw] = ApQueueState(irq=ON, pending_reset="RAPQ")
    assert intercept(bench, OFF, settles=False) is Rc.RESET_IN_PROGRESS
    assert handled(bench) == ["hw 05.0004.aqic"] * tries


def test_a_retry_that_is_accepted_ends_the_retries() -> None:
    bench = enabled("clear_retries=5")
    bench[bench.queue.hw] = ApQueueState(irq=ON, next_rc=Rc.BUSY)
    assert intercept(bench, OFF) is Rc.NORMAL
    assert handled(bench) == ["hw 05.0004.aqic"] * 2 + [RECORDS, *RELEASE, FORGET]
    assert owned(bench) == NOTHING


# what the guest is told


@pytest.mark.parametrize(
    ("state", "words", "told"),
    [
        (ApQueueState(), (), VcpuState(cc=0, gr1=0)),
        (ApQueueState(cfg="absent"), (), VcpuState(cc=3, gr1=1)),
        (ApQueueState(irq=ON2), (), VcpuState(cc=3, gr1=7)),
        (ApQueueState(cfg="absent"), ("wrong_rc",), VcpuState(cc=0, gr1=0)),
    ],
)
def test_gr1_has_the_response_code_and_the_condition_code_is_3_unless_it_is_00(
    state: ApQueueState, words: tuple[str, ...], told: VcpuState
) -> None:
    bench = Bench(*words)
    bench[bench.queue.hw] = state
    vcpu = bench.guest.vcpus[0]
    bench.run(execute(bench.machine, bench.guest, vcpu, FIRST), settles=False)
    assert bench[vcpu] == told


def test_an_instruction_prints_as_an_assembler_listing_would() -> None:
    assert str(FIRST) == "PQAP(AQIC) 05.0004 on isc 3 nib 0x3f00"
    assert str(OFF) == "PQAP(AQIC) 05.0004 off"


def test_two_vcpus_enabling_one_queue_lose_a_pair_or_switch_each_other_off() -> None:
    both = "reset-reenable+vcpus=2+guest=enable"
    assert broken(both) == {"P5", "P6"}
    assert broken(f"{both}+refused_undoes") == {"P8"}  # the refused one disables what the other enabled
    assert broken(f"{both}+refused_undoes+wait_reset") == set()

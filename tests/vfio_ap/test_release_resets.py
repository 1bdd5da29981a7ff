"""Resets, interrupts on and off, unmapping, one at a time: answers, retries and states, in 2026 and before."""

from __future__ import annotations

import attrs
import pytest
from pyrsistent import pmap

from aprt.core.caller import Caller
from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.queue_state import ApQueueState, Change, Target
from aprt.vfio_ap.ap.response import Errno, Rc
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.dma_unmap import dma_unmap
from aprt.vfio_ap.mainline.guest_config import passable
from aprt.vfio_ap.mainline.irq import irq_disable
from aprt.vfio_ap.mainline.pqap import handle_pqap
from aprt.vfio_ap.mainline.reset import apq_reset_check, reset_queues
from aprt.vfio_ap.mainline.vfio_ap_queue import SavedIova, SavedIsc, VfioApQueueState
from tests.vfio_ap.machines import A
from tests.vfio_ap.release_bench import ReleaseBench

ON = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)
ISC, IOVA = SavedIsc("vm0", 3), SavedIova("vm0", 0x3F00)
EIO, EBUSY = Errno.EIO.failure, Errno.EBUSY.failure
FREED = ["q 05.0004.forget_isc", "q 05.0004.forget_iova"]


def enabled(*words: str, era: str = "2026") -> ReleaseBench:
    """An attached guest whose queue has its interrupt on."""
    bench = ReleaseBench(*words, era=era)
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))) is Rc.NORMAL
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, "mdev0", ISC, IOVA)
    return bench


def reset(bench: ReleaseBench, settles: bool = True) -> int:
    bench.do(bench.machine.mdevs_lock.lock())
    result: int = bench.run(reset_queues(bench.machine, bench.mdev), settles=settles)
    return result


def owns(bench: ReleaseBench) -> tuple[object, ...]:
    """What is on record, and how often ISC 3 is registered and the page of the NIB pinned."""
    state = bench[bench.queue.object]
    counts, pins = bench[bench.guest.gisa.interrupt].ref_count, bench[bench.guest.memory].pins
    return state.isc, state.iova, counts[3], pins.get(3, 0)


KEPT, GIVEN_BACK = (ISC, IOVA, 1, 1), (None, None, 0, 0)


def on(**fields: object) -> ApQueueState:
    return attrs.evolve(ApQueueState(irq=ON), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "result", "owned", "rc"),
    [
        (on(), 0, GIVEN_BACK, Rc.NORMAL),
        (on(pending_reset="RAPQ"), 0, GIVEN_BACK, Rc.NORMAL),
        (on(next_rc=Rc.BUSY), 0, GIVEN_BACK, Rc.NORMAL),
        (on(next_rc=Rc.STATE_CHANGE_IN_PROGRESS), 0, GIVEN_BACK, Rc.NORMAL),
        (on(next_rc=Rc.ASSOC_SECRET_NOT_UNIQUE), 0, GIVEN_BACK, Rc.NORMAL),
        (on(cfg="off"), EIO, GIVEN_BACK, Rc.DECONFIGURED),
        (on(chkstop=True), EIO, GIVEN_BACK, Rc.CHECKSTOPPED),
        (on(cfg="absent"), EIO, GIVEN_BACK, Rc.Q_NOT_AVAIL),
        (on(next_rc=Rc.Q_NOT_BOUND), EIO, KEPT, Rc.Q_NOT_BOUND),
    ],
)
def test_what_a_reset_answers_and_gives_back_in_2026(
    state: ApQueueState, result: int, owned: tuple[object, ...], rc: Rc
) -> None:
    bench = enabled()
    bench[bench.queue.hw] = state
    assert reset(bench) == result
    assert owns(bench) == owned
    assert bench[bench.queue.object].reset_rc is rc
    if rc is Rc.NORMAL:
        assert bench[bench.queue.hw] == ApQueueState(zapq="finished")


def test_a_queue_that_is_gone_kept_what_it_owns_before_b18() -> None:
    bench = enabled("-B18")
    bench.hw(irq=ON, cfg="absent")
    assert (reset(bench), owns(bench)) == (EIO, KEPT)


@pytest.mark.parametrize(
    ("era", "state", "result", "owned"),
    [
        ("6.3", on(), 0, GIVEN_BACK),
        ("6.3", on(pending_reset="RAPQ"), 0, GIVEN_BACK),
        ("6.3", on(cfg="off"), 0, GIVEN_BACK),
        ("6.3", on(chkstop=True), EIO, KEPT),
        ("6.3", on(next_rc=Rc.BUSY), EIO, KEPT),
        ("6.3", on(next_rc=Rc.STATE_CHANGE_IN_PROGRESS), EIO, KEPT),
        ("6.2", on(), 0, GIVEN_BACK),
        ("6.2", on(pending_reset="RAPQ"), 0, GIVEN_BACK),
        ("6.2", on(cfg="off"), EBUSY, GIVEN_BACK),
        ("6.2", on(chkstop=True), EBUSY, GIVEN_BACK),
        ("6.2", on(next_rc=Rc.BUSY), EIO, KEPT),
    ],
)
def test_what_a_reset_answers_and_gives_back_before_6_6(
    era: str, state: ApQueueState, result: int, owned: tuple[object, ...]
) -> None:
    bench = enabled(era=era)
    bench[bench.queue.hw] = state
    assert (reset(bench), owns(bench)) == (result, owned)


@pytest.mark.parametrize("era", ["6.6", "6.8", "6.12"])
@pytest.mark.parametrize(
    ("state", "before", "since"),
    [
        (on(cfg="off"), (0, GIVEN_BACK, Rc.NORMAL, True), (EIO, GIVEN_BACK, Rc.DECONFIGURED, True)),
        (on(chkstop=True), (EIO, KEPT, Rc.CHECKSTOPPED, False), (EIO, GIVEN_BACK, Rc.CHECKSTOPPED, True)),
    ],
)
def test_before_6_9_a_card_that_is_off_counts_as_reset_and_a_broken_one_does_not(
    era: str, state: ApQueueState, before: tuple[object, ...], since: tuple[object, ...]
) -> None:
    bench = enabled(era=era)
    bench[bench.queue.hw] = state
    result, rc = reset(bench), bench[bench.queue.object].reset_rc
    seen = (result, owns(bench), rc, passable(bench.machine, rc))
    assert seen == (since if era == "6.12" else before)


@pytest.mark.parametrize(("era", "owned"), [("6.8", KEPT), ("6.12", GIVEN_BACK)])
def test_before_6_9_a_card_that_breaks_during_a_reset_ends_the_work_and_nothing_is_given_back(
    era: str, owned: tuple[object, ...]
) -> None:
    bench = enabled(era=era)
    bench[bench.queue.hw] = on(chkstop=True)
    bench.run(apq_reset_check(bench.machine, bench.queue))
    assert owns(bench) == owned


def test_before_6_9_a_card_that_goes_off_during_a_reset_leaves_00_on_record() -> None:
    left = []
    for era in ("6.8", "6.12"):
        bench = enabled(era=era)
        bench.do(bench.queue.object.set_reset_status(1, Rc.ASSOC_FAILED))
        bench[bench.queue.hw] = on(cfg="off")
        bench.run(apq_reset_check(bench.machine, bench.queue))
        left.append((owns(bench), bench[bench.queue.object].reset_rc))
    assert left == [(GIVEN_BACK, Rc.NORMAL), (GIVEN_BACK, Rc.ASSOC_FAILED)]


@pytest.mark.parametrize(
    ("era", "state", "zapqs", "looks", "result"),
    [
        ("6.3", on(), 1, 10, EBUSY),
        ("6.3", on(pending_reset="RAPQ"), 1, 10, EBUSY),
        ("6.2", on(), 1, 2, 0),
        ("6.2", on(pending_reset="RAPQ"), 2, 2, EBUSY),
    ],
)
def test_a_reset_that_does_not_end_is_given_up_before_6_6(
    era: str, state: ApQueueState, zapqs: int, looks: int, result: int
) -> None:
    bench = enabled(era=era)
    bench[bench.queue.hw] = state
    assert (reset(bench, settles=False), owns(bench)) == (result, GIVEN_BACK)
    steps = [op for op in bench.operations if op.startswith("hw ") or op in FREED]
    assert steps == [*["hw 05.0004.reset"] * zapqs, *["hw 05.0004.tapq"] * looks, *FREED]
    assert bench[bench.queue.hw].irq == ON


def test_an_interrupt_is_switched_off_in_at_most_six_tries_and_given_back_whatever_the_answer() -> None:
    bench = enabled()
    bench.hw(irq=ON, pending_reset="RAPQ")
    bench.do(bench.machine.mdevs_lock.lock())
    status = bench.run(irq_disable(bench.machine, bench.queue, QueuePointer(A, 1)), settles=False)
    assert (status.rc, owns(bench)) == (Rc.RESET_IN_PROGRESS, GIVEN_BACK)
    assert [op for op in bench.operations if op.startswith("hw ")] == ["hw 05.0004.aqic"] * 6


def test_who_switches_an_interrupt_off_looks_at_most_five_times_whether_it_is() -> None:
    bench = enabled()
    bench.do(bench.machine.mdevs_lock.lock())
    status = bench.run(irq_disable(bench.machine, bench.queue, QueuePointer(A, 1)), settles=False)
    assert (status.rc, owns(bench)) == (Rc.NORMAL, GIVEN_BACK)
    assert [op for op in bench.operations if op.startswith("hw ")] == ["hw 05.0004.aqic", *["hw 05.0004.tapq"] * 5]
    assert bench[bench.queue.hw] == ApQueueState(irq=ON, pending_irq=Change(None))


@pytest.mark.parametrize(
    ("words", "nib", "rc", "pinned"),
    [
        ((), 0, Rc.INVALID_ADDRESS, {}),
        ((), 0x9000, Rc.INVALID_ADDRESS, {}),
        ((), 0x3F00, Rc.INVALID_ADDRESS, {}),
        (("-B37",), 0x3F00, Rc.INVALID_GISA, {3: 1}),
    ],
)
def test_an_enable_that_cannot_be_is_refused_before_the_hardware_is_asked(
    words: tuple[str, ...], nib: int, rc: Rc, pinned: dict[int, int]
) -> None:
    bench = ReleaseBench(*words)
    interrupt = bench.guest.gisa.interrupt
    bench[interrupt] = attrs.evolve(bench[interrupt], origin=None)
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A, nib=nib))) is rc
    assert bench[bench.guest.memory].pins == pmap(pinned)
    assert bench[bench.queue.hw] == ApQueueState()


def test_07_gives_the_new_pair_back_and_keeps_the_old_one_and_02_loses_both() -> None:
    bench = enabled()
    again = Aqic(A, isc=4, nib=0x4F00)
    assert bench.run(handle_pqap(bench.machine, bench.guest, again)) is Rc.OTHERWISE_CHANGED
    assert (owns(bench), bench.caller) == (KEPT, Caller("me"))
    bench.hw(irq=ON, pending_reset="RAPQ")
    assert bench.run(handle_pqap(bench.machine, bench.guest, again), settles=False) is Rc.RESET_IN_PROGRESS
    assert owns(bench) == GIVEN_BACK
    assert bench[bench.guest.memory].pins == pmap({4: 1})
    assert bench[bench.guest.gisa.interrupt].ref_count[4] == 1


def test_a_second_enable_gives_the_first_pair_back_only_when_the_new_one_is_accepted() -> None:
    bench = enabled()
    bench.hw()
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A, isc=4, nib=0x4F00))) is Rc.NORMAL
    steps = [op for op in bench.operations if op.endswith((".pin", ".register", ".aqic", ".unregister", ".unpin"))]
    assert steps == [
        "vm0.memory.pin",
        "vm0.gisa_int.register",
        "hw 05.0004.aqic",
        "vm0.gisa_int.unregister",
        "vm0.memory.unpin",
    ]
    assert bench[bench.guest.memory].pins == pmap({4: 1})


def test_the_handler_answers_for_a_queue_that_is_assigned_and_not_to_be_seen() -> None:
    bench = ReleaseBench()
    bench[bench.mdev] = attrs.evolve(bench[bench.mdev], shadow=bench[bench.mdev].matrix.without_bit("apm", 5))
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))) is Rc.NORMAL
    bench[bench.mdev] = attrs.evolve(bench[bench.mdev], qtable=())
    assert bench.run(handle_pqap(bench.machine, bench.guest, Aqic(A))) is Rc.Q_NOT_AVAIL


@pytest.mark.parametrize(
    ("words", "first", "pages", "calls"),
    [
        ((), 3, 1, ["irq_disabled"]),
        ((), 2, 3, ["irq_disabled"]),
        ((), 4, 1, []),
        (("-B13",), 3, 1, ["unpinned"]),
        (("-B13",), 2, 2, ["unpinned"] * 11),
    ],
)
def test_an_unmap_disables_the_queues_whose_nib_is_in_the_range_or_unpins_its_first_page(
    words: tuple[str, ...], first: int, pages: int, calls: list[str]
) -> None:
    bench = enabled(*words)
    bench.run(dma_unmap(bench.machine, bench.guest, first, pages))
    what = {"hw 05.0004.aqic": "irq_disabled", "vm0.memory.unpin": "unpinned"}
    wanted = "hw 05.0004.aqic" if not words else "vm0.memory.unpin"
    assert [what[op] for op in bench.operations if op == wanted] == calls
    stopped = "vm0.memory.bug" in bench.operations
    assert (stopped, bench[bench.guest.memory].pins) == (len(calls) == 11, pmap({3: 1} if len(calls) != 1 else {}))


def test_a_range_that_begins_at_0_costs_a_queue_without_a_nib_an_aqic() -> None:
    bench = ReleaseBench()
    bench[bench.guest.memory] = attrs.evolve(bench[bench.guest.memory], pins=pmap({0: 1}))
    bench.run(dma_unmap(bench.machine, bench.guest, 0, 1))
    assert [op for op in bench.operations if op == "hw 05.0004.aqic"] == ["hw 05.0004.aqic"] * 11

"""The state machine of a queue that the host uses itself: its steps, and the two bugs that left requests waiting."""

from __future__ import annotations

from functools import cache
from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Hold
from aprt.explore.explore import explore
from aprt.explore.result import Exploration
from aprt.kernel.spinlock import Spinlock
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.ap_sm import HostQueue, HostQueueState, Wait
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import ApQueueState, Change
from aprt.vfio_ap.ap.response import NO_REPLY, Rc, Status
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.zcrypt_queue import BY_INTERRUPT

LOCK = Spinlock("lock")
QUEUE = HostQueue("aq", LOCK)
NO_B47, NO_B48 = HostQueue("aq", LOCK, polls=False), HostQueue("aq", LOCK, orphans=False)
BY = Caller("b", (Hold("lock", atomic=True),))

REPLY, LAST_REPLY = Status(Rc.NORMAL, empty=False), Status(Rc.NORMAL)
NONE_YET, NOTHING_THERE = Status(NO_REPLY, empty=False), Status(NO_REPLY)
TAKEN = Status(Rc.NORMAL, empty=False)
IDLE = HostQueueState("IDLE", interrupt=True)
SENT = HostQueueState("WORKING", interrupt=True, count=1, pending=("a",), card=("a",))
BOTH = attrs.evolve(SENT, count=2, pending=("a", "b"), card=("a", "b"))
FLUSHED = attrs.evolve(SENT, count=0, pending=())
WAITING = attrs.evolve(FLUSHED, requests=("b",))


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (QUEUE.reset_begun(), attrs.evolve(FLUSHED), (HostQueueState("RESET_WAIT"), Wait.TIMEOUT)),
        (QUEUE.reset_over(True), HostQueueState("RESET_WAIT"), (HostQueueState("SETIRQ_WAIT"), Wait.AGAIN)),
        (QUEUE.reset_over(False), HostQueueState("RESET_WAIT"), (HostQueueState("IDLE"), Wait.AGAIN)),
        (
            QUEUE.irq_waited(Status(Rc.NORMAL), False),
            HostQueueState("SETIRQ_WAIT"),
            (HostQueueState("SETIRQ_WAIT"), Wait.TIMEOUT),
        ),
        (QUEUE.irq_waited(Status(Rc.NORMAL, irq_enabled=True), False), HostQueueState("SETIRQ_WAIT"), (IDLE, 1)),
        (QUEUE.written(TAKEN), attrs.evolve(IDLE, requests=("a",)), (SENT, Wait.AGAIN)),
        (
            QUEUE.written(TAKEN),
            attrs.evolve(SENT, requests=("b",)),
            (attrs.evolve(BOTH, sm="QUEUE_FULL"), Wait.INTERRUPT),
        ),
        (QUEUE.written(Status(Rc.Q_FULL, empty=False)), WAITING, (attrs.evolve(WAITING, sm="QUEUE_FULL"), 2)),
        (QUEUE.read(NONE_YET), SENT, (SENT, Wait.INTERRUPT)),
        (QUEUE.read(LAST_REPLY), SENT, (IDLE, Wait.NONE)),
        (QUEUE.read(REPLY), BOTH, (attrs.evolve(SENT, pending=("b",), card=("b",)), Wait.AGAIN)),
        (QUEUE.read(NOTHING_THERE), SENT, (attrs.evolve(IDLE, requests=("a",), card=("a",)), Wait.NONE)),
        (QUEUE.flush(), attrs.evolve(SENT, requests=("b",)), (FLUSHED, None)),
        (QUEUE.enqueue(), FLUSHED, (WAITING, None)),
        (QUEUE.set_online(False), IDLE, (attrs.evolve(IDLE, online=False), None)),
    ],
)
def test_an_event_changes_the_machine_and_says_what_to_wait_for(
    call: Call[Any], before: HostQueueState, expected: tuple[HostQueueState, Wait | None]
) -> None:
    assert call.actor.handle(before, call, BY) == (*expected, ())


def test_without_an_interrupt_the_timer_is_waited_for_since_b47() -> None:
    quiet = attrs.evolve(SENT, interrupt=False)
    waits = [queue.handle(quiet, queue.read(NONE_YET), BY) for queue in (QUEUE, NO_B47)]
    assert waits == [(quiet, Wait.TIMEOUT, ()), (quiet, Wait.INTERRUPT, ())]


def test_an_orphaned_reply_takes_the_count_below_0_before_b48() -> None:
    counts = []
    for queue in (QUEUE, NO_B48):
        state: Any = WAITING
        for call in (queue.read(LAST_REPLY), queue.written(TAKEN)):
            state = queue.handle(state, call, BY)[0]  # type: ignore[index]
            counts.append(state.count)
    assert counts == [0, 1, -1, 0]


def test_an_orphaned_reply_is_not_counted_for_the_one_behind_it_since_b48() -> None:
    sent = attrs.evolve(SENT, pending=("b",), card=("a", "b"))
    after = attrs.evolve(SENT, pending=("b",), card=("b",))
    assert QUEUE.handle(sent, QUEUE.read(REPLY), BY) == (after, Wait.AGAIN, ())
    idle = attrs.evolve(after, sm="IDLE", count=0)
    assert NO_B48.handle(sent, NO_B48.read(REPLY), BY) == (idle, Wait.NONE, ())


def test_a_caller_waits_while_its_request_is_somewhere_and_not_under_a_spinlock() -> None:
    free, a = Caller("b"), Caller("a")
    assert QUEUE.handle(SENT, QUEUE.wait_reply(), a) is BLOCK
    assert QUEUE.handle(WAITING, QUEUE.wait_reply(), free) is BLOCK
    assert QUEUE.handle(WAITING, QUEUE.wait_reply(), a) == (WAITING, None, ())
    _, _, (note,) = QUEUE.handle(SENT, QUEUE.wait_reply(), BY)  # type: ignore[misc]
    assert isinstance(note, Broken)
    assert note.property == "P23"


def test_a_host_that_is_a_guest_may_be_refused_its_interrupt() -> None:
    hw, refusing = ApQueue("hw", Apqn(5, 4)), ApQueue("hw", Apqn(5, 4), interrupts=False)
    call = Call(hw, "aqic", (BY_INTERRUPT,))
    accepted = ApQueueState(pending_irq=Change(BY_INTERRUPT))
    assert hw.handle(ApQueueState(), call, BY) == (accepted, Status(Rc.NORMAL), ())
    assert refusing.handle(ApQueueState(), call, BY) == (ApQueueState(), Status(Rc.INVALID_ADDRESS), ())


@cache
def ask(name: str, *without: str) -> Exploration:
    era = ERAS["2026"]
    scenario = era.scenario(name)
    model = scenario.build(era.settings(scenario, (), without))
    return explore(model.system, model.properties, stop_on="all")


@pytest.mark.parametrize(("name", "states"), [("host-request", 3759), ("host-no-irq", 517), ("host-offline", 11709)])
def test_every_request_ends_with_today_s_fixes(name: str, states: int) -> None:
    found = ask(name)
    assert (found.complete, found.findings, found.states) == (True, (), states)


def test_without_b47_a_request_waits_for_an_interrupt_that_is_not_enabled() -> None:
    found = ask("host-no-irq", "B47")
    assert found.complete
    told = {finding.property: finding.text for finding in found.findings}
    assert set(told) == {"P49", "deadlock"}
    assert told["deadlock"].startswith("ioctl0 waits for aq.wait_reply")


def test_without_b48_a_reply_is_never_fetched() -> None:
    found = ask("host-offline", "B48")
    assert found.complete
    told = {finding.property: finding.text for finding in found.findings}
    assert set(told) == {"P49", "deadlock"}
    assert told["deadlock"].startswith("ioctl1 waits for aq.wait_reply")


def test_without_b48_nothing_is_wrong_as_long_as_nobody_takes_the_queue_offline() -> None:
    assert ask("host-request", "B48").findings == ()

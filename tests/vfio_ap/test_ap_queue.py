"""The hardware queue: its transition table, instruction by state, what comes late, and every assumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Oops, Owes
from aprt.vfio_ap.ap.ap_queue import DEPTH, ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import HOST, ApQueueState, Change, Target, Zapq
from aprt.vfio_ap.ap.response import NO_REPLY, Rc, Status
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.guest_code import execute
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.vcpu import VcpuState
from tests.vfio_ap.machines import A, Bench, ask, broken, model

HW = ApQueue("hw", Apqn(5, 4))
VM = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)
OTHER = Target("vm0", 0x4F00, "vm0.gisa", 4, 5)
NEW = ApQueueState()
ON = ApQueueState(irq=VM)
USED = ApQueueState(requests=1, replies=1, irq=VM, user="vm0")
OFF = attrs.evolve(USED, cfg="off")
ABSENT = attrs.evolve(USED, cfg="absent")
BROKEN = attrs.evolve(USED, chkstop=True)
RESETTING = ApQueueState(replies=1, irq=VM, pending_reset="RAPQ")
SWITCHING = ApQueueState(pending_irq=Change(VM))
BUSY = ApQueueState(next_rc=Rc.BUSY)

OK, GONE, RESET, DECONF, CHKSTOP, LATER = (Rc(code) for code in range(6))
ADDRESS, ALREADY, GISA = Rc(6), Rc(7), Rc(8)


def put(state: ApQueueState, **fields: Any) -> ApQueueState:
    return attrs.evolve(state, **fields)


def do(call: Call[Any], state: ApQueueState) -> Any:
    return call.actor.handle(state, call, Caller("x"))


def status(rc: Rc, bits: str = "E") -> Status:
    """E: empty, R: replies waiting, I: interrupt on."""
    return Status(rc, "E" in bits, "R" in bits, "I" in bits)


@pytest.mark.parametrize(
    ("state", "expected", "after"),
    [
        (NEW, status(OK), NEW),
        (ON, status(OK, "EI"), ON),
        (USED, status(OK, "RI"), USED),
        (put(NEW, requests=1), status(OK, ""), put(NEW, requests=1)),
        (SWITCHING, status(OK), SWITCHING),
        (RESETTING, status(RESET, "RI"), RESETTING),
        (ABSENT, status(GONE, "RI"), ABSENT),
        (OFF, status(DECONF, "RI"), OFF),
        (BROKEN, status(CHKSTOP, "RI"), BROKEN),
        (BUSY, status(LATER), NEW),
    ],
)
def test_tapq_tells_and_changes_nothing(state: ApQueueState, expected: Status, after: ApQueueState) -> None:
    assert do(HW.tapq(HOST), state) == (after, expected, ())


@pytest.mark.parametrize("kind", ["RAPQ", "ZAPQ"])
@pytest.mark.parametrize(
    ("state", "expected"),
    [(NEW, status(OK)), (ON, status(OK, "EI")), (USED, status(OK, "RI")), (SWITCHING, status(OK))],
)
def test_an_accepted_reset_starts_and_cancels_an_interrupt_change(
    kind: str, state: ApQueueState, expected: Status
) -> None:
    after = put(state, pending_reset=kind, pending_irq=None)
    assert do(HW.reset(kind, "vm0"), state) == (after, expected, ())
    by_host = put(after, zapq="accepted" if kind == "ZAPQ" else "none")
    assert do(HW.reset(kind, HOST), state) == (by_host, expected, ())


@pytest.mark.parametrize("kind", ["RAPQ", "ZAPQ"])
@pytest.mark.parametrize(
    ("state", "expected", "after", "zapq"),
    [
        (RESETTING, status(RESET, "RI"), RESETTING, "refused"),
        (ABSENT, status(GONE, "RI"), ABSENT, "silent"),
        (OFF, status(DECONF, "RI"), OFF, "silent"),
        (BROKEN, status(CHKSTOP, "RI"), BROKEN, "silent"),
        (BUSY, status(LATER), NEW, "refused"),
    ],
)
def test_a_refused_reset_starts_nothing_and_the_host_remembers_a_refused_zapq(
    kind: str, state: ApQueueState, expected: Status, after: ApQueueState, zapq: Zapq
) -> None:
    assert do(HW.reset(kind, "vm0"), state) == (after, expected, ())
    by_host = put(after, zapq=zapq if kind == "ZAPQ" else "none")
    assert do(HW.reset(kind, HOST), state) == (by_host, expected, ())


def test_a_zapq_that_meets_the_hosts_own_leaves_that_one_accepted() -> None:
    running = put(RESETTING, pending_reset="ZAPQ", zapq="accepted")
    assert do(HW.reset("ZAPQ", HOST), running) == (running, status(RESET, "RI"), ())


@pytest.mark.parametrize(("broken", "rc"), [({"cfg": "off"}, DECONF), ({"chkstop": True}, CHKSTOP)])
def test_a_tapq_of_the_host_that_finds_the_queue_off_ends_the_wait_for_its_zapq(broken: dict[str, Any], rc: Rc) -> None:
    state = put(RESETTING, pending_reset="ZAPQ", zapq="accepted", **broken)
    assert do(HW.tapq(HOST), state) == (put(state, zapq="silent"), status(rc, "RI"), ())
    assert do(HW.tapq("vm0"), state) == (state, status(rc, "RI"), ())
    back = put(state, zapq="silent", cfg="on", chkstop=False)
    assert (HW.reset_over(back), attrs.evolve(HW, off_is_silent=False).reset_over(back)) == (True, False)


def test_a_card_that_is_configured_on_again_has_had_its_reset() -> None:
    state = put(RESETTING, pending_reset="ZAPQ", zapq="accepted", cfg="off")
    assert do(HW.configure("on"), state) == (ApQueueState(zapq="finished"), None, ())


BEGUN = Owes(("irq_enable", "vm0"), -1)


@pytest.mark.parametrize(
    ("state", "target", "expected", "after"),
    [
        (NEW, VM, status(OK), SWITCHING),
        (ABSENT, VM, status(GONE, "RI"), ABSENT),
        (RESETTING, VM, status(RESET, "RI"), RESETTING),
        (OFF, VM, status(DECONF, "RI"), OFF),
        (BROKEN, VM, status(CHKSTOP, "RI"), BROKEN),
        (SWITCHING, VM, status(LATER), SWITCHING),
        (BUSY, VM, status(LATER), NEW),
        (NEW, attrs.evolve(VM, nib=0), status(OK), put(SWITCHING, pending_irq=Change(attrs.evolve(VM, nib=0)))),
        (ON, VM, status(ALREADY, "EI"), ON),
        (ON, OTHER, status(ALREADY, "EI"), ON),
        (NEW, attrs.evolve(VM, gisa=None), status(GISA), NEW),
        (put(NEW, next_rc=Rc.Q_NOT_BOUND), VM, status(Rc.Q_NOT_BOUND), NEW),
    ],
    ids=lambda value: str(value) if isinstance(value, Status) else "",
)
def test_enabling_answers_every_response_code(
    state: ApQueueState, target: Target, expected: Status, after: ApQueueState
) -> None:
    assert do(HW.aqic(target), state) == (after, expected, (BEGUN,))


@pytest.mark.parametrize(
    ("state", "expected", "after"),
    [
        (ON, status(OK, "EI"), put(ON, pending_irq=Change(None))),
        (NEW, status(ALREADY), NEW),
        (SWITCHING, status(LATER), SWITCHING),
        (RESETTING, status(RESET, "RI"), RESETTING),
        (ABSENT, status(GONE, "RI"), ABSENT),
        (OFF, status(DECONF, "RI"), OFF),
        (BROKEN, status(CHKSTOP, "RI"), BROKEN),
        (BUSY, status(LATER), NEW),
    ],
)
def test_disabling_is_accepted_only_while_on_and_settled(
    state: ApQueueState, expected: Status, after: ApQueueState
) -> None:
    assert do(HW.aqic(None), state) == (after, expected, ())


@pytest.mark.parametrize(
    ("state", "refusal"),
    [(RESETTING, RESET), (ABSENT, GONE), (OFF, DECONF), (BROKEN, CHKSTOP), (BUSY, LATER)],
)
@pytest.mark.parametrize("message", [HW.nqap, HW.dqap])
def test_a_queue_that_refuses_takes_no_request_and_gives_no_reply(
    message: Callable[[str], Call[Any]], state: ApQueueState, refusal: Rc
) -> None:
    assert do(message("vm0"), state) == (put(state, next_rc=None), attrs.evolve(state.status, rc=refusal), ())


def test_requests_fill_the_queue_and_replies_empty_it() -> None:
    one = put(NEW, requests=1, user="vm0")
    assert do(HW.nqap("vm0"), NEW) == (one, status(OK, ""), ())
    full = put(NEW, requests=1, replies=DEPTH - 1, user="vm0")
    assert do(HW.nqap("vm0"), full) == (full, status(Rc.Q_FULL, "R"), ())
    assert do(HW.dqap("vm0"), full) == (put(full, replies=0), status(OK, ""), ())
    assert do(HW.dqap("vm0"), one) == (one, status(NO_REPLY, ""), ())


@pytest.mark.parametrize("message", [HW.nqap, HW.dqap])
def test_using_what_somebody_else_left_is_a_finding_of_p11(message: Callable[[str], Call[Any]]) -> None:
    left = ApQueueState(replies=1, user="vm0")
    found = Broken("P11", "host uses 05.0004, which still holds something of vm0")
    after, _, notes = do(message(HOST), left)
    assert (after.user, notes) == (HOST, (found,))
    assert do(message("vm0"), left)[2] == ()


@pytest.mark.parametrize(
    ("call", "state", "after"),
    [
        (HW.finish_irq(), SWITCHING, ON),
        (HW.finish_irq(), put(ON, pending_irq=Change(None)), NEW),
        (HW.finish_reset(), put(USED, pending_reset="RAPQ"), ApQueueState(user="vm0")),
        (HW.finish_reset(), put(USED, pending_reset="ZAPQ", zapq="accepted"), ApQueueState(zapq="finished")),
        (HW.finish_reset(), put(USED, pending_reset="ZAPQ", zapq="refused"), ApQueueState(zapq="refused")),
        (HW.notified(), put(USED, effect=VM), USED),
    ],
)
def test_what_was_accepted_happens_later(call: Call[Any], state: ApQueueState, after: ApQueueState) -> None:
    assert do(call, state) == (after, None, ())


@pytest.mark.parametrize(
    "never", [NEW, put(SWITCHING, effect=VM), put(SWITCHING, cfg="off"), put(SWITCHING, chkstop=True)]
)
def test_an_interrupt_change_waits_for_a_notification_and_a_working_queue(never: ApQueueState) -> None:
    assert do(HW.finish_irq(), never) is BLOCK


@pytest.mark.parametrize("never", [NEW, put(RESETTING, effect=VM), put(RESETTING, cfg="absent")])
def test_a_reset_does_not_end_during_a_notification_or_on_a_queue_that_is_gone(never: ApQueueState) -> None:
    assert do(HW.finish_reset(), never) is BLOCK


@pytest.mark.parametrize(
    ("state", "after", "told"),
    [
        (put(ON, requests=1), put(ON, replies=1, effect=VM), VM),
        (put(ON, requests=1, replies=1), put(ON, replies=2), None),  # a reply was waiting already
        (put(NEW, requests=1), put(NEW, replies=1), None),
    ],
)
def test_the_first_reply_notifies_where_the_queue_is_enabled_to(
    state: ApQueueState, after: ApQueueState, told: Target | None
) -> None:
    assert do(HW.answer(), state) == (after, told, ())


@pytest.mark.parametrize(
    "silent",
    [
        NEW,
        put(RESETTING, requests=1),
        put(ON, requests=1, effect=VM),
        put(ON, requests=1, cfg="off"),
        put(ON, requests=1, chkstop=True),
    ],
)
def test_no_answer_during_a_reset_or_a_notification_or_from_a_card_that_does_not_work(silent: ApQueueState) -> None:
    assert do(HW.answer(), silent) is BLOCK


@pytest.mark.parametrize(
    ("call", "state", "after"),
    [
        (HW.configure("off"), USED, OFF),
        (HW.configure("absent"), USED, ABSENT),
        (HW.configure("on"), USED, USED),
        (HW.configure("on"), put(OFF, zapq="refused"), ApQueueState(zapq="refused")),
        (HW.configure("on"), put(ABSENT, pending_reset="ZAPQ", pending_irq=Change(None)), NEW),
        (HW.checkstop(True), USED, BROKEN),
        (HW.checkstop(False), BROKEN, USED),
        (HW.disturb(Rc.BUSY), NEW, BUSY),
    ],
)
def test_a_card_that_was_off_comes_back_reset_and_a_broken_one_as_it_was(
    call: Call[Any], state: ApQueueState, after: ApQueueState
) -> None:
    assert do(call, state) == (after, None, ())


@pytest.mark.parametrize("call", [HW.configure("off"), HW.configure("on"), HW.checkstop(True)])
def test_a_card_goes_only_when_a_notification_is_written(call: Call[Any]) -> None:
    assert do(call, put(USED, effect=VM)) is BLOCK


def test_targets_are_all_that_the_queue_may_still_notify() -> None:
    assert NEW.targets() == ()
    assert put(ON, effect=OTHER, pending_irq=Change(None)).targets() == (VM, OTHER)
    assert put(ON, pending_irq=Change(OTHER)).targets() == (VM, OTHER)


# the assumptions, each showing a difference


def test_off_is_silent_decides_whether_a_queue_that_is_off_still_finishes_things() -> None:
    noisy = attrs.evolve(HW, off_is_silent=False)
    off = put(SWITCHING, cfg="off")
    assert (HW.silent(off), noisy.silent(off), noisy.silent(SWITCHING)) == (True, False, False)
    assert do(noisy.finish_irq(), off) == (put(ON, cfg="off"), None, ())
    assert broken("card-gone", "P8", "P12") == set()
    assert broken("card-gone+off_is_silent=no", "P8", "P12") == {"P8", "P12"}


def test_irq_off_at_decides_whether_an_accepted_reset_switches_the_interrupt_off() -> None:
    early = attrs.evolve(HW, irq_off_at="accept")
    after = put(NEW, pending_reset="ZAPQ")
    assert do(early.reset("ZAPQ", "vm0"), ON) == (after, status(OK), ())
    assert broken("h10", "P1") == {"P1"}
    assert broken("h10+irq_off_at=accept", "P1") == set()


def test_aqic_while_pending_decides_what_a_second_aqic_meets() -> None:
    quick = attrs.evolve(HW, aqic_while_pending="otherwise_changed")
    assert do(quick.aqic(None), SWITCHING) == (SWITCHING, status(ALREADY), ())
    # a disable answered 07 counts as done, although the enable is still to come
    assert broken("h13+wait_reset", "P8") == set()
    assert broken("h13+wait_reset+aqic_while_pending=otherwise_changed", "P8") == {"P8"}


def test_reset_end_decides_how_tapq_shows_a_running_reset() -> None:
    by_e = attrs.evolve(HW, reset_end="e_seen")
    assert do(by_e.tapq(HOST), RESETTING) == (RESETTING, attrs.evolve(status(OK, "RI"), empty=False), ())
    # waiting for 00 alone, as check_accepted does, ends too early then
    assert broken("h10+check_accepted", "P1") == set()
    assert broken("h10+check_accepted+reset_end=e_seen", "P1") == {"P1"}
    assert broken("h10+wait_reset+reset_end=e_seen", "P1") == set()


def test_busy_may_answer_puts_a_05_into_any_instruction_once() -> None:
    quiet, busy = ask("reset-reenable"), ask("reset-reenable+busy_may_answer=yes")
    assert (quiet.states, busy.states, busy.complete) == (90, 383, True)
    assert {f.property for f in quiet.findings} == set()
    assert {f.property for f in busy.findings} == {"P5", "P6", "P8"}


def test_unexpected_rc_puts_a_code_nobody_expects_into_any_instruction_once() -> None:
    quiet, odd = ask("h10+check_accepted"), ask("h10+check_accepted+unexpected_rc=yes")
    assert "P1" not in {f.property for f in quiet.findings}
    assert "P1" in {f.property for f in odd.findings}


@pytest.mark.parametrize(("words", "answer"), [((), OK), (("aqic_intercepts_unassigned=no",), GONE)])
def test_aqic_intercepts_unassigned_decides_who_answers_for_an_apqn_outside_the_apcb(
    words: tuple[str, ...], answer: Rc
) -> None:
    bench = Bench(*words)
    bench[bench.guest.crycb] = CrycbState()
    bench.run(execute(bench.machine, bench.guest, bench.guest.vcpus[0], Aqic(A)))
    assert bench[bench.guest.vcpus[0]] == VcpuState(cc=3 if answer else 0, gr1=answer)
    assert (bench[bench.queue.hw].irq is not None) == (answer is OK)


def test_the_assumptions_in_force_are_part_of_every_model() -> None:
    assert dict(model("kill-qemu+off_is_silent=no").assumptions) == {
        "off_is_silent": "no",
        "aqic_intercepts_unassigned": "yes",
        "irq_off_at": "end",
        "aqic_while_pending": "busy",
        "busy_may_answer": "no",
        "unexpected_rc": "no",
        "reset_end": "tapq00",
    }


def test_0a_waits_for_a_reset_and_is_gone_when_one_was_answered_so() -> None:
    due = put(NEW, next_rc=Rc.STATE_CHANGE_IN_PROGRESS)
    assert do(HW.tapq(HOST), due) == (due, status(OK), ())
    refused = put(NEW, zapq="refused")
    assert do(HW.reset("ZAPQ", HOST), due) == (refused, status(Rc.STATE_CHANGE_IN_PROGRESS), ())


@pytest.mark.parametrize("rc", [Rc.ASSOC_SECRET_NOT_UNIQUE, Rc.ASSOC_FAILED])
def test_a_failed_association_is_the_answer_until_a_reset_is_accepted(rc: Rc) -> None:
    due = put(NEW, next_rc=rc)
    for call in (HW.tapq(HOST), HW.nqap("vm0"), HW.dqap("vm0")):
        assert do(call, due) == (due, status(rc), ())
    assert do(HW.aqic(None), due) == (due, status(rc), ())
    started = put(NEW, pending_reset="ZAPQ", zapq="accepted")
    assert do(HW.reset("ZAPQ", HOST), due) == (started, status(OK), ())


def test_a_machine_without_facility_65_has_no_aqic() -> None:
    after, _, notes = do(attrs.evolve(HW, facility_65=False).aqic(None), ON)
    assert (after, notes) == (ON, (Oops("P47", "AQIC for 05.0004 without facility 65"),))


def test_a_target_says_whose_interrupt_it_is_or_that_there_is_no_gisa() -> None:
    assert str(VM) == "vm0.gisa isc 3 nib 0x3f00"
    assert str(Target(HOST, 0x1000, None, 0, 5)) == "host isc 0 nib 0x1000"
    assert str(Target("vm0", 0x3F00, None, 3, 5)) == "no GISA isc 3 nib 0x3f00"

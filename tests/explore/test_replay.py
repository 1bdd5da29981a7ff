"""Replays: the events in full, how the execution ended, and where a schedule no longer fits."""

from __future__ import annotations

import pytest

from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.follow import follow
from aprt.core.notes import Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK, Noted, Property, at_end
from aprt.core.schedule import Label, Schedule
from aprt.core.token import decode, encode
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.explore.stepper import Stepper
from tests.explore.tiny import Fork, Lock, Number, Variable, dining, increments, system


def test_an_execution_has_every_event_in_full() -> None:
    x, lock = Variable("x"), Lock("lock")

    async def update() -> int:
        value = await choose("value", 0, 7)
        await x.store(value)
        return await x.load()

    async def body() -> None:
        await lock.lock()
        await update()
        await lock.unlock()

    names = ["lock.lock", "choose value=7", "x.store", "x.load", "lock.unlock"]
    schedule = Schedule.of(("t", name) for name in names)
    label = schedule.labels
    free, held, hold = Caller("t"), Caller("t", (Hold("lock"),)), Took(Hold("lock"))
    outer, inner = ("body",), ("body", "update")
    assert replay(system(x, lock, t=body), schedule) == Execution(
        (
            Event(0, label[0], "lock", (), None, (hold,), Fork("t"), True, free, outer),
            Event(1, label[1], None, (), 7, (), None, False, held, inner),
            Event(2, label[2], "x", (7,), None, (), Number(7), True, held, inner),
            Event(3, label[3], "x", (), 7, (), Number(7), False, held, inner),
            Event(4, label[4], "lock", (), None, (Gave("lock"),), Fork(), True, held, outer),
        ),
        "end",
    )


def test_the_end_of_the_schedule_cuts_what_could_go_on() -> None:
    racing, x = increments(2)
    complete = at_end("P1", (x,), lambda view: "never looked at")
    execution = replay(racing, Schedule.of([("t1", "x.load")]), [complete])
    assert (execution.ending, execution.findings, len(execution.events)) == ("cut", (), 1)


def test_a_deadlock_names_who_waits_for_what() -> None:
    schedule = Schedule.of([("p0", "fork0.lock"), ("p1", "fork1.lock")])
    execution = replay(dining(2, looping=True), schedule, [DEADLOCK])
    assert (execution.ending, execution.schedule) == ("deadlock", schedule)
    assert execution.blocked == (("p0", "fork1.lock"), ("p1", "fork0.lock"))
    assert execution.findings == (Finding("deadlock", "p0 waits for fork1.lock, p1 waits for fork0.lock", schedule),)


def test_daemons_that_wait_do_not_make_a_deadlock() -> None:
    x = Variable("x")

    async def daemon() -> None:
        await x.until(1)

    with Stepper(system(x, daemons="d", d=daemon)) as stepper:
        assert (stepper.ending(), stepper.waiting()) == ("end", ())


def test_nothing_follows_an_oops() -> None:
    x = Variable("x")

    async def thief() -> None:
        await x.take()

    with Stepper(system(x, a=thief, b=thief), (Property("P2", "", (Noted(),)),)) as stepper:
        stepper.step("b", "x.take")
        assert stepper.enabled() == ()
        execution = stepper.execution()
    assert execution.ending == "oops"
    assert execution.events[-1].notes == (Oops("P2", "b takes from nothing"),)
    assert [finding.text for finding in execution.findings] == ["b takes from nothing"]


def test_a_step_that_is_not_possible_is_a_mismatch_with_what_is() -> None:
    schedule = Schedule.of([("p0", "fork0.lock"), ("p1", "fork0.lock")])
    with pytest.raises(ReplayMismatch) as caught:
        replay(dining(2, looping=False), schedule)
    assert caught.value.step == 1
    assert caught.value.expected == "p1: fork0.lock"
    assert caught.value.enabled == ("p0: fork1.lock", "p1: fork1.lock")


def test_the_number_of_an_occurrence_has_to_fit() -> None:
    with pytest.raises(ReplayMismatch) as caught:
        replay(dining(2, looping=False), Schedule((Label("p0", "fork0.lock", 2),)))
    assert (caught.value.step, caught.value.expected) == (0, "p0: fork0.lock #2")


def test_stepping_where_nothing_fits_is_a_mismatch_too() -> None:
    with Stepper(dining(2, looping=False)) as stepper, pytest.raises(ReplayMismatch, match=r"expected p0: fork1\.lock"):
        stepper.step("p0", "fork1.lock")


def test_labels_count_occurrences() -> None:
    with Stepper(dining(2, looping=True)) as stepper:
        for op in ("fork0.lock", "fork1.lock", "fork1.unlock", "fork0.unlock"):
            stepper.step("p0", op)
        assert stepper.enabled() == (Label("p0", "fork0.lock", 2), Label("p1", "fork1.lock", 1))


def test_a_token_can_be_followed() -> None:
    model = dining(3, looping=False)
    (finding,) = explore(model, [DEADLOCK]).findings
    token = decode(encode("toy/dining", finding.schedule))
    with Stepper(model) as stepper:
        assert follow(token.goals(model), model, stepper) == finding.schedule
        assert stepper.ending() == "deadlock"

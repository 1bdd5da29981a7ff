"""Stages: reuse, stopping, cancelling, crashing, and what they let others see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.lowlevel

from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.errors import ModelError, ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.notes import Hold
from aprt.core.properties import always
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System, View
from aprt.kernel.mutex import MutexState
from aprt.runtime.errors import ComponentCrash
from aprt.runtime.ledger import Snapshot, Statistics
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free
from aprt.runtime.policy import Uniform
from aprt.runtime.run import run, run_system
from aprt.runtime.stage import Gated, Stage
from tests.counter import Count

from .systems import Counter, abba, adders, one_lock

LEFT_FIRST = Schedule.of(
    (c, op)
    for c, (x, y) in (("left", "AB"), ("right", "BA"))
    for op in (f"{x}.lock", f"{y}.lock", f"{y}.unlock", f"{x}.unlock")
)
EMBRACE = Schedule.of([("left", "A.lock"), ("right", "B.lock")])


def endless() -> System:
    n = Counter("n")

    async def forever() -> None:
        try:
            while True:
                await n.add(1)
        finally:
            await n.load()  # clean-up code that awaits is no reason to leave a task behind

    return System((n,), (Context("c", forever), Context("d", forever)))


def crashing(*steps: str) -> System:
    n = Counter("n")

    async def doomed() -> None:
        for step in steps:
            if step == "raise":
                raise KeyError("lost")
            await getattr(n, step)()

    return System((n,), (Context("doomed", doomed),))


@pytest.mark.trio
async def test_a_stage_starts_every_execution_from_the_initial_states() -> None:
    async with Stage(abba()) as stage:
        assert [(await stage.replay(s)).ending for s in (LEFT_FIRST, EMBRACE, LEFT_FIRST)] == [
            "end",
            "deadlock",
            "end",
        ]
        again = await stage.replay(EMBRACE)
    async with Stage(abba()) as fresh:
        assert await fresh.replay(EMBRACE) == again


@pytest.mark.trio
async def test_free_and_gated_executions_alternate_on_one_stage() -> None:
    async with Stage(adders(3, 5)) as stage:
        for seed in range(10):
            live = await stage.run(Free(seed, jitter=2))
            assert await stage.replay(live.schedule) == live


@pytest.mark.trio
async def test_a_stage_has_one_task_per_actor_and_context() -> None:
    async with Stage(abba()):
        await trio.testing.wait_all_tasks_blocked()
        names = {task.name for nursery in trio.lowlevel.current_task().child_nurseries for task in nursery.child_tasks}
    assert names == {"actor A", "actor B", "context left", "context right", "observer", "watchdog"}


@pytest.mark.trio
async def test_a_stage_goes_on_after_a_mismatch() -> None:
    async with Stage(abba()) as stage:
        with pytest.raises(ReplayMismatch):
            await stage.replay(Schedule.of([("left", "B.lock")]))
        assert (await stage.replay(LEFT_FIRST)).ending == "end"


@pytest.mark.trio
async def test_only_one_execution_at_a_time() -> None:
    going = trio.Event()
    async with Stage(endless()) as stage, trio.open_nursery() as nursery:
        nursery.start_soon(stage.run, Free(), Watch(on_event=lambda event: going.set()))
        await going.wait()
        with pytest.raises(ModelError, match="one execution at a time"):
            await stage.run(Free())
        nursery.cancel_scope.cancel()


@pytest.mark.trio
@pytest.mark.parametrize("direction", [Free(), Gated(Uniform(0))])
async def test_stop_cuts_an_execution_and_keeps_its_events(direction: Free | Gated) -> None:
    async with Stage(endless()) as stage:

        def heard(event: Event) -> None:
            if event.index == 9:
                stage.stop()

        live = await stage.run(direction, Watch(on_event=heard))
    assert live.ending == "cut"
    assert live.events[9].label in live.schedule.labels
    assert len(live.events) >= 10


async def cancelled_inside(execute: Callable[[Watch], Awaitable[Execution]]) -> int:
    heard: list[Event] = []
    with trio.CancelScope() as scope:

        def hear(event: Event) -> None:
            heard.append(event)
            if len(heard) == 10:
                scope.cancel()

        await execute(Watch(on_event=hear))
    assert scope.cancelled_caught
    return len(heard)


@pytest.mark.trio
@pytest.mark.parametrize("mode", ["free", "steered", "gated"])
async def test_cancelling_a_run_leaves_no_task(mode: str) -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    assert await cancelled_inside(lambda watch: run_system(endless(), mode=mode, on_event=watch.on_event)) >= 10
    assert trio.lowlevel.current_statistics().tasks_living == before


@pytest.mark.trio
async def test_a_cancelled_execution_leaves_a_working_stage() -> None:
    async with Stage(endless()) as stage:
        await cancelled_inside(lambda watch: stage.run(Free(), watch))
        assert (await stage.run(Gated(Uniform(0)), Watch(max_steps=5))).schedule == (
            await stage.run(Gated(Uniform(0)), Watch(max_steps=5))
        ).schedule


@pytest.mark.trio
async def test_behaviours_are_closed_when_an_execution_is_over() -> None:
    n, closed = Counter("n"), []

    async def wait(name: str) -> None:
        try:
            await n.take()
        finally:
            closed.append(name)

    async with Stage(System((n,), tuple(Context(c, lambda c=c: wait(c)) for c in "ab"))) as stage:
        assert (await stage.run(Gated(Uniform(0)))).ending == "deadlock"
        assert (await stage.run(Free())).ending == "deadlock"
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(closed) == ["a", "a", "b", "b"]


def test_a_behaviour_that_refuses_to_stop_is_a_mistake_in_the_model() -> None:
    n, released = Counter("n"), []

    async def stubborn() -> None:
        while not released:
            try:
                await n.add(1)
            except GeneratorExit:
                continue

    with pytest.raises(ModelError, match="c cannot be stopped"):
        run(System((n,), (Context("c", stubborn),)), max_steps=3)
    released.append("now it may be collected")


@pytest.mark.trio
async def test_an_error_in_the_block_comes_out_as_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Stage(abba()):
            raise ZeroDivisionError


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_a_handler_that_raises_is_reported_with_its_actor(mode: str) -> None:
    with pytest.raises(ComponentCrash) as caught:
        run(crashing("load", "explode"), mode=mode)
    crash = caught.value
    assert (crash.component, crash.state, crash.mailbox, crash.doing) == ("n", Count(), (), "doomed: n.explode")
    assert str(crash) == "n crashed in doomed: n.explode: ValueError('boom'); state Count(value=0); mailbox empty"
    assert isinstance(crash.__cause__, ValueError)


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_a_behaviour_that_raises_is_reported_with_its_context(mode: str) -> None:
    with pytest.raises(ComponentCrash) as caught:
        run(crashing("load", "raise"), mode=mode)
    crash = caught.value
    assert (crash.component, crash.state, crash.mailbox, crash.doing) == ("doomed", Caller("doomed"), (), "n.load")


def test_a_crash_names_the_requests_that_wait_in_the_mailbox() -> None:
    n = Counter("n")

    async def take() -> None:
        await n.take()

    async def explode() -> None:
        await n.load()
        await n.explode()

    with pytest.raises(ComponentCrash) as caught:
        run(System((n,), (Context("taker", take), Context("bomber", explode))), mode="free")
    assert caught.value.mailbox == ("taker: n.take",)


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_awaiting_what_is_no_effect_is_a_crash(mode: str) -> None:
    async def sleepy() -> None:
        await trio.lowlevel.checkpoint()

    with pytest.raises(ComponentCrash, match="which is no effect of aprt"):
        run(System((), (Context("c", sleepy),)), mode=mode)


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_returning_a_message_that_was_not_sent_is_a_crash(mode: str) -> None:
    n = Counter("n")

    async def forgets() -> object:
        return n.load()

    with pytest.raises(ComponentCrash, match=r"c returned n\.load, which was not sent: an await is missing"):
        run(System((n,), (Context("c", forgets),)), mode=mode)


def test_calling_an_actor_that_the_system_lacks_is_a_crash() -> None:
    async def lost() -> None:
        await Counter("elsewhere").load()

    with pytest.raises(ComponentCrash, match=r"c does elsewhere\.load, but the system has no elsewhere"):
        run(System((Counter("n"),), (Context("c", lost),)))


def test_a_behaviour_that_cannot_be_made_is_a_crash() -> None:
    def start() -> None:
        raise OSError("no")

    with pytest.raises(ComponentCrash, match="c crashed in its start"):
        run(System((), (Context("c", start),)))


@pytest.mark.trio
async def test_a_stage_goes_on_after_a_crash() -> None:
    n = Counter("n")

    async def gamble() -> None:
        await (n.load() if await choose("door", "good", "bad") == "good" else n.explode())

    async with Stage(System((n,), (Context("c", gamble),))) as stage:
        for door in ("bad", "good", "bad", "good"):
            labels = Schedule.of([("c", f"choose door={door}"), ("c", "n.load")])
            if door == "good":
                assert (await stage.replay(labels)).ending == "end"
            else:
                with pytest.raises(ComponentCrash):
                    await stage.replay(labels)


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_an_error_in_a_property_comes_out_as_itself(mode: str) -> None:
    def fails(view: View) -> str | None:
        return 1 / view(Counter("n")).value and None

    with pytest.raises(ZeroDivisionError):
        run(adders(1), mode=mode, properties=(always("Z", (Counter("n"),), fails),))


@pytest.mark.parametrize("mode", ["free", "gated"])
def test_a_finding_stops_unless_it_is_told_not_to(mode: str) -> None:
    n = Counter("n")
    small = always("S", (n,), lambda view: "two" if view(n).value == 2 else None)
    on = run(adders(1, 4), mode=mode, properties=(small,), stop_on_finding=False)
    off = run(adders(1, 4), mode=mode, properties=(small,))
    assert (len(on.events), on.ending, len(off.events), off.ending) == (4, "end", 2, "cut")
    assert on.findings == off.findings
    assert (on.findings[0].property, on.findings[0].text, on.findings[0].schedule) == ("S", "two", off.schedule)


@pytest.mark.trio
async def test_a_snapshot_shows_who_holds_and_who_waits() -> None:
    async with Stage(abba()) as stage:
        await stage.replay(EMBRACE)
        assert stage.snapshot() == Snapshot(
            {"A": MutexState("left"), "B": MutexState("right")},
            {"left": Caller("left", (Hold("A"),)), "right": Caller("right", (Hold("B"),))},
            {"left": "B.lock", "right": "A.lock"},
            {"A": ("right: A.lock",), "B": ("left: B.lock",)},
            2,
            {"left": "B.lock", "right": "A.lock"},
        )


@pytest.mark.trio
async def test_a_snapshot_can_be_taken_at_every_event() -> None:
    seen: list[tuple[int, dict[str, str]]] = []
    async with Stage(one_lock(2)) as stage:
        await stage.replay(
            Schedule.of([("c0", "m.lock"), ("c0", "m.unlock")]),
            Watch(on_event=lambda event: seen.append((stage.snapshot().steps, dict(stage.snapshot().waiting)))),
        )
        assert stage.snapshot().mailboxes == {"m": ("c1: m.lock",)}
    assert seen == [(1, {}), (2, {"c1": "m.lock"})]


@pytest.mark.trio
async def test_statistics_count_messages_and_steps() -> None:
    async with Stage(one_lock(2)) as stage:
        assert stage.statistics() == Statistics({"m": 0}, {"m": 0}, {"c0": 0, "c1": 0})
        await stage.replay(Schedule.of([("c0", "m.lock"), ("c0", "m.unlock")]))
        assert stage.statistics() == Statistics({"m": 1}, {"m": 2}, {"c0": 2, "c1": 0})

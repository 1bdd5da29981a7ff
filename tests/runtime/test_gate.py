"""Executions through the gate."""

from __future__ import annotations

import pytest

from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.errors import ModelError, ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.notes import Gave, Hold, Oops, Took
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.kernel.mutex import MutexState
from aprt.runtime.observer import Watch
from aprt.runtime.policy import Chaos, Follow, Limited, Uniform
from aprt.runtime.run import direction, replay, run, run_system
from aprt.runtime.stage import Stage
from tests.counter import Count

from .systems import Counter, abba, adders, guest, one_lock, producer

EMBRACE = Schedule.of([("left", "A.lock"), ("right", "B.lock")])


def test_a_replay_gives_exactly_the_events_of_its_schedule() -> None:
    live = replay(one_lock(1), Schedule.of([("c0", "m.lock"), ("c0", "m.unlock")]))
    free, held = Caller("c0"), Caller("c0", (Hold("m"),))
    taken, given = (Took(Hold("m")),), (Gave("m"),)
    assert live == Execution(
        (
            Event(0, Label("c0", "m.lock"), "m", (), None, taken, MutexState("c0"), True, free, ("section",)),
            Event(1, Label("c0", "m.unlock"), "m", (), None, given, MutexState(), True, held, ("section",)),
        ),
        "end",
    )


def test_a_choice_is_an_event_without_an_actor() -> None:
    doors = [("guest", "choose door=2"), ("guest", "n.add"), ("guest", "choose door=2"), ("guest", "n.add")]
    live = replay(guest(), Schedule.of(doors))
    me, chain = Caller("guest"), ("work",)
    assert live.events == (
        Event(0, Label("guest", "choose door=2"), None, (), 2, (), None, False, me, chain),
        Event(1, Label("guest", "n.add"), "n", (2,), 2, (), Count(2), True, me, chain),
        Event(2, Label("guest", "choose door=2", 2), None, (), 2, (), None, False, me, chain),
        Event(3, Label("guest", "n.add", 2), "n", (2,), 4, (), Count(4), True, me, chain),
    )


def test_a_read_changes_nothing_and_a_store_of_the_same_value_does() -> None:
    n = Counter("n")

    async def look() -> None:
        await n.load()
        await n.store(0)

    live = run(System((n,), (Context("c", look),)))
    assert [(event.op, event.changed) for event in live.events] == [("load", False), ("store", True)]


def test_the_chain_names_the_behaviours_outermost_first() -> None:
    n = Counter("n")

    async def inner() -> None:
        await n.load()

    async def outer() -> None:
        await inner()
        await n.load()

    live = run(System((n,), (Context("c", outer),)))
    assert [event.chain for event in live.events] == [("outer", "inner"), ("outer",)]


def test_two_locks_in_opposite_order_deadlock() -> None:
    live = replay(abba(), EMBRACE)
    assert (live.ending, live.blocked) == ("deadlock", (("left", "B.lock"), ("right", "A.lock")))


def test_an_initial_state_of_the_system_is_used() -> None:
    system = one_lock(1)
    taken = System(system.actors, system.contexts, {"m": MutexState("somebody")})
    assert run(taken) == Execution((), "deadlock", (), (("c0", "m.lock"),))


def test_a_schedule_that_stops_early_is_cut() -> None:
    live = replay(abba(), Schedule(EMBRACE.labels[:1]))
    assert (len(live.events), live.ending, live.blocked) == (1, "cut", ())


def test_a_blocked_step_is_a_mismatch_that_lists_what_is_enabled() -> None:
    schedule = Schedule.of([("left", "A.lock"), ("left", "B.lock"), ("right", "B.lock")])
    with pytest.raises(ReplayMismatch) as caught:
        replay(abba(), schedule)
    assert (caught.value.step, caught.value.expected) == (2, "right: B.lock")
    assert caught.value.enabled == ("left: B.unlock",)


def test_a_step_that_no_context_offers_is_a_mismatch() -> None:
    with pytest.raises(ReplayMismatch) as caught:
        replay(abba(), Schedule.of([("left", "B.lock")]))
    assert caught.value.enabled == ("left: A.lock", "right: B.lock")


def test_a_wrong_occurrence_number_is_a_mismatch() -> None:
    with pytest.raises(ReplayMismatch, match=r"expected c0: n.add #2; enabled: c0: n.add"):
        replay(adders(1), Schedule((Label("c0", "n.add", 2),)))


def test_a_schedule_longer_than_a_deadlock_is_a_mismatch() -> None:
    with pytest.raises(ReplayMismatch, match=r"expected left: B.lock; enabled: nothing"):
        replay(abba(), Schedule((*EMBRACE.labels, Label("left", "B.lock"))))


def poked() -> System:
    n = Counter("n")

    async def poke() -> None:
        await n.poke()
        await n.add(1)

    async def add() -> None:
        await n.add(1)

    return System((n,), (Context("poker", poke), Context("adder", add)))


def test_an_oops_stops_everything() -> None:
    live = replay(poked(), Schedule.of([("poker", "n.poke")]))
    oops = (Oops("O1", "poked"),)
    event = Event(0, Label("poker", "n.poke"), "n", (), None, oops, Count(), False, Caller("poker"), ("poke",))
    assert live == Execution((event,), "oops")


def test_a_schedule_that_goes_on_after_an_oops_is_a_mismatch() -> None:
    with pytest.raises(ReplayMismatch, match=r"step 1: expected adder: n.add; enabled: nothing"):
        replay(poked(), Schedule.of([("poker", "n.poke"), ("adder", "n.add")]))


def test_an_end_waits_for_daemons_that_can_move_but_not_for_those_that_wait() -> None:
    for seed in range(10):
        live = run(producer(), seed=seed)
        steps = [str(label) for label in live.schedule]
        assert (steps, live.ending) == (["maker: tokens.add", "eater: tokens.take"], "end")


def test_a_step_limit_cuts_only_if_more_could_follow() -> None:
    assert run(adders(2), max_steps=1).ending == "cut"
    assert run(adders(2), max_steps=2).ending == "end"


@pytest.mark.parametrize("mode", ["gated", "chaos"])
def test_a_seed_repeats_a_gated_execution(mode: str) -> None:
    runs = {seed: run(adders(3, 4), mode=mode, seed=seed) for seed in range(5)}
    assert runs == {seed: run(adders(3, 4), mode=mode, seed=seed) for seed in range(5)}
    assert len({execution.schedule for execution in runs.values()}) > 2


def test_random_picks_reach_both_ends_of_abba() -> None:
    assert {run(abba(), seed=seed).ending for seed in range(20)} == {"end", "deadlock"}


def test_without_change_points_priorities_run_one_context_after_the_other() -> None:
    for seed in range(10):
        assert run(adders(3, 4), policy=Chaos(seed, changes=0)).schedule.switches == 2


def test_a_change_point_makes_the_running_context_the_last() -> None:
    # one drop within steps 1 to 3 preempts the first of two contexts, which then ends last
    live = run(adders(2, 4), policy=Chaos(0, changes=1, horizon=4))
    assert live.schedule.switches == 2
    assert live.events[0].context == live.events[-1].context


@pytest.mark.trio
async def test_a_policy_that_picks_what_is_not_enabled_is_told_so() -> None:
    class Stubborn(Uniform):
        def pick(self, enabled: object, step: int) -> Label:
            return Label("left", "B.lock")

    with pytest.raises(ModelError, match=r"the policy picked left: B.lock, which is not enabled"):
        await run_system(abba(), policy=Stubborn(0))


@pytest.mark.trio
async def test_enabled_labels_come_in_the_order_of_the_contexts_with_every_option() -> None:
    n, seen = Counter("n"), []

    async def decide() -> None:
        await choose("door", 1, 2)

    async def wait() -> None:
        await n.take()

    async def add() -> None:
        await n.add(1)

    class Noting(Uniform):
        def pick(self, enabled: list[Label], step: int) -> Label | None:
            seen.append([str(label) for label in enabled])
            return enabled[-1] if enabled else None

    contexts = (Context("a", decide), Context("b", wait), Context("c", add))
    live = await run_system(System((n,), contexts), policy=Noting(0))
    assert live.ending == "end"
    doors = ["a: choose door=1", "a: choose door=2"]
    assert seen == [[*doors, "c: n.add"], [*doors, "b: n.take"], doors, []]


@pytest.mark.trio
async def test_a_replay_with_an_audience_is_the_same_execution() -> None:
    heard: list[Event] = []
    system = abba()
    async with Stage(system) as stage:
        live = await stage.run(direction("gated", 3))
        assert await stage.replay(live.schedule, Watch(on_event=heard.append)) == live
    assert tuple(heard) == live.events


def test_a_schedule_is_expected_in_runs_of_one_context_up_to_the_limit() -> None:
    labels = Schedule.of([("a", "n.add"), ("a", "n.add"), ("b", "n.add"), ("a", "n.add")]).labels
    follow = Follow(Schedule(labels))
    assert [follow.expected(step) for step in range(5)] == [labels[:2], labels[1:2], labels[2:3], labels[3:], ()]
    assert [Limited(follow, 1).expected(step) for step in (0, 1)] == [labels[:1], ()]


@pytest.mark.parametrize(
    ("ops", "step", "expected", "enabled"),
    [
        (["n.add", "choose way=long", "n.take", "n.take"], 3, "a: n.take #2", ()),
        (["n.add", "choose way=long", "n.load"], 2, "a: n.load", ("a: n.take",)),
        (["n.add", "n.add"], 1, "a: n.add #2", ("a: choose way=short", "a: choose way=long")),
    ],
)
def test_a_run_that_cannot_go_on_is_a_mismatch_at_the_step_that_cannot(
    ops: list[str], step: int, expected: str, enabled: tuple[str, ...]
) -> None:
    n = Counter("n")

    async def work() -> None:
        await n.add(1)
        if await choose("way", "short", "long") == "long":
            await n.take()
            await n.take()

    system = System((n,), (Context("a", work),))
    with pytest.raises(ReplayMismatch) as caught:
        replay(system, Schedule.of([("a", op) for op in ops]))
    assert (caught.value.step, caught.value.expected, caught.value.enabled) == (step, expected, enabled)


def test_a_run_that_is_longer_than_its_behaviour_is_a_mismatch_after_its_end() -> None:
    schedule = Schedule.of([("c0", "n.add"), ("c0", "n.add"), ("c1", "n.add")])
    with pytest.raises(ReplayMismatch, match=r"step 1: expected c0: n.add #2; enabled: c1: n.add"):
        replay(adders(2, 1), schedule)


@pytest.mark.trio
async def test_replays_on_one_stage_do_not_know_of_each_other() -> None:
    async with Stage(abba()) as stage:
        first = await stage.replay(EMBRACE)
        with pytest.raises(ReplayMismatch):
            await stage.replay(Schedule.of([("left", "A.lock"), ("left", "A.lock")]))
        assert await stage.replay(EMBRACE) == first

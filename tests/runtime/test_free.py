"""Executions that trio schedules by itself."""

from __future__ import annotations

import pytest

from aprt.core.effects import choose
from aprt.core.execution import Execution
from aprt.core.properties import at_end
from aprt.core.system import Context, System
from aprt.runtime.compare import recheck
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free, Steered
from aprt.runtime.run import run
from aprt.runtime.stage import Stage

from .systems import Counter, abba, adders, guest, late_write, one_lock, producer

LOST = at_end("L1", (Counter("n"),), lambda view: "lost" if view(Counter("n")).value < 2 else None)


def test_every_context_runs_to_its_end() -> None:
    live = run(adders(5, 10), mode="free")
    assert (live.ending, live.events[-1].reply, [event.index for event in live.events]) == ("end", 50, [*range(50)])


def test_a_change_retries_every_blocked_request_that_it_enables() -> None:
    n = Counter("n")

    async def give() -> None:
        await n.add(3)

    async def take() -> None:
        await n.take()

    contexts = (Context("giver", give), *(Context(f"t{i}", take) for i in range(3)))
    for _ in range(20):
        assert run(System((n,), contexts), mode="free").ending == "end"


def test_contexts_in_step_lock_each_other_out() -> None:
    live = run(abba(), mode="free")
    assert (live.ending, live.blocked) == ("deadlock", (("left", "B.lock"), ("right", "A.lock")))


def test_an_end_leaves_waiting_daemons_behind() -> None:
    live = run(producer(), mode="free")
    assert ([event.op for event in live.events], live.ending) == (["add", "take"], "end")


def test_a_system_without_contexts_is_at_its_end() -> None:
    empty = System((Counter("n"),), ())
    assert run(empty, mode="free") == run(empty) == Execution((), "end")


def test_an_endless_system_is_cut_at_the_step_limit() -> None:
    n = Counter("n")

    async def forever() -> None:
        while True:
            await n.add(1)

    live = run(System((n,), (Context("c", forever),)), mode="free", max_steps=100)
    assert (len(live.events), live.ending) == (100, "cut")


def test_a_behaviour_that_only_chooses_lets_others_run() -> None:
    n = Counter("n")

    async def dither() -> None:
        while await choose("go on", True, False, True, True):
            pass
        while True:
            await choose("again", 1)

    async def add() -> None:
        await n.add(1)

    live = run(System((n,), (Context("dither", dither), Context("add", add))), mode="free", max_steps=60)
    assert "add" in {event.context for event in live.events}


def test_a_step_limit_that_is_never_exceeded_cuts_nothing() -> None:
    assert run(adders(2), mode="free", max_steps=2).ending == "end"


def test_an_oops_is_the_last_event() -> None:
    n = Counter("n")

    async def poke() -> None:
        await n.add(1)
        await n.poke()
        await n.add(1)

    async def add() -> None:
        for _ in range(20):
            await n.add(1)

    live = run(System((n,), (Context("poker", poke), Context("adder", add))), mode="free")
    assert (live.ending, live.events[-1].op) == ("oops", "poke")


def test_a_seed_decides_choices() -> None:
    def doors(seed: int) -> list[str]:
        return [event.label.op for event in run(guest(), mode="free", seed=seed).events if event.actor is None]

    assert [doors(seed) for seed in range(6)] == [doors(seed) for seed in range(6)]
    assert {tuple(doors(seed)) for seed in range(20)} == {
        (f"choose door={a}", f"choose door={b}") for a in (1, 2) for b in (1, 2)
    }


def test_jitter_draws_from_the_seed_alone() -> None:
    def delays(seed: int) -> dict[str, list[int]]:
        paces = Free(seed, jitter=3).paces(["a", "b"])
        return {name: [pace.delay() for _ in range(8)] for name, pace in paces.items()}

    assert delays(7) == {"a": [1, 1, 3, 1, 2, 3, 2, 0], "b": [3, 1, 1, 2, 0, 1, 1, 2]}
    assert delays(7) != delays(8)


def test_choices_depend_on_way_seed_and_context_and_not_on_delays() -> None:
    def choices(way: Free | Steered, context: str, delays: int = 0) -> list[int]:
        pace = way.paces(["a", "b"])[context]
        for _ in range(delays):
            pace.delay()
        return [pace.choice(1000) for _ in range(4)]

    jittered = Free(7, jitter=3)
    assert choices(jittered, "a", delays=50) == choices(jittered, "a")
    others = [(jittered, "b"), (Free(8, jitter=3), "a"), (Free(7), "a"), (Steered(7), "a")]
    assert all(choices(way, context) != choices(jittered, "a") for way, context in others)


def test_steering_gives_every_context_a_rank_that_change_points_raise() -> None:
    paces = Steered(seed=1, hold=10, stall=99, changes=1, horizon=4).paces(["a", "b", "c"])
    delays = {name: [pace.delay() for _ in range(5)] for name, pace in paces.items()}
    assert delays == {"a": [10] * 5, "b": [99, 30, 30, 30, 30], "c": [20] * 5}


@pytest.mark.trio
async def test_steering_finds_a_race_that_free_running_does_not() -> None:
    async def found(ways: list[Free] | list[Steered]) -> int:
        async with Stage(late_write()) as stage:
            return sum([(await stage.run(way, Watch((LOST,)))).findings != () for way in ways])

    assert await found([Free(seed) for seed in range(20)]) == 0
    assert await found([Steered(seed, changes=1, horizon=2) for seed in range(20)]) > 0


@pytest.mark.trio
@pytest.mark.parametrize("direction", [Free(), Free(1, jitter=4), Steered(2)])
async def test_what_ran_freely_is_an_execution_of_the_model(direction: Free | Steered) -> None:
    for system in (abba(), one_lock(5), adders(3, 5), producer(), guest(), late_write()):
        async with Stage(system) as stage:
            live = await stage.run(direction)
            assert await recheck(system, live, breaches=stage.breaches) is None


@pytest.mark.trio
async def test_the_findings_of_a_free_execution_are_those_of_its_replay() -> None:
    watch = Watch((LOST,), stop_on_finding=True, on_event=lambda event: None)
    async with Stage(adders(1)) as stage:
        live = await stage.run(Free(), watch)
    assert [finding.text for finding in live.findings] == ["lost"]
    assert await recheck(adders(1), live, watch) is None

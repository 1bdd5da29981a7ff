"""Whatever the live driver did, the explorer replays to the same events, findings and end."""

from __future__ import annotations

import pytest

from aprt.core.errors import ReplayMismatch
from aprt.core.properties import DEADLOCK, Noted, Property
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay as told
from aprt.kernel.rules import LOCK_ORDER
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free, Steered
from aprt.runtime.policy import Chaos, Uniform
from aprt.runtime.run import replay as live
from aprt.runtime.stage import Gated, Stage
from tests.explore.programs.locking import nested
from tests.toy import TOY

from .systems import Counter, abba, adders, guest, late_write, one_lock, producer


def noisy() -> System:
    """Steps that break B1 and O1, the latter by an oops."""
    n = Counter("n")

    async def grumble() -> None:
        await n.grumble()
        await n.grumble()

    async def poke() -> None:
        await n.load()
        await n.poke()

    return System((n,), (Context("grumbler", grumble), Context("poker", poke)))


SYSTEMS = {
    "abba": abba(),
    "adders": adders(2, 3),
    "guest": guest(),
    "late_write": late_write(),
    "noisy": noisy(),
    "one_lock": one_lock(3),
    "producer": producer(),
}
PROPERTIES = (DEADLOCK, *(Property(id, id, (Noted(),)) for id in ("B1", "O1")))


@pytest.mark.trio
@pytest.mark.parametrize("name", SYSTEMS)
async def test_every_way_to_run_gives_what_the_explorer_tells(name: str) -> None:
    system = SYSTEMS[name]
    async with Stage(system) as stage:
        for seed in range(10):
            for how in (Gated(Uniform(seed)), Gated(Chaos(seed)), Free(seed, jitter=3), Steered(seed)):
                execution = await stage.run(how, Watch(PROPERTIES))
                assert execution == told(system, execution.schedule, PROPERTIES)


@pytest.mark.trio
@pytest.mark.parametrize("name", TOY.scenarios)
async def test_scenarios_give_what_the_explorer_tells(name: str) -> None:
    scenario = TOY.scenarios[name]
    model = scenario.build(TOY.settings(scenario))
    async with Stage(model.system) as stage:
        for seed in range(10):
            execution = await stage.run(Gated(Uniform(seed)), Watch(model.properties))
            assert execution == told(model.system, execution.schedule, model.properties)


@pytest.mark.parametrize("length", range(9))
def test_prefixes_end_alike(length: int) -> None:
    order = [("left", "A.lock"), ("left", "B.lock"), ("left", "B.unlock"), ("left", "A.unlock")]
    order += [("right", "B.lock"), ("right", "A.lock"), ("right", "A.unlock"), ("right", "B.unlock")]
    schedule = Schedule.of(order[:length])
    assert live(abba(), schedule) == told(abba(), schedule)


@pytest.mark.parametrize(
    ("system", "steps"),
    [
        (abba(), [("left", "A.lock"), ("right", "B.lock"), ("left", "B.lock")]),
        (abba(), [("left", "B.lock")]),
        (guest(), [("guest", "choose door=3")]),
        (noisy(), [("poker", "n.load"), ("poker", "n.poke"), ("grumbler", "n.grumble")]),
        (adders(1), [("c0", "n.add"), ("c0", "n.add")]),
    ],
)
def test_schedules_that_do_not_fit_are_refused_alike(system: System, steps: list[tuple[str, str]]) -> None:
    errors = []
    for replay in (live, told):
        with pytest.raises(ReplayMismatch) as caught:
            replay(system, Schedule.of(steps))
        errors.append((caught.value.step, caught.value.expected, caught.value.enabled))
    assert errors[0] == errors[1]


@pytest.mark.trio
@pytest.mark.parametrize("seed", range(5))
async def test_a_cycle_in_the_lock_order_is_seen_in_one_execution_that_does_not_deadlock(seed: int) -> None:
    system = nested("GAB", "GBA")
    async with Stage(system) as stage:
        for way in (Gated(Uniform(seed)), Gated(Chaos(seed))):
            execution = await stage.run(way, Watch((LOCK_ORDER,)))
            assert execution.ending == "end"
            assert [finding.text for finding in execution.findings] == [
                "possible circular locking dependency: A -> B -> A"
            ]
            assert execution.findings[0].is_whole()
            assert execution == told(system, execution.schedule, (LOCK_ORDER,))
            stopped = await stage.run(Gated(Uniform(seed)), Watch((LOCK_ORDER,), stop_on_finding=True))
            assert (stopped.ending, len(stopped.events)) == ("cut", len(stopped.findings[0].schedule))

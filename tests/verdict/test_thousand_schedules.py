"""The claim that everything else rests on: explorer and trio tell the same story of the same schedule.

Six scenarios, at least 100 schedules of each, no two of one scenario of one trace (Foata normal form), 1,000 in all;
every one is stepped by the explorer and replayed on the trio tasks, and the two logs are compared event by event:
labels, arguments, replies, notes, states, what the caller held, call chains.
"""

from __future__ import annotations

import pytest
import trio

from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.replay import replay
from aprt.explore.sampling.random_walk import sample_schedules
from aprt.runtime.compare import Difference, compare
from aprt.runtime.stage import Stage
from aprt.vfio_ap.v4.era import V4

SHARES = {
    "rogue-close": 200,
    "qemu-reset": 200,
    "close-vs-unbind": 200,
    "h2": 150,
    "h7": 150,
    "remove-vs-intercept+remove_unlocked": 100,
}


def system_of(reference: str) -> System:
    name, *words = reference.split("+")
    scenario = V4.scenario(name)
    return scenario.build(V4.settings(scenario, words)).system


def differences(system: System, schedules: tuple[Schedule, ...]) -> list[Difference]:
    """Where the drivers differ, over all the schedules."""

    async def on_trio() -> list[Difference]:
        found = []
        async with Stage(system) as stage:
            for schedule in schedules:
                difference = compare(replay(system, schedule), await stage.replay(schedule), stage.breaches)
                if difference is not None:
                    found.append(difference)
        return found

    return trio.run(on_trio)


def test_the_shares_make_a_thousand_from_six_scenarios() -> None:
    assert len(SHARES) == 6
    assert min(SHARES.values()) >= 100
    assert sum(SHARES.values()) == 1000


@pytest.mark.parametrize(("name", "count"), SHARES.items())
def test_explorer_and_trio_log_the_same_events(name: str, count: int) -> None:
    system = system_of(name)
    schedules = sample_schedules(system, count, seed=1)
    assert len(schedules) == count
    assert differences(system, schedules) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
def test_explorer_and_trio_log_the_same_events_at_length(name: str) -> None:
    system = system_of(name)
    schedules = sample_schedules(system, 1000, seed=2)
    assert len(schedules) >= 200
    assert differences(system, schedules) == []

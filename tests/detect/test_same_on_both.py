"""Whatever ran a schedule, the detectors say the same of it."""

from __future__ import annotations

import pytest

from aprt.detect.detectors import Detectors
from aprt.explore.replay import replay
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free
from aprt.runtime.policy import Chaos, Uniform
from aprt.runtime.stage import Gated, Stage
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS

SCENARIOS = (
    "v4/rogue-close",
    "v4/close-vs-unbind",
    "2026/create-while-walked+B20=out",
    "5.13/pv-switch",
    "2026/host-offline",
)


@pytest.mark.trio
@pytest.mark.parametrize("name", SCENARIOS)
async def test_live_and_explored_executions_of_a_schedule_give_the_same_detections(name: str) -> None:
    system, seen = Case.parse(name, ERAS).model().system, 0
    live, explored = Detectors(system), Detectors(system)
    async with Stage(system) as stage:
        for seed in range(6):
            for way in (Gated(Uniform(seed)), Gated(Chaos(seed)), Free(seed, jitter=5)):
                live.begin()
                execution = await stage.run(way, Watch(listeners=(live,)))
                explored.begin()
                replay(system, execution.schedule, (), (explored,))
                assert live.found == explored.found
                seen += len(live.found)
    assert seen

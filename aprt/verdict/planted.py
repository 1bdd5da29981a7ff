"""Planting faults in the live driver, to see that comparing it with the explorer would notice them."""

from __future__ import annotations

import attrs
import trio

from aprt.core.system import System
from aprt.runtime.compare import Difference, recheck
from aprt.runtime.faults import FAULTS
from aprt.runtime.run import direction
from aprt.runtime.stage import Stage
from aprt.verdict.live import JITTER


@attrs.frozen
class Planted:
    """What became of one fault."""

    fault: str
    difference: Difference | None  # the first that a comparison reported; None: no run showed the fault
    runs: int  # number of the run that showed it, from 1; or how many runs did not


def plant(system: System, fault: str, seed: int, runs: int) -> Planted:
    """Run the system freely with a fault in every actor task, at most `runs` times, until the model forbids a log."""
    return trio.run(_plant, system, fault, seed, runs)


async def _plant(system: System, fault: str, seed: int, runs: int) -> Planted:
    async with Stage(system, cast=FAULTS[fault]) as stage:
        for i in range(runs):
            execution = await stage.run(direction("free", seed + i, jitter=JITTER))
            difference = await recheck(system, execution, breaches=stage.breaches)
            if difference is not None:
                return Planted(fault, difference, i + 1)
    return Planted(fault, None, runs)

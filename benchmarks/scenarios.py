"""Programs as scenarios that `aprt` can be asked about: `aprt explore v4/benchmarks/scenarios.py:LASTZERO`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aprt import DEADLOCK, System
from aprt.core.scenario import Model, Scenario, Settings
from tests.explore.programs.cells import inc, lastzero
from tests.explore.programs.locking import dining


def _scenario(name: str, title: str, about: str, program: Callable[[int], System], size: int) -> Scenario:
    def model(settings: Settings) -> Model:
        return Model(program(size), (DEADLOCK,), (f"of size {size}",), ())

    return Scenario(name, title, about, (DEADLOCK.id,), model)


LASTZERO: Final = _scenario(
    "lastzero",
    "writers of an array, each of what its neighbour wrote, and who looks for the last zero",
    "Few states, and twice as many traces with each writer.",
    lastzero,
    15,
)
INC: Final = _scenario("inc", "a counter that each reads and then writes", "No two accesses commute but reads.", inc, 6)
DINING: Final = _scenario(
    "dining", "philosophers who take two forks, once", "Each fork goes to one of two neighbours first.", dining, 17
)

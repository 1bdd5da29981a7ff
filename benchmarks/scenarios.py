"""Programs as scenarios that `aprt` can be asked about: `aprt explore v4/benchmarks/scenarios.py:LASTZERO`."""

from __future__ import annotations

from typing import Final

from aprt import DEADLOCK
from aprt.core.scenario import Model, Scenario, Settings
from tests.explore.programs.cells import lastzero

_WRITERS: Final = 15


def _lastzero(settings: Settings) -> Model:
    return Model(lastzero(_WRITERS), (DEADLOCK,), (f"{_WRITERS} writers and a reader",), ())


LASTZERO: Final = Scenario(
    "lastzero",
    "writers of an array, each of what its neighbour wrote, and who looks for the last zero",
    "Few states, and twice as many traces with each writer.",
    (DEADLOCK.id,),
    _lastzero,
)

"""Which models are measured, at which sizes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import attrs

from aprt import Property, System

MODELS: Final = Path(__file__).parent / "models"


@attrs.frozen
class Model:
    """A model at one size. name: of its module and of its text for Spin. sizes: arguments of `system`, by macro.

    states, transitions: what a search has to find. deadlocks: how many of the states are deadlocks. depth: the steps
    that Spin's stack must have room for, found by trying.
    """

    name: str
    sizes: Mapping[str, int]
    states: int
    transitions: int
    deadlocks: int
    depth: int = 1000

    def __str__(self) -> str:
        return " ".join((self.name, *map(str, self.sizes.values())))

    @property
    def promela(self) -> Path:
        return MODELS / f"{self.name}.pml"

    @property
    def tla(self) -> Path:
        """Not every model has one."""
        return MODELS / f"{self.name}.tla"

    def load(self) -> tuple[System, tuple[Property, ...]]:
        """The system, and what is asked of it."""
        module = import_module(f"benchmarks.models.{self.name}")
        return module.system(*self.sizes.values()), module.PROPERTIES


SMALL: Final = (
    Model("dining", {"N": 3}, 35, 75, 1),
    Model("philosophers", {"N": 3}, 830, 2_391, 1),
    Model("remove", {"GUESTS": 2, "QUEUES": 2}, 533, 1_713, 0),
    Model("two_phase", {"N": 3}, 288, 653, 0),
)
"""For tests."""

MEASURED: Final = (
    Model("dining", {"N": 6}, 1_297, 5_622, 1, depth=10_000),
    Model("dining", {"N": 7}, 4_286, 21_679, 1, depth=10_000),
    Model("two_phase", {"N": 6}, 50_816, 209_345, 0),
    Model("philosophers", {"N": 5}, 73_498, 352_785, 1, depth=50_000),
    Model("two_phase", {"N": 7}, 296_448, 1_409_217, 0),
    Model("philosophers", {"N": 6}, 691_096, 3_980_646, 1, depth=500_000),
    Model("remove", {"GUESTS": 5, "QUEUES": 3}, 1_213_907, 8_480_697, 0, depth=100_000),
    Model("dining", {"N": 12}, 1_684_801, 14_610_252, 1, depth=3_000_000),
    Model("two_phase", {"N": 8}, 1_745_408, 9_417_729, 0),
)
"""By number of states."""

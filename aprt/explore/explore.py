"""Explore a system with one of the strategies, by name: the entry of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.explore.result import UNBOUNDED, Bounds, Exploration, Progress, Question, StopOn
from aprt.explore.strategies import find_strategy


def explore(
    system: System,
    properties: Iterable[Property] = (),
    *,
    strategy: str = "states",
    bounds: Bounds = UNBOUNDED,
    stop_on: StopOn = "first",
    seed: int = 0,
    runs: int = 1000,
    report: Callable[[Progress], None] | None = None,
    expected: float | None = None,
    symmetry: bool = False,
) -> Exploration:
    """What exploring `system` shows about `properties`; the options are those of `Question`.

    Raises: `UserError` for an unknown strategy, or symmetry where there is none; `ModelError` for a mistake in the
    system or a property.
    """
    if symmetry and strategy != "states":
        raise UserError(f"only strategy 'states' knows symmetry, and not {strategy!r}")
    question = Question(system, tuple(properties), bounds, stop_on, seed, runs, report, expected, symmetry)
    return find_strategy(strategy)(question)

"""Explore a system with one of the strategies, by name: the entry of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aprt.core.errors import UserError
from aprt.core.properties import Property
from aprt.core.scenario import did_you_mean
from aprt.core.system import System
from aprt.explore.result import UNBOUNDED, Bounds, Exploration, Progress, Question, StopOn
from aprt.explore.strategies import STRATEGIES


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
) -> Exploration:
    """What exploring `system` shows about `properties`; the options are those of `Question`.

    Raises: `UserError` for an unknown strategy, `ModelError` for a mistake in the system or a property.
    """
    if strategy not in STRATEGIES:
        raise UserError(f"unknown strategy {strategy!r}{did_you_mean(strategy, STRATEGIES)}")
    return STRATEGIES[strategy](Question(system, tuple(properties), bounds, stop_on, seed, runs, report))

"""Hunting: how many schedules it takes each strategy to meet a bug for the first time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from aprt.core.contrast import Contrast
from aprt.core.errors import UserError
from aprt.explore.explore import explore
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.result import Bounds
from aprt.verdict.search import Finder

STRATEGIES: Final = ("random", "urw", "pos", "pct:2", "pct:3", "delay:2", "dpor")
_RUNS = 1_000_000_000  # more than there is time for
_DEPTH = 300  # steps of an execution, since those that poll need not end


@attrs.frozen
class Try:
    """What one strategy made of one contrast's buggy side. schedules: to the first hit, None without one."""

    strategy: str
    schedules: int | None
    executions: int
    seconds: float


@attrs.frozen
class Hunted:
    """What all strategies made of it."""

    name: str
    tries: tuple[Try, ...]

    @property
    def found(self) -> bool:
        return any(one.schedules is not None for one in self.tries)


@attrs.frozen
class _Piece:
    name: str
    contrast: Contrast = attrs.field(repr=False)
    find: Finder = attrs.field(repr=False)
    seconds: float
    seed: int

    def __str__(self) -> str:
        return self.name


def hunt(
    contrasts: Mapping[str, Contrast], find: Finder, seconds: float, seed: int, crew: Crew | None = None
) -> Iterator[Hunted]:
    """Hunt each contrast's bug for so long, the time shared equally by the strategies; in the order they come in.

    A strategy is not told where to look: it runs schedules until the property fails, or its time is over. What it
    meets counts when it is what the contrast describes. The rest is as for `check_many`.
    """
    pieces = [_Piece(name, contrast, find, seconds, seed) for name, contrast in contrasts.items()]
    if crew is None:
        yield from map(_hunt, pieces)
        return
    for _, hunted in scatter(crew, _hunt, pieces):
        yield hunted


def _hunt(piece: _Piece) -> Hunted:
    return Hunted(piece.name, tuple(_try(piece, strategy) for strategy in STRATEGIES))


def _try(piece: _Piece, strategy: str) -> Try:
    contrast, model = piece.contrast, piece.find(piece.contrast.buggy).model()
    bounds = Bounds(max_depth=_DEPTH, budget=piece.seconds / len(STRATEGIES))
    try:
        found = explore(
            model.system,
            model.select((contrast.violates,)),
            strategy=strategy,
            bounds=bounds,
            seed=piece.seed,
            runs=_RUNS,
        )
    except UserError:  # no schedule shows it: that there is no way on takes a search of all states
        return Try(strategy, None, 0, 0.0)
    if found.stopped == "interrupted":
        raise KeyboardInterrupt
    hit = any(contrast.says(finding.property, finding.text) for finding in found.findings)
    return Try(strategy, max(1, found.executions) if hit else None, found.executions, found.seconds)

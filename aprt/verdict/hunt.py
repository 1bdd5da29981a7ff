"""Hunting: how much each strategy needs to meet a bug for the first time.

Most strategies run schedules, and no finite schedule shows that something stays as it is for ever or that no end can be
reached, unless nothing can be done after it. For such bugs there is the search over states.
"""

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

BY_STATES: Final = "states"
STRATEGIES: Final = ("random", "urw", "pos", "pct:2", "pct:3", "delay:2", "dpor", BY_STATES)
_RUNS = 1_000_000_000  # more than there is time for
_DEPTH = 300  # steps of an execution, since those that poll need not end
_STATES = 5_000_000  # as many as memory is sure to have room for


@attrs.frozen
class Try:
    """What one strategy made of one contrast's buggy side, up to the first hit, or in its time."""

    strategy: str
    hit: bool
    executions: int
    states: int
    seconds: float

    @property
    def effort(self) -> int | None:
        """Schedules to the first hit, states for the search that runs none; None without a hit."""
        return max(1, self.states if self.strategy == BY_STATES else self.executions) if self.hit else None


@attrs.frozen
class Hunted:
    """What all strategies made of it."""

    name: str
    tries: tuple[Try, ...]

    @property
    def found(self) -> bool:
        return any(one.hit for one in self.tries)


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
    """Hunt each contrast's bug for `seconds`, shared equally by the strategies. Results come as they are found.

    A strategy is not told where to look: it goes on until the property fails, or its time is over. What it meets is a
    hit when it is what the contrast describes. find, crew, and what is raised: as for `check_many`.
    """
    pieces = [_Piece(name, contrast, find, seconds, seed) for name, contrast in contrasts.items()]
    for _, hunted in scatter(crew, _hunt, pieces):
        yield hunted


def _hunt(piece: _Piece) -> Hunted:
    return Hunted(piece.name, tuple(_try(piece, strategy) for strategy in STRATEGIES))


def _try(piece: _Piece, strategy: str) -> Try:
    contrast, model = piece.contrast, piece.find(piece.contrast.buggy).model()
    depth = None if strategy == BY_STATES else _DEPTH
    bounds = Bounds(max_states=_STATES, max_depth=depth, budget=piece.seconds / len(STRATEGIES))
    try:
        found = explore(
            model.system,
            model.select((contrast.violates,)),
            strategy=strategy,
            bounds=bounds,
            seed=piece.seed,
            runs=_RUNS,
        )
    except UserError:  # this strategy runs schedules, and none shows such a property violated
        return Try(strategy, False, 0, 0, 0.0)
    if found.stopped == "interrupted":
        raise KeyboardInterrupt
    hit = any(contrast.says(finding.property, finding.text) for finding in found.findings)
    return Try(strategy, hit, found.executions, found.states, found.seconds)

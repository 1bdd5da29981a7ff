"""Several ways to search the same models, each repeated, one after the other, and how they compare."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from benchmarks.catalogue import Model
from benchmarks.measured import Measured
from benchmarks.process import ToolError

SHORTEST: Final = 0.05  # seconds; a search that takes less is mostly the start of its process


@attrs.frozen
class Contender:
    """A way to search a model.

    covers: says which models it is tried on. against: the name of an earlier contender, to compare with. reduces:
    whether it may leave out states.
    """

    name: str
    check: Callable[[Model], Measured]
    covers: Callable[[Model], bool]
    against: str | None = None
    reduces: bool = False


@attrs.frozen
class Row:
    """The runs of one contender on one model, and those it is compared with."""

    model: Model
    contender: Contender
    runs: tuple[Measured, ...]
    against: Row | None

    @property
    def wall(self) -> float:
        return min(run.wall for run in self.runs)

    @property
    def median_wall(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def engine(self) -> float | None:
        return min(self._engines, default=None)

    @property
    def median_engine(self) -> float | None:
        return statistics.median(self._engines) if self._engines else None

    @property
    def engine_ratio(self) -> float | None:
        """How many times as fast the search is as the other's; None where that took too little time to tell."""
        return None if self.engine is None or self._other < SHORTEST else self._other / self.engine

    @property
    def short_ratio(self) -> float | None:
        """The same where the other's search took that little; None where it did not."""
        return self._other / self.engine if self.engine is not None and 0 < self._other < SHORTEST else None

    @property
    def wall_ratio(self) -> float | None:
        """How many times as fast everything is, from a cold start."""
        return None if self.against is None else self.against.wall / self.wall

    @property
    def _other(self) -> float:
        return 0 if self.against is None else self.against.engine or 0

    @property
    def _engines(self) -> list[float]:
        return [run.engine for run in self.runs if run.engine is not None]


def measure(
    models: Iterable[Model], contenders: Iterable[Contender], repeat: int, tell: Callable[[str], None]
) -> list[Row]:
    """Run all, `repeat` times, in turns, so that a busy machine slows down each alike.

    Raises: `ToolError` when one fails, or finds other counts than the catalogue says.
    """
    contenders, rows = list(contenders), list[Row]()
    for model in models:
        taking_part = [contender for contender in contenders if contender.covers(model)]
        runs: dict[str, list[Measured]] = {contender.name: [] for contender in taking_part}
        for turn in range(repeat):
            for contender in taking_part:
                tell(f"{model}: {contender.name}, {turn + 1} of {repeat}")
                runs[contender.name].append(_checked(model, contender))
        done: dict[str | None, Row] = {}
        for contender in taking_part:
            against = done.get(contender.against)
            done[contender.name] = Row(model, contender, tuple(runs[contender.name]), against)
        rows += done.values()
    return rows


def _checked(model: Model, contender: Contender) -> Measured:
    run = contender.check(model)
    if not contender.reduces and run.states != model.states:
        raise ToolError(f"{contender.name} finds {run.states:,} states of {model}, not {model.states:,}")
    if run.deadlocks is not None and run.deadlocks != model.deadlocks:
        raise ToolError(f"{contender.name} finds {run.deadlocks} deadlocks of {model}, not {model.deadlocks}")
    return run

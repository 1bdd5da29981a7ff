"""A smaller schedule by trying: leave something out, or move it, and see whether the rest still fails alike.

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002), with cuts that
fit schedules: first what did not happen before the failure, then whole contexts, then halves, quarters and so on, then
*runs* (steps of one context in a row), then single steps; a run is moved to the run of its context before it, or behind
it; and where a context was preempted it goes on instead. What is left is played leniently (`Playground.play`). When
none of that helps any more the schedule is *1-minimal*: no single cut or move makes a better one. A better one may
still exist.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from aprt.core.schedule import Label
from aprt.explore.commuting.independence import StepInfo, dependent
from aprt.explore.failures.failing import Played, Playground

Cut: TypeAlias = Callable[[Sequence[StepInfo], int], Sequence[StepInfo] | None]

_FAR = 100  # by how many steps a run is made longer, at most


def one_minimal(
    ground: Playground, played: Played, most: float = math.inf, end: float = math.inf
) -> tuple[Played, bool]:
    """A 1-minimal execution that fails like `played`, which fails; or the best so far, and False, when `most` steps
    were tried, when it is `end` (by `time.monotonic`), or after Ctrl-C.
    """
    trial = _Trial(ground, played, most, end)
    try:
        while trial.improve():
            pass
    except (KeyboardInterrupt, _Enough):
        return trial.best, False
    return trial.best, True


class _Enough(Exception):
    """Nothing more is to be tried."""


class _Trial:
    """The best execution so far. left: steps that may still be tried."""

    def __init__(self, ground: Playground, best: Played, left: float, end: float) -> None:
        self.ground, self.left, self.end = ground, left, end
        self._keep(best)

    def improve(self) -> bool:
        """Try all cuts and moves, each as often as it helps; whether one did. Raises: `_Enough`."""
        before = self.best
        for cut in (_causes, _contexts, _parts, _runs, _moves, _onwards, _steps):
            i = 0
            while (rest := cut(self.steps, i)) is not None:
                if not self._try(rest):  # else the same place again
                    i += 1
        return self.best is not before

    def _try(self, rest: Sequence[StepInfo]) -> bool:
        if self.left <= 0 or time.monotonic() >= self.end:
            raise _Enough
        self.left -= len(rest)
        other = self.ground.play(Label(info.context, info.op) for info in rest)
        better = other.failure == self.best.failure and other.price < self.best.price
        if better:
            self._keep(other)
        return better

    def _keep(self, best: Played) -> None:
        self.best = best
        self.steps = [StepInfo.of(self.ground.tables.steps[step].event) for step in best.steps]


def _causes(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """What happened before the last step, and the last step."""
    if i:
        return None
    kept, alike = list[StepInfo](), dict[tuple[str, str | None, bool, bool], StepInfo]()
    for step in reversed(steps):
        if not kept or any(dependent(step, later) for later in alike.values()):
            kept.append(step)
            alike[step.context, step.actor, step.changed, step.oops] = step  # all that `dependent` asks of it
    return kept[::-1]


def _contexts(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All but one context."""
    contexts = list(dict.fromkeys(step.context for step in steps))
    return [step for step in steps if step.context != contexts[i]] if i < len(contexts) else None


def _parts(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All but one half, quarter and so on, down to two steps."""
    size = len(steps) // 2
    while size > 1:
        places = -(-len(steps) // size)
        if i < places:
            return [*steps[: i * size], *steps[(i + 1) * size :]]
        i, size = i - places, size // 2
    return None


def _runs(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All but one run."""
    runs = _split(steps)
    return _join([*runs[:i], *runs[i + 1 :]]) if i < len(runs) else None


def _moves(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All, with one run moved to the run of its context before it (even `i`) or behind it (odd)."""
    runs = _split(steps)
    here, forward = divmod(i, 2)
    if here >= len(runs):
        return None
    same = [k for k, run in enumerate(runs) if run[0].context == runs[here][0].context]
    to = same.index(here) + (1 if forward else -1)
    if not 0 <= to < len(same):
        return steps
    rest = [*runs[:here], *runs[here + 1 :]]
    place = same[to] - 1 if forward else same[to] + 1
    return _join([*rest[:place], runs[here], *rest[place:]])


def _onwards(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All, and one run goes on as far as it can without a choice."""
    runs = _split(steps)
    if i >= len(runs):
        return None
    more = StepInfo(runs[i][0].context, None, "", False)  # whatever it would do
    return _join([*runs[: i + 1], [more] * _FAR, *runs[i + 1 :]])


def _steps(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All but one step."""
    return [*steps[:i], *steps[i + 1 :]] if i < len(steps) else None


def _split(steps: Sequence[StepInfo]) -> list[list[StepInfo]]:
    runs: list[list[StepInfo]] = []
    for step in steps:
        if not runs or runs[-1][0].context != step.context:
            runs.append([])
        runs[-1].append(step)
    return runs


def _join(runs: Sequence[Sequence[StepInfo]]) -> list[StepInfo]:
    return [step for run in runs for step in run]

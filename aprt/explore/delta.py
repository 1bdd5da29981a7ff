"""A smaller schedule by trying: leave something out, or move it, and see whether the rest still fails alike.

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002), with cuts that
fit schedules: first what did not happen before the failure, then whole contexts, then *runs* (steps of one context in
a row), then single steps; a run is moved to the run of its context before it, or behind it; and where a context was
preempted it goes on instead. What is left is played leniently (`Playground.play`). When none of that helps any more the
schedule is *1-minimal*: no single cut or move makes a better one. A better one may still exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from aprt.core.schedule import Label
from aprt.explore.failing import Played, Playground
from aprt.explore.independence import StepInfo, dependent

Cut: TypeAlias = Callable[[Sequence[StepInfo], int], Sequence[StepInfo] | None]

_FAR = 100  # steps that a run goes on at most


def one_minimal(ground: Playground, played: Played) -> Played:
    """A 1-minimal execution that fails like `played`, which fails."""
    done = False
    while not done:
        done = True
        for cut in (_causes, _contexts, _runs, _moves, _onwards, _steps):
            i = 0
            while (rest := cut(_infos(ground, played), i)) is not None:
                other = ground.play(Label(info.context, info.op) for info in rest)
                if other.failure == played.failure and other.price < played.price:
                    played, done = other, False  # and the same place again
                else:
                    i += 1
    return played


def _infos(ground: Playground, played: Played) -> list[StepInfo]:
    return [StepInfo.of(ground.tables.steps[step].event) for step in played.steps]


def _causes(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """What happened before the last step, and the last step."""
    if i:
        return None
    kept = list(steps[-1:])
    for step in reversed(steps[:-1]):
        if any(dependent(step, later) for later in kept):
            kept.append(step)
    return kept[::-1]


def _contexts(steps: Sequence[StepInfo], i: int) -> Sequence[StepInfo] | None:
    """All but one context."""
    contexts = list(dict.fromkeys(step.context for step in steps))
    return [step for step in steps if step.context != contexts[i]] if i < len(contexts) else None


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

"""The same work by one process and by two: `--jobs`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.process import ToolError, output
from benchmarks.report import Section, at_least

ROOT: Final = Path(__file__).parent.parent
VIOLATED: Final = 1

TITLE: Final = "One process and two"
HEAD: Final = ("work", "states", "1 process, s", "2 processes, s", "x")
REMARKS: Final = ("Seconds: the best of all repetitions, from a cold start. That both answer the same is checked.",)


@attrs.frozen
class Work:
    """What `aprt` can share among processes. wanted: how many times as fast with two. exits: with this code."""

    name: str
    arguments: Sequence[str]
    wanted: float
    exits: int


WORKS: Final = (
    Work("v4/h1 to v4/h16", ("explore", "v4/h*", "--strategy", "states", "--stop-on", "all"), 1.7, VIOLATED),
)


@attrs.frozen
class Row:
    work: Work
    states: int
    seconds: Mapping[int, Sequence[float]]  # by number of processes

    @property
    def best(self) -> tuple[float, float]:
        return min(self.seconds[1]), min(self.seconds[2])

    @property
    def ratio(self) -> float:
        one, two = self.best
        return one / two


def section(repeat: int, tell: Callable[[str], None]) -> Section:
    """The comparison."""
    rows = [measure(work, repeat, tell) for work in WORKS]
    cells = [[r.work.name, f"{r.states:,}", *(f"{s:.2f}" for s in r.best), f"{r.ratio:.2f}"] for r in rows]
    targets = [at_least(f"two processes, {row.work.name}", row.work.wanted, [row.ratio]) for row in rows]
    return Section(TITLE, HEAD, cells, [attrs.asdict(row) for row in rows], targets, REMARKS)


def measure(work: Work, repeat: int, tell: Callable[[str], None]) -> Row:
    """Both in turns. Raises: `ToolError` when they do not answer the same."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    answers = []
    for turn in range(repeat):
        for jobs, times in seconds.items():
            tell(f"{work.name}: {jobs} of 2 processes, {turn + 1} of {repeat}")
            begin = time.perf_counter()
            answers.append(_timeless(_answer(work, jobs)))
            times.append(time.perf_counter() - begin)
            if answers[-1] != answers[0]:
                raise ToolError(f"{work.name}: {jobs} processes answer otherwise than one did first")
    return Row(work, sum(verdict["states"] for verdict in answers[0]["verdicts"]), seconds)


def _answer(work: Work, jobs: int) -> Any:
    command = [sys.executable, "-m", "aprt", *work.arguments, "--jobs", str(jobs), "--format", "json"]
    return json.loads(output(command, ROOT, expected=work.exits))


def _timeless(answer: Any) -> Any:
    """What does not depend on how long it took."""
    if isinstance(answer, dict):
        return {key: _timeless(value) for key, value in answer.items() if key != "seconds"}
    return [_timeless(value) for value in answer] if isinstance(answer, list) else answer

"""The same work by one process and by two: `--jobs`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.process import ToolError, outputs
from benchmarks.report import Section, at_least

ROOT: Final = Path(__file__).parent.parent
HOLDS: Final = 0
VIOLATED: Final = 1

TITLE: Final = "One process and two"
HEAD: Final = ("work", "states or traces", "1 process, s", "2 processes, s", "x", "machine x", "of it")
REMARKS: Final = (
    "Seconds: the best of all repetitions, from a cold start. Each run checks that one process and two answer the "
    "same. machine x: how many times as fast two copies of the one process are when they run at the same time, and not "
    "one after the other; measured in turn with the row. Two processes can hardly do better.",
    "The states are many, since some of the work is done by one process however many they are: the start, the first "
    "states, learning local steps, the certificate.",
)


@attrs.frozen
class Work:
    """A command of `aprt` that processes can share. wanted: how many times as fast two should be. exits: its exit code.

    counts: the key in the JSON answer that says how much was done. same: the other keys under which two processes must
    answer the same as one; None: under all.
    """

    name: str
    arguments: Sequence[str]
    wanted: float
    exits: int
    counts: str = "states"
    same: frozenset[str] | None = None


_WAYS: Final = ("explore", "v4/h*", "--strategy", "states", "--stop-on", "all")
WORKS: Final = (
    Work("v4/h1 to v4/h16", _WAYS, 1.7, VIOLATED),
    Work("v4/h1 to v4/h16, all properties", (*_WAYS, "--property", "all"), 1.7, VIOLATED),
    Work("the museum, all entries", ("museum", "check"), 1.8, HOLDS),
    Work(
        "states, v4/rogue-close with two vCPUs, enable_reset",
        (
            *("explore", "v4/rogue-close", "--with", "vcpus=2", "--with", "guest=enable_reset"),
            *("--property", "P1", "--stop-on", "all", "--strategy", "states", "--loop", "plain"),
        ),
        1.4,
        VIOLATED,
        same=frozenset({"verdict", "complete", "transitions", "depth"}),
    ),
    *(
        Work(
            f"traces, {program}",
            ("explore", f"v4/benchmarks/scenarios.py:{scenario}", "--strategy", "dpor", "--stop-on", "all"),
            1.8,
            exits,
            counts="traces",
            same=frozenset({"verdict", "complete", "depth"}),
        )
        for program, scenario, exits in (
            ("inc 6", "INC", HOLDS),
            ("dining 17", "DINING", VIOLATED),
            ("lastzero 15", "LASTZERO", HOLDS),
        )
    ),
)


@attrs.frozen
class Times:
    """Seconds of all repetitions. one, two: by so many processes. twice: all of it by one, two times at once."""

    one: list[float] = attrs.field(factory=list)
    two: list[float] = attrs.field(factory=list)
    twice: list[float] = attrs.field(factory=list)

    @property
    def ratio(self) -> float:
        return min(self.one) / min(self.two)

    @property
    def machine(self) -> float:
        return 2 * min(self.one) / min(self.twice)


@attrs.frozen
class Row:
    """One work, and how long it took."""

    work: Work
    count: int
    times: Times

    @property
    def cells(self) -> list[str]:
        x, most = self.times.ratio, self.times.machine
        seconds = (f"{min(times):.2f}" for times in (self.times.one, self.times.two))
        return [self.work.name, f"{self.count:,}", *seconds, f"{x:.2f}", f"{most:.2f}", f"{x / most:.0%}"]


def section(repeat: int, tell: Callable[[str], None]) -> Section:
    """The comparison."""
    rows = [measure(work, repeat, tell) for work in WORKS]
    targets = [at_least(f"two processes, {row.work.name}", row.work.wanted, [row.times.ratio]) for row in rows]
    return Section(TITLE, HEAD, [row.cells for row in rows], [attrs.asdict(row) for row in rows], targets, REMARKS)


def measure(work: Work, repeat: int, tell: Callable[[str], None]) -> Row:
    """All three in turns. Raises: `ToolError` when they do not answer the same."""
    times = Times()
    answers: list[Any] = []
    for turn in range(repeat):
        for kept, jobs, copies in ((times.one, 1, 1), (times.two, 2, 1), (times.twice, 1, 2)):
            tell(f"{work.name}: {_how(jobs, copies)}, {turn + 1} of {repeat}")
            begin = time.perf_counter()
            told = _answers(work, jobs, copies)
            kept.append(time.perf_counter() - begin)
            answers += [_comparable(answer, work) for answer in told]
            if any(answer != answers[0] for answer in answers):
                raise ToolError(f"{work.name}: {_how(jobs, copies)} answer otherwise than one did first")
    return Row(work, sum(_values(answers[0], work.counts)), times)


def _how(jobs: int, copies: int) -> str:
    return f"{jobs} of 2 processes" if copies == 1 else "one process, twice at once"


def _answers(work: Work, jobs: int, copies: int) -> list[Any]:
    command = [sys.executable, "-m", "aprt", *work.arguments, "--jobs", str(jobs), "--format", "json"]
    return [json.loads(told) for told in outputs([command] * copies, ROOT, expected=work.exits)]


def _comparable(answer: Any, work: Work) -> Any:
    """What is the same with two processes: nothing that depends on how long it took."""
    if work.same is not None:
        return {key: value for key, value in answer.items() if key in work.same | {work.counts}}
    return _timeless(answer)


def _timeless(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: _timeless(value) for key, value in answer.items() if key != "seconds"}
    return [_timeless(value) for value in answer] if isinstance(answer, list) else answer


def _values(answer: Any, key: str) -> Iterator[int]:
    """All values of that key, however deep in the answer."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from (value,) if name == key else _values(value, key)
    elif isinstance(answer, list):
        for value in answer:
            yield from _values(value, key)

"""Small programs explored execution by execution: aprt's Optimal-DPOR, and frontrun on the same programs as threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import attrs

from benchmarks.process import output
from benchmarks.report import Section, Target, at_least, at_most

ROOT: Final = Path(__file__).parent.parent
LAUNCHER: Final = Path(sys.executable).parent / "frontrun"

TITLE: Final = "Executions to a complete verdict: aprt and frontrun"
FASTER: Final = 60  # times frontrun's executions per second, at least
HEAD: Final = ("program", "aprt", "redundant", "ms", "executions/s", "frontrun", "ms", "executions/s", "x", "verdict x")
REMARKS: Final = (
    'aprt: `strategy="dpor"`, one execution for each trace. frontrun: its DPOR on Python threads that do the same, '
    "with no bound on preemptions, going on after a failure, and not watching input or output. The best of many "
    "searches in one process, all repetitions. x: how many times as many executions per second; verdict x: how many "
    "times as fast everything is covered.",
)


@attrs.frozen
class Program:
    """n: its size. traces: how many it has. rival: frontrun is asked, too. wanted: a target, in executions/s."""

    name: str
    n: int
    traces: int
    rival: bool = False
    wanted: float | None = None

    def __str__(self) -> str:
        return "ABBA" if (self.name, self.n) == ("dining", 2) else f"{self.name} {self.n}"


PROGRAMS: Final = (
    Program("inc", 2, 4, rival=True),
    Program("inc", 3, 36, rival=True),
    Program("inc", 4, 576, rival=True),
    Program("readers", 4, 16, rival=True),
    Program("dining", 2, 3, rival=True),
    Program("dining", 3, 7, rival=True),
    Program("dining", 5, 31, wanted=15_000),
    Program("lastzero", 5, 64, wanted=15_000),
    Program("dining", 8, 255),
    Program("lastzero", 10, 3_328),
)


@attrs.frozen
class Count:
    """Executions to a complete verdict, and the seconds they took; searching: those not spent on learning steps."""

    executions: int
    seconds: float
    redundant: int = 0
    searching: float | None = None

    @property
    def rate(self) -> float:
        return self.executions / self.seconds


@attrs.frozen
class Row:
    program: Program
    ours: Count
    theirs: Count | None


def missing() -> str | None:
    """Why frontrun cannot be run here; None when it can."""
    return None if LAUNCHER.is_file() else f"frontrun is not installed beside {sys.executable}; make bench installs it"


def section(repeat: int, tell: Callable[[str], None]) -> Section:
    """The comparison."""
    rows = [_row(program, repeat, tell) for program in PROGRAMS]
    skipped = () if missing() is None else (f"frontrun was skipped: {missing()}.",)
    records = [attrs.asdict(row) for row in rows]
    remarks = (*REMARKS, *small(rows), *skipped)
    return Section(TITLE, HEAD, [_cells(row) for row in rows], records, targets(rows), remarks)


def _row(program: Program, repeat: int, tell: Callable[[str], None]) -> Row:
    ours, theirs = list[Count](), list[Count]()
    for turn in range(repeat):
        tell(f"{program}, {turn + 1} of {repeat}")
        ours.append(trace_by_trace(program))
        if program.rival and missing() is None:
            theirs.append(by_frontrun(program))
    return Row(program, _best(ours), _best(theirs) if theirs else None)


def _best(counts: Sequence[Count]) -> Count:
    return min(counts, key=lambda count: count.seconds)


def trace_by_trace(program: Program) -> Count:
    """What aprt takes. Raises: `ToolError` when it fails."""
    command = [sys.executable, "-m", "benchmarks.traces", program.name, str(program.n)]
    executions, redundant, seconds, searching = output(command, ROOT).split()
    return Count(int(executions), float(seconds), int(redundant), float(searching))


def by_frontrun(program: Program) -> Count:
    """What frontrun takes. Raises: `ToolError` when it fails."""
    command = [str(LAUNCHER), sys.executable, "-m", "benchmarks.threads", program.name, str(program.n)]
    executions, seconds = output(command, ROOT).split()
    return Count(int(executions), float(seconds))


def targets(rows: Sequence[Row]) -> list[Target]:
    """What is to be reached."""
    faster = [row.ours.rate / row.theirs.rate for row in rows if row.theirs is not None]
    too_many = [abs(row.ours.executions - row.program.traces) for row in rows]
    return [
        at_most("executions that are not one for each trace", 0, too_many, ""),
        at_least("executions/s, of frontrun's", FASTER, faster),
        *(
            _rate(p, p.wanted, ours, ours.searching)
            for p, ours in ((row.program, row.ours) for row in rows)
            if p.wanted is not None and ours.searching is not None
        ),
    ]


def _rate(program: Program, wanted: float, ours: Count, searching: float) -> Target:
    """The target for the rate once steps are learned; the rate of the whole search is told beside it."""
    target = at_least(f"executions/s once steps are learned, {program}", wanted, [ours.executions / searching], "/s")
    return attrs.evolve(target, reached=f"{target.reached} (whole search: {ours.rate:,.0f}/s)")


def small(rows: Sequence[Row]) -> tuple[str, ...]:
    """A remark on programs that are too small for the target, as what is done only once takes longer than it allows."""
    found = []
    for row in rows:
        if row.theirs is None or row.ours.searching is None:
            continue
        allowed, once = row.ours.executions / (FASTER * row.theirs.rate), row.ours.seconds - row.ours.searching
        if once > allowed:
            found.append(f"{row.program} {1000 * once:.2f} ms of {1000 * allowed:.2f}")
    if not found:
        return ()
    return (
        "These programs are too small for the target: to set up a search, and to run the model's code once for each "
        f"local step, takes longer than the whole search may take at {FASTER} times frontrun's rate: "
        f"{', '.join(found)}.",
    )


def _cells(row: Row) -> list[str]:
    theirs = ["", "", "", "", ""]
    if row.theirs is not None:
        ratio = row.ours.rate / row.theirs.rate, row.theirs.seconds / row.ours.seconds
        theirs = [*_count(row.theirs), *(f"{x:,.0f}" for x in ratio)]
    executions, milliseconds, rate = _count(row.ours)
    return [str(row.program), executions, str(row.ours.redundant), milliseconds, rate, *theirs]


def _count(count: Count) -> list[str]:
    return [f"{count.executions:,}", f"{1000 * count.seconds:.2f}", f"{count.rate:,.0f}"]

"""Runs Spin on the Promela text of a model: `spin -a`, `gcc -O2`, `pan`, all of it timed.

What is tuned is tuned in Spin's favour: the hash table and the stack are as large as the model needs and no larger,
and nothing is compiled in that is not used.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.catalogue import Model
from benchmarks.measured import Measured
from benchmarks.process import ToolError, output

INITIAL = 1  # Spin counts the initial state as a transition


def missing() -> str | None:
    """Why Spin cannot be run here; None when it can."""
    absent = [program for program in ("spin", "gcc") if shutil.which(program) is None]
    return f"{' and '.join(absent)} not found; on Debian: apt install spin gcc" if absent else None


def check(model: Model, *, reduce: bool = False, told: bool = True) -> Measured:
    """Search all states; with `reduce` as many as Spin's partial order reduction leaves.

    told: the text tells Spin what its reduction makes use of, and cannot find out: which channels have one receiver.

    Raises: `ToolError` when one of the programs fails, or the search is cut short.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        text = folder / model.promela.name
        text.write_bytes(model.promela.read_bytes())
        begin = time.perf_counter()
        for command in _compile(model, text.name, reduce, told):
            output(command, folder)
        compiled = time.perf_counter()
        report = output(_search(model), folder)
        end = time.perf_counter()
    return _measured(report, end - compiled, end - begin)


def _compile(model: Model, text: str, reduce: bool, told: bool) -> list[Sequence[str]]:
    macros = [*(f"-D{name}={value}" for name, value in model.sizes.items()), *([] if told else ["-DUNTOLD"])]
    # merging steps is a reduction as well: without -o3 there would be fewer states
    translate = ["spin", *([] if reduce else ["-o3"]), *macros, "-a", text]
    compile = ["gcc", "-O2", "-w", "-DSAFETY", "-DNOFAIR", *([] if reduce else ["-DNOREDUCE"]), "-o", "pan", "pan.c"]
    return [translate, compile]


def _search(model: Model) -> Sequence[str]:
    slots = max(16, model.states.bit_length())
    return ["./pan", "-c0", "-n", f"-w{slots}", f"-m{model.depth}"]  # -c0: do not stop at an error


def _measured(report: str, engine: float, wall: float) -> Measured:
    if "max search depth too small" in report or "Search not completed" in report:
        raise ToolError(f"Spin did not search everything:\n{report}")
    states = int(_figure(r"(\S+) states, stored", report))
    return Measured(
        states=states,
        transitions=int(_figure(r"(\S+) transitions", report)) - INITIAL,
        deadlocks=int(_figure(r"errors: (\d+)", report)),
        engine=engine,
        wall=wall,
        bytes_per_state=_figure(r"(\S+)\s+actual memory usage for states", report) * 1e6 / states,
    )


def _figure(pattern: str, report: str) -> float:
    found = re.search(pattern, report)
    if found is None:
        raise ToolError(f"Spin's report has no {pattern!r}:\n{report}")
    return float(found[1])

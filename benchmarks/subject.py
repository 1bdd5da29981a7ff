"""Runs aprt on a model, in a fresh process: `python -m benchmarks.search`."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.catalogue import Model
from benchmarks.measured import Measured
from benchmarks.process import output

ROOT: Final = Path(__file__).parent.parent


def compiles() -> bool:
    """Whether the compiled loop can be run here."""
    return find_spec("numba") is not None


def check(model: Model, strategy: str, loop: str = "auto") -> Measured:
    """Search with this strategy, and loop of "states". Raises: `ToolError` when that fails."""
    command = [sys.executable, "-m", "benchmarks.search", model.name, strategy, loop, *map(str, model.sizes.values())]
    begin = time.perf_counter()
    printed = output(command, ROOT)
    wall = time.perf_counter() - begin
    states, transitions, deadlocks, engine, memory = printed.split()
    return Measured(
        states=int(states),
        transitions=int(transitions),
        wall=wall,
        engine=float(engine),
        deadlocks=int(deadlocks),
        bytes_per_state=None if memory == "None" else float(memory),
    )

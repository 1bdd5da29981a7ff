"""Runs aprt on a model, in a fresh process: `python -m benchmarks.search`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.catalogue import Model
from benchmarks.measured import Measured
from benchmarks.process import output

ROOT: Final = Path(__file__).parent.parent


def check(model: Model, strategy: str) -> Measured:
    """Search with this strategy. Raises: `ToolError` when that fails."""
    command = [sys.executable, "-m", "benchmarks.search", model.name, strategy, *map(str, model.sizes.values())]
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
        bytes_per_state=int(memory) / int(states),
    )

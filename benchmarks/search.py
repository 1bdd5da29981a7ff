"""One search in a process of its own, like a user's script: python -m benchmarks.search MODEL STRATEGY LOOP SIZE...

Prints its figures. The time that the process takes, seen from outside, is that from a cold start to the verdict.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from aprt import explore


def main(model: str, strategy: str, loop: Any, *sizes: str) -> None:
    module = import_module(f"benchmarks.models.{model}")
    system = module.system(*map(int, sizes))
    found = explore(system, module.PROPERTIES, strategy=strategy, stop_on="all", loop=loop)
    if not found.complete:
        sys.exit(f"the search of {model} is not complete: {found.stopped}")
    engine = found.seconds - (found.loading or 0)
    print(found.states, found.transitions, found.deadlocks, engine, found.bytes_per_state)


if __name__ == "__main__":
    main(*sys.argv[1:])

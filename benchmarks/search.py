"""One search in a process of its own, like a user's script: python -m benchmarks.search MODEL STRATEGY SIZE...

Prints its figures. The time that the process takes, seen from outside, is that from a cold start to the verdict.
"""

from __future__ import annotations

import resource
import sys
from importlib import import_module

from aprt import explore


def main(model: str, strategy: str, *sizes: str) -> None:
    module = import_module(f"benchmarks.models.{model}")
    system = module.system(*map(int, sizes))
    before = _peak()
    found = explore(system, module.PROPERTIES, strategy=strategy, stop_on="all")
    if not found.complete:
        sys.exit(f"the search of {model} is not complete: {found.stopped}")
    print(found.states, found.transitions, found.deadlocks, found.seconds, _peak() - before)


def _peak() -> int:
    """The most memory that this process has used so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A program explored trace by trace, in a process of its own: python -m benchmarks.traces NAME N

Prints the executions to a complete verdict, how many of them were redundant, the seconds of the fastest of several
searches, each of which learns everything anew, and the least seconds that were not spent on learning.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from aprt import System, explore
from tests.explore.programs.cells import inc, lastzero, readers
from tests.explore.programs.locking import dining

ENOUGH: Final = 1.0  # seconds; a search is repeated for so long

PROGRAMS: Final[Mapping[str, Callable[[int], System]]] = {
    "dining": dining,
    "inc": inc,
    "lastzero": lastzero,
    "readers": readers,
}


def main(name: str, n: str) -> None:
    system = PROGRAMS[name](int(n))
    best = searching = float("inf")
    begun = time.perf_counter()
    while time.perf_counter() - begun < ENOUGH:
        found = explore(system, strategy="dpor")
        best = min(best, found.seconds)
        searching = min(searching, found.seconds - (found.learning or 0))
    if not found.complete or found.traces is None:
        sys.exit(f"the search of {name} {n} is not complete: {found.stopped}")
    print(found.executions, found.executions - found.traces, best, searching)


if __name__ == "__main__":
    main(*sys.argv[1:])

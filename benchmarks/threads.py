"""The programs that are compared with frontrun, as Python threads: frontrun python -m benchmarks.threads NAME N

Prints how many executions frontrun takes to a complete verdict, and the seconds of the fastest of several searches.
Nothing is bounded, nothing is asked but for deadlocks, and no input or output is watched.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import frontrun

ENOUGH: Final = 1.0  # seconds; a search is repeated for so long

Worker = Callable[[Any], None]
Program = tuple[Callable[[], Any], Sequence[Worker]]


class Memory:
    """Shared by the threads of one execution."""

    def __init__(self, locks: int = 0) -> None:
        self.x = 0
        self.locks = [threading.Lock() for _ in range(locks)]


def inc(n: int) -> Program:
    def thread(memory: Memory) -> None:
        r = memory.x
        memory.x = r + 1

    return Memory, [thread] * n


def readers(n: int) -> Program:
    def writer(memory: Memory) -> None:
        memory.x = 42

    def reader(memory: Memory) -> None:
        memory.x  # noqa: B018  # the read is all there is to do

    return Memory, [writer, *[reader] * n]


def dining(n: int) -> Program:
    """With n=2 it is ABBA."""

    def philosopher(me: int) -> Worker:
        def eat(memory: Memory) -> None:
            with memory.locks[me], memory.locks[(me + 1) % n]:
                pass

        return eat

    return lambda: Memory(n), [philosopher(i) for i in range(n)]


PROGRAMS: Final[Mapping[str, Callable[[int], Program]]] = {"inc": inc, "readers": readers, "dining": dining}


def main(name: str, n: str) -> None:
    setup, workers = PROGRAMS[name](int(n))
    best, begun = float("inf"), time.perf_counter()
    while time.perf_counter() - begun < ENOUGH:
        start = time.perf_counter()
        found = frontrun.explore(
            setup,
            list(workers),
            lambda memory: True,
            preemption_bound=None,
            stop_on_first=False,
            detect_io=False,
            reproduce_on_failure=0,
        )
        best = min(best, time.perf_counter() - start)
        if found.property_holds is None:
            sys.exit(f"frontrun comes to no verdict: {found.inconclusive_reason}")
    print(found.num_explored, best)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Dining philosophers who never stop: left fork, right fork, put down right, put down left. They may deadlock."""

from __future__ import annotations

from functools import partial

from aprt import Context, Mutex, System
from aprt.core.properties import DEADLOCK

PROPERTIES = (DEADLOCK,)


async def philosopher(left: Mutex, right: Mutex) -> None:
    while True:
        await left.lock()
        await right.lock()
        await right.unlock()
        await left.unlock()


def system(n: int) -> System:
    """n philosophers."""
    forks = tuple(Mutex(f"fork{i}") for i in range(n))
    return System(
        forks, tuple(Context(f"phil{i}", partial(philosopher, forks[i], forks[(i + 1) % n])) for i in range(n))
    )

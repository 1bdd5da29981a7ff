"""Programs over mutexes only: each context takes its locks in order and releases them in reverse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aprt import Context, Mutex, System


async def nest(locks: Sequence[Mutex]) -> None:
    """Take `locks` in order, release them in reverse."""
    for lock in locks:
        await lock.lock()
    for lock in reversed(locks):
        await lock.unlock()


def nested(*orders: str) -> System:
    """One context for every order; a letter is a lock: `nested("AB", "BA")` is the ABBA deadlock."""
    locks = {name: Mutex(name) for name in sorted(set("".join(orders)))}

    def context(i: int, order: str) -> Context:
        mine = tuple(locks[name] for name in order)
        return Context(f"t{i}", partial(nest, mine))

    return System(tuple(locks.values()), tuple(context(i, order) for i, order in enumerate(orders)))


def dining(n: int, *, left_handed: int = 0, looping: bool = False) -> System:
    """n philosophers at a round table; the last `left_handed` of them take the right fork first.

    looping: they never stop eating (then there is no end state).
    """
    forks = tuple(Mutex(f"fork{i}") for i in range(n))

    async def once(mine: tuple[Mutex, Mutex]) -> None:
        await nest(mine)

    async def forever(mine: tuple[Mutex, Mutex]) -> None:
        while True:
            await nest(mine)

    def philosopher(i: int) -> Context:
        left, right = forks[i], forks[(i + 1) % n]
        mine = (right, left) if i >= n - left_handed else (left, right)
        return Context(f"phil{i}", partial(forever if looping else once, mine))

    return System(forks, tuple(philosopher(i) for i in range(n)))

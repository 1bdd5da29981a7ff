"""Tiny systems for the tests of the live driver."""

from __future__ import annotations

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.notes import Broken, Oops
from aprt.core.system import Context, System
from aprt.kernel.mutex import Mutex
from tests import counter
from tests.counter import Count


@attrs.frozen(eq=False)
class Counter(counter.Counter):
    """A number that also goes wrong: `take` blocks at 0, `poke` is an oops, `grumble` breaks B1, `explode` crashes."""

    @handler(writes="value")
    def take(self, state: Count, by: Caller) -> Outcome[Count, int]:
        return (Count(state.value - 1), state.value - 1) if state.value else BLOCK

    @handler()
    def poke(self, state: Count, by: Caller) -> Outcome[Count, None]:
        return state, None, (Oops("O1", "poked"),)

    @handler()
    def grumble(self, state: Count, by: Caller) -> Outcome[Count, None]:
        return state, None, (Broken("B1", "grumbled"),)

    @handler()
    def explode(self, state: Count, by: Caller) -> Outcome[Count, None]:
        raise ValueError("boom")


def abba() -> System:
    """Two mutexes, taken by two contexts in opposite order."""
    a, b = Mutex("A"), Mutex("B")

    async def take(first: Mutex, second: Mutex) -> None:
        await first.lock()
        await second.lock()
        await second.unlock()
        await first.unlock()

    return System((a, b), (Context("left", lambda: take(a, b)), Context("right", lambda: take(b, a))))


def one_lock(contexts: int) -> System:
    """Contexts that each take and release the mutex `m` once, named c0, c1 ..."""
    m = Mutex("m")

    async def section() -> None:
        await m.lock()
        await m.unlock()

    return System((m,), tuple(Context(f"c{i}", section) for i in range(contexts)))


def adders(contexts: int, rounds: int = 1) -> System:
    """Contexts that each add 1 to the counter `n`, again and again."""
    n = Counter("n")

    async def add() -> None:
        for _ in range(rounds):
            await n.add(1)

    return System((n,), tuple(Context(f"c{i}", add) for i in range(contexts)))


def producer() -> System:
    """A context that makes one token, and a daemon that takes tokens for ever."""
    tokens = Counter("tokens")

    async def make() -> None:
        await tokens.add(1)

    async def consume() -> None:
        while True:
            await tokens.take()

    return System((tokens,), (Context("maker", make), Context("eater", consume, daemon=True)))


def guest() -> System:
    """A context that adds twice what it chooses."""
    n = Counter("n")

    async def work() -> None:
        for _ in range(2):
            await n.add(await choose("door", 1, 2))

    return System((n,), (Context("guest", work),))


def late_write() -> System:
    """`slow` loads and stores without a lock; `other` adds once, after 40 private steps."""
    n, private = Counter("n"), Counter("private")

    async def slow() -> None:
        await n.store(await n.load() + 1)

    async def other() -> None:
        for _ in range(40):
            await private.add(1)
        await n.add(1)

    return System((n, private), (Context("slow", slow), Context("other", other)))

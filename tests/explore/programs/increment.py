"""Stateright's increment and increment_lock: the threads' variable `t` stays part of the state.

Definition and figures: Stateright, examples/increment.rs and examples/increment_lock.rs (two threads).
"""

from __future__ import annotations

import attrs
from pyrsistent import PMap, pmap

from aprt import Actor, Alike, Caller, Context, Mutex, Outcome, System, handler


@attrs.frozen
class MemoryState:
    """i: the shared variable. ts: every thread's variable t, by thread."""

    i: int
    ts: PMap[str, int]


@attrs.frozen(eq=False)
class Memory(Actor[MemoryState]):
    threads: tuple[str, ...]

    def initial(self) -> MemoryState:
        return MemoryState(0, pmap(dict.fromkeys(self.threads, 0)))

    @handler(reads="i ts", writes="ts")
    def load(self, state: MemoryState, by: Caller) -> Outcome[MemoryState, None]:
        """t = i"""
        return attrs.evolve(state, ts=state.ts.set(by.context, state.i)), None

    @handler(reads="ts", writes="i")
    def store(self, state: MemoryState, by: Caller) -> Outcome[MemoryState, None]:
        """i = t + 1"""
        return attrs.evolve(state, i=state.ts[by.context] + 1), None


def threads(n: int) -> tuple[str, ...]:
    """The names of n threads."""
    return tuple(f"t{i}" for i in range(n))


def alike(names: tuple[str, ...]) -> tuple[Alike, ...]:
    """All of them do the same."""
    return (Alike(tuple((name,) for name in names)),) if len(names) > 1 else ()


def increment(n: int) -> System:
    """n threads, each `t = i; i = t + 1`."""
    names = threads(n)
    memory = Memory("memory", names)

    async def thread() -> None:
        await memory.load()
        await memory.store()

    return System((memory,), tuple(Context(name, thread) for name in names), symmetry=alike(names))


def increment_lock(n: int) -> System:
    """The same under a lock."""
    names = threads(n)
    memory, mutex = Memory("memory", names), Mutex("mutex")

    async def thread() -> None:
        await mutex.lock()
        await memory.load()
        await memory.store()
        await mutex.unlock()

    return System((memory, mutex), tuple(Context(name, thread) for name in names), symmetry=alike(names))

"""Stateright's increment and increment_lock: the threads' variable `t` stays part of the state.

Definition and figures: Stateright, examples/increment.rs and examples/increment_lock.rs (two threads).
"""

from __future__ import annotations

from functools import partial

import attrs

from aprt import Actor, Caller, Context, Mutex, Outcome, System, handler


@attrs.frozen
class MemoryState:
    """i: the shared variable. ts: every thread's variable t, by thread."""

    i: int
    ts: tuple[int, ...]


@attrs.frozen(eq=False)
class Memory(Actor[MemoryState]):
    threads: int

    def initial(self) -> MemoryState:
        return MemoryState(0, (0,) * self.threads)

    @handler(reads="i ts", writes="ts")
    def load(self, state: MemoryState, by: Caller, me: int) -> Outcome[MemoryState, None]:
        """t = i"""
        return attrs.evolve(state, ts=(*state.ts[:me], state.i, *state.ts[me + 1 :])), None

    @handler(reads="ts", writes="i")
    def store(self, state: MemoryState, by: Caller, me: int) -> Outcome[MemoryState, None]:
        """i = t + 1"""
        return attrs.evolve(state, i=state.ts[me] + 1), None


def increment(n: int) -> System:
    """n threads, each `t = i; i = t + 1`."""
    memory = Memory("memory", n)

    async def thread(me: int) -> None:
        await memory.load(me)
        await memory.store(me)

    return System((memory,), tuple(Context(f"t{i}", partial(thread, i)) for i in range(n)))


def increment_lock(n: int) -> System:
    """The same under a lock."""
    memory, mutex = Memory("memory", n), Mutex("mutex")

    async def thread(me: int) -> None:
        await mutex.lock()
        await memory.load(me)
        await memory.store(me)
        await mutex.unlock()

    return System((memory, mutex), tuple(Context(f"t{i}", partial(thread, i)) for i in range(n)))

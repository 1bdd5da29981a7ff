"""Queues are removed while guests' PQAP instructions for them are intercepted.

An intercept finds the queue and takes a reference, enables its interrupt, and drops the reference. Removing a queue
unlinks it, waits until nobody holds a reference, resets it, which disables the interrupt, and frees it. A freed queue
is touched by nobody, and has no interrupt enabled.
"""

from __future__ import annotations

from functools import partial

import attrs

from aprt import BLOCK, Actor, Broken, Caller, Context, Outcome, Property, System, choose, handler
from aprt.core.properties import DEADLOCK, Noted

FREED = Property("freed", "nobody touches a freed queue", (Noted(),))
PROPERTIES = (FREED, DEADLOCK)


@attrs.frozen
class QueueState:
    """users: intercepts that hold a reference. enabled: whether the interrupt is."""

    linked: bool = True
    users: int = 0
    enabled: bool = False
    live: bool = True


Done = Outcome[QueueState, None]


@attrs.frozen(eq=False)
class Queue(Actor[QueueState]):
    def initial(self) -> QueueState:
        return QueueState()

    @handler(reads="linked users", writes="users")
    def find(self, state: QueueState, by: Caller) -> Outcome[QueueState, bool]:
        """Takes a reference if the queue is linked; replies whether it is."""
        return (attrs.evolve(state, users=state.users + 1), True) if state.linked else (state, False)

    @handler(reads="live", writes="enabled")
    def aqic(self, state: QueueState, by: Caller) -> Done:
        return attrs.evolve(state, enabled=True), None, self._freed(state, by)

    @handler(reads="users live", writes="users")
    def put(self, state: QueueState, by: Caller) -> Done:
        return attrs.evolve(state, users=state.users - 1), None, self._freed(state, by)

    @handler(writes="linked")
    def unlink(self, state: QueueState, by: Caller) -> Done:
        return attrs.evolve(state, linked=False), None

    @handler(reads="users")
    def unused(self, state: QueueState, by: Caller) -> Done:
        """Blocks until nobody holds a reference."""
        return BLOCK if state.users else (state, None)

    @handler(writes="enabled")
    def reset(self, state: QueueState, by: Caller) -> Done:
        return attrs.evolve(state, enabled=False), None

    @handler(reads="enabled", writes="live")
    def free(self, state: QueueState, by: Caller) -> Done:
        broken = (Broken("freed", f"{self.name} is freed with its interrupt enabled"),) if state.enabled else ()
        return attrs.evolve(state, live=False), None, broken

    def _freed(self, state: QueueState, by: Caller) -> tuple[Broken, ...]:
        return () if state.live else (Broken("freed", f"{by.context} touches {self.name}, which is freed"),)


async def guest(queues: tuple[Queue, ...]) -> None:
    while True:
        queue = queues[await choose("queue", *range(len(queues)))]
        if await queue.find():
            await queue.aqic()
            await queue.put()


async def administrator(queues: tuple[Queue, ...]) -> None:
    for queue in queues:
        await queue.unlink()
        await queue.unused()
        await queue.reset()
        await queue.free()


def system(guests: int, queues: int) -> System:
    """So many guests, each with one vCPU, and an administrator who removes so many queues one after the other."""
    all_queues = tuple(Queue(f"queue{i}") for i in range(queues))
    vcpus = (Context(f"vcpu{i}", partial(guest, all_queues), daemon=True) for i in range(guests))
    return System(all_queues, (*vcpus, Context("admin", partial(administrator, all_queues))))

"""Programs about the end of an object's life. A touch of a freed object is noted, and the run goes on."""

from __future__ import annotations

import attrs

from aprt import Actor, Broken, Caller, Context, Mutex, Outcome, System, handler
from tests.explore.programs.cells import Cell, CellState


@attrs.frozen
class ThingState:
    live: bool = True


@attrs.frozen(eq=False)
class Thing(Actor[ThingState]):
    """An object that can be used and freed. Finding `UAF`: it is touched when it is gone."""

    def initial(self) -> ThingState:
        return ThingState()

    @handler(reads="live")
    def use(self, state: ThingState, by: Caller) -> Outcome[ThingState, None]:
        return state, None, self._gone(state, by, "uses")

    @handler(reads="live", writes="live")
    def free(self, state: ThingState, by: Caller) -> Outcome[ThingState, None]:
        return ThingState(live=False), None, self._gone(state, by, "frees")

    def _gone(self, state: ThingState, by: Caller, does: str) -> tuple[Broken, ...]:
        return () if state.live else (Broken("UAF", f"{by.context} {does} {self.name}, which is freed"),)


@attrs.frozen
class CountState:
    count: int = 1


@attrs.frozen(eq=False)
class Count(Actor[CountState]):
    """A reference count that starts with its owner's reference and checks nothing."""

    def initial(self) -> CountState:
        return CountState()

    @handler(reads="count", writes="count")
    def get(self, state: CountState, by: Caller) -> Outcome[CountState, bool]:
        return CountState(state.count + 1), True

    @handler(reads="count", writes="count")
    def get_unless_zero(self, state: CountState, by: Caller) -> Outcome[CountState, bool]:
        return (CountState(state.count + 1), True) if state.count else (state, False)

    @handler(reads="count", writes="count")
    def put(self, state: CountState, by: Caller) -> Outcome[CountState, bool]:
        """Replies whether that was the last reference."""
        return CountState(state.count - 1), state.count == 1


def pointer_teardown(*, clear_first: bool = False, locked: bool = False) -> System:
    """An interrupt follows a pointer while the object is torn down: freed and the pointer cleared."""
    pointer, thing, lock = Cell("pointer"), Thing("thing"), Mutex("lock")

    async def follow() -> None:
        if await pointer.read():
            await thing.use()

    async def tear_down() -> None:
        if clear_first:
            await pointer.write(0)
        await thing.free()
        if not clear_first:
            await pointer.write(0)

    async def irq() -> None:
        if locked:
            await lock.lock()
        await follow()
        if locked:
            await lock.unlock()

    async def owner() -> None:
        if locked:
            await lock.lock()
        await tear_down()
        if locked:
            await lock.unlock()

    contexts = (Context("irq", irq), Context("owner", owner))
    return System((pointer, thing, lock), contexts, {"pointer": CellState(1)})


def last_put(*, unless_zero: bool) -> System:
    """A reader takes a reference, uses the object and drops it, beside the owner's last put."""
    count, thing = Count("count"), Thing("thing")

    async def put() -> None:
        if await count.put():
            await thing.free()

    async def reader() -> None:
        if await (count.get_unless_zero() if unless_zero else count.get()):
            await thing.use()
            await put()

    return System((count, thing), (Context("reader", reader), Context("owner", put)))

"""Data touched without its lock: the access that it races with is found, and no other is taken for one."""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Caller, Outcome, handler
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay
from aprt.kernel.completion import Completion
from aprt.kernel.held import held, reading
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.verdict.unlocked import other_side, race


@attrs.frozen
class Pair:
    left: int = 0
    right: int = 0


@attrs.frozen(eq=False)
class Data(Actor[Pair]):
    lock: Mutex

    def initial(self) -> Pair:
        return Pair()

    @handler(reads="left", guarded_by="lock")
    def read_left(self, state: Pair, by: Caller) -> Outcome[Pair, int]:
        return state, state.left

    @handler(reads="right", guarded_by="lock")
    def read_right(self, state: Pair, by: Caller) -> Outcome[Pair, int]:
        return state, state.right

    @handler(writes="left", guarded_by="lock")
    def set_left(self, state: Pair, by: Caller, value: int) -> Outcome[Pair, None]:
        return attrs.evolve(state, left=value), None


LOCK = Mutex("lock")
DATA = Data("data", LOCK)


async def careless_write() -> None:
    await DATA.set_left(1)


async def careful_read() -> None:
    async with held(LOCK):
        await DATA.read_left()


async def careful_read_of_another_field() -> None:
    async with held(LOCK):
        await DATA.read_right()


async def careless_read() -> None:
    await DATA.read_left()


def system(*behaviours: object) -> System:
    contexts = tuple(Context(name, behaviour) for name, behaviour in zip("ab", behaviours, strict=True))  # type: ignore[arg-type]
    return System((LOCK, DATA), contexts)


def test_a_write_without_the_lock_races_with_a_read_that_has_it() -> None:
    found = race(system(careless_write, careful_read), DATA)
    assert found is not None
    assert found.text == "a does data.set_left without holding lock, in no order with data.read_left by b"
    assert [label.op for label in found.schedule] == ["lock.lock", "data.set_left", "data.read_left"]


def test_accesses_of_two_fields_and_two_reads_do_not_race() -> None:
    assert race(system(careless_write, careful_read_of_another_field), DATA) is None
    assert race(system(careless_read, careful_read), DATA) is None


def test_a_lock_that_both_hold_keeps_them_apart_although_another_is_missing() -> None:
    other = Mutex("other")

    async def write() -> None:
        async with held(other):
            await DATA.set_left(1)

    async def read() -> None:
        async with held(other):
            await DATA.read_left()

    both = System((LOCK, other, DATA), (Context("a", write), Context("b", read)))
    assert race(both, DATA) is None


def test_a_completion_orders_accesses_as_a_lock_does() -> None:
    done = Completion("done")

    async def prepare() -> None:
        await DATA.set_left(1)
        await done.complete()

    async def wait() -> None:
        await done.wait()
        async with held(LOCK):
            await DATA.read_left()

    both = System((LOCK, done, DATA), (Context("a", prepare), Context("b", wait)))
    assert race(both, DATA) is None
    order = [("a", "data.set_left"), ("a", "done.complete"), ("b", "done.wait"), ("b", "lock.lock")]
    events = replay(both, Schedule.of([*order, ("b", "data.read_left")])).events
    assert other_side(both, events) is None


def test_readers_of_a_lock_do_not_keep_each_other_away() -> None:
    sem = RwSem("sem")

    async def write() -> None:
        async with reading(sem):
            await DATA.set_left(1)

    async def read() -> None:
        async with reading(sem), held(LOCK):
            await DATA.read_left()

    found = race(System((LOCK, sem, DATA), (Context("a", write), Context("b", read))), DATA)
    assert found is not None
    assert found.text == "a does data.set_left without holding lock, in no order with data.read_left by b"

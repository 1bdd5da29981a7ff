"""Data touched without its lock: the access that it races with is found, and no other is taken for one."""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.completion import Completion
from aprt.kernel.held import held, reading
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.verdict.cause import STATES, Cause, race_cause
from aprt.verdict.unlocked import other_side, race
from aprt.view.cause_text import why_lines
from tests.verdict.cases import case_of


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
TOLD = Cell("told", 0)


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


def why_it_races(system: System, states: int = STATES) -> tuple[Cause, list[str]] | None:
    found = race(system, DATA)
    assert found is not None
    *_, first, second = replay(system, found.schedule).events
    cause = race_cause(case_of(system), system, first, second, states)
    return None if cause is None else (cause, why_lines(cause, cause.token))


def test_the_order_that_lets_two_accesses_come_next_to_each_other_decides_that_they_race() -> None:
    async def write_unless_told() -> None:
        if not await TOLD.read():
            await careless_write()

    async def tell_and_read() -> None:
        await TOLD.write(1)
        await careful_read()

    told = Context("a", write_unless_told), Context("b", tell_and_read)
    told_or_not = System((LOCK, DATA, TOLD), told)
    why = why_it_races(told_or_not)
    assert why is not None
    assert why[1] == [
        "Why",
        "smallest    this one: 1 preemption, 3 steps, 1 switch",
        "            optimal: no failing schedule with fewer preemptions exists",
        "then        a: data.set_left and b: data.read_left, in either order",
        "decides     a: told.read before b: told.write",
        "            (turned round, nothing that can follow races like this)",
        "always      a: told.read -> b: told.write",
        "searched    16 states, all there are up to a race",
    ]
    assert [label.op for label in why[0].minimal.schedule][-2:] == ["data.set_left", "data.read_left"]
    assert why_it_races(told_or_not, states=2) is None


def test_of_accesses_that_nothing_comes_before_every_execution_has_the_race() -> None:
    why = why_it_races(system(careless_write, careless_read))
    assert why is not None
    assert why[1] == [
        "Why",
        "smallest    this one: 0 preemptions, 0 steps, 0 switches",
        "            optimal: no failing schedule with fewer preemptions exists",
        "then        a: data.set_left and b: data.read_left, in either order",
        "decides     nothing: every execution comes to where the two race",
        "searched    1 state, all there are up to a race",
    ]

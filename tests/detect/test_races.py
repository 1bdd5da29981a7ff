"""Data races: seen where nothing orders two accesses, also if they never met; and not where something does."""

from __future__ import annotations

import attrs
import pytest

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.system import System
from aprt.detect.races import races
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.completion import Completion
from aprt.kernel.held import held, reading, writing
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.mutex import Mutex
from aprt.kernel.refcount import RefCount
from aprt.kernel.rwsem import RwSem
from aprt.kernel.wait_queue import WaitQueue
from aprt.kernel.workqueue import Work, worker

from .hearing import detected, system, turns

N = Cell("n", 0)


async def bump() -> None:
    await N.write(await N.read() + 1)


def test_two_unordered_updates_of_a_counter_race_although_they_never_met() -> None:
    found = detected(system((N,), a=bump, b=bump), "a* b*", "race")
    assert [(race.index, race.text, race.objects) for race in found] == [
        (2, "n (value) is written by a and read by b, in no order", ("n",)),
        (3, "n (value) is read by a and written by b, in no order", ("n",)),
        (3, "n (value) is written by a and written by b, in no order", ("n",)),
    ]
    assert [[(site.role, site.index, site.where) for site in race.sites] for race in found[:1]] == [
        [("write", 1, "a in bump()"), ("read", 2, "b in bump()")]
    ]


def test_reads_do_not_race() -> None:
    async def look() -> None:
        await N.read()

    assert detected(system((N,), a=look, b=look), "a* b*", "race") == ()


def test_atomic_operations_race_with_plain_accesses_only() -> None:
    async def add() -> None:
        await N.add(1)

    async def look() -> None:
        await N.read()

    assert detected(system((N,), a=add, b=add), "a* b*", "race") == ()
    (race,) = detected(system((N,), a=add, b=look), "a* b*", "race")
    assert race.text == "n (value) is written by a and read by b, in no order"


def test_what_happens_again_is_told_once() -> None:
    async def often() -> None:
        for _ in range(5):
            await bump()

    assert len(detected(system((N,), a=often, b=often), "a* b* ", "race")) == 3


def locked() -> System:
    m = Mutex("m")

    async def section() -> None:
        async with held(m):
            await bump()

    return system((N, m), a=section, b=section)


def by_message() -> System:
    box: Mailbox[str] = Mailbox("box")

    async def sender() -> None:
        await bump()
        await box.send("done")

    async def receiver() -> None:
        await box.receive()
        await bump()

    return system((N, box), a=sender, b=receiver)


def by_room() -> System:
    box: Mailbox[str] = Mailbox("box", capacity=1)

    async def sender() -> None:
        await box.send("one")
        await box.send("two")
        await bump()

    async def receiver() -> None:
        await bump()
        await box.receive()

    return system((N, box), b=sender, a=receiver)


def spawned() -> System:
    """The starter updates before it starts the work, and again when it has ended."""
    work = Work("work")

    async def starter() -> None:
        await bump()
        await work.queue()
        await work.flush()
        await bump()

    return system((N, work), daemons="b", a=starter, b=lambda: worker(work, bump))


def woken() -> System:
    queue = WaitQueue("queue")

    async def waker() -> None:
        await bump()
        await queue.wake_all()

    async def sleeper() -> None:
        await queue.prepare()
        await queue.schedule()
        await bump()

    return system((N, queue), a=waker, b=sleeper)


def completed() -> System:
    done = Completion("done")

    async def completer() -> None:
        await bump()
        await done.complete()

    async def waiter() -> None:
        await done.wait()
        await bump()

    return system((N, done), a=completer, b=waiter)


def last_put() -> System:
    refs = RefCount("refs", 2)

    async def user() -> None:
        await bump_if_last(False)

    async def bump_if_last(first: bool) -> None:
        if first:
            await bump()
        if await refs.put():
            await bump()

    return system((N, refs), a=lambda: bump_if_last(True), b=user)


def reader_then_writer() -> System:
    sem = RwSem("sem")

    async def reader() -> None:
        async with reading(sem):
            await N.read()

    async def writer() -> None:
        async with writing(sem):
            await N.write(1)

    return system((N, sem), a=reader, b=writer)


ORDERED = {
    "a lock": (locked, "a* b*"),
    "a message": (by_message, "a* b*"),
    "the room that a message left": (by_room, "b a* b*"),
    "starting work and waiting for its end": (spawned, "a* b* a*"),
    "a wake-up": (woken, "b a* b*"),
    "a completion": (completed, "a* b*"),
    "the last reference": (last_put, "a* b*"),
    "readers before a writer": (reader_then_writer, "a* b*"),
    "a writer before readers": (reader_then_writer, "b* a*"),
}


@pytest.mark.parametrize("name", ORDERED)
def test_what_is_ordered_does_not_race(name: str) -> None:
    build, text = ORDERED[name]
    assert detected(build(), text, "race") == ()


def test_two_readers_who_write_race() -> None:
    sem = RwSem("sem")

    async def reader() -> None:
        async with reading(sem):
            await N.write(1)

    async def other() -> None:
        async with reading(sem):
            await N.write(2)

    (race,) = detected(system((N, sem), a=reader, b=other), "a* b*", "race")
    assert race.objects == ("n",)


def test_a_lock_that_only_one_of_them_takes_orders_nothing() -> None:
    m = Mutex("m")

    async def careful() -> None:
        async with held(m):
            await bump()

    assert len(detected(system((N, m), a=careful, b=bump), "a* b*", "race")) == 3


def test_a_lock_that_is_given_back_before_the_access_orders_nothing() -> None:
    m = Mutex("m")

    async def early() -> None:
        async with held(m):
            pass
        await N.write(1)

    async def look() -> None:
        async with held(m):
            await N.read()

    (race,) = detected(system((N, m), a=early, b=look), "a* b*", "race")
    assert race.text == "n (value) is written by a and read by b, in no order"


def test_a_message_orders_what_comes_after_it_in_no_way() -> None:
    box: Mailbox[str] = Mailbox("box")

    async def sender() -> None:
        await box.send("go")
        await bump()

    async def receiver() -> None:
        await box.receive()
        await bump()

    assert len(detected(system((N, box), a=sender, b=receiver), "a* b*", "race")) == 3


def test_a_put_that_is_not_the_last_is_no_acquire() -> None:
    refs = RefCount("refs", 3)

    async def user(value: int) -> None:
        await N.write(value)
        await refs.put()

    async def late() -> None:
        await refs.put()
        await N.write(2)

    (race,) = detected(system((N, refs), a=lambda: user(1), b=late), "a* b*", "race")
    assert race.text == "n (value) is written by a and written by b, in no order"


class Pair(Actor[tuple[int, int]]):
    """Two numbers that nobody declares apart: every access is one of both."""

    def initial(self) -> tuple[int, int]:
        return 0, 0

    @handler(reads="*")
    def first(self, state: tuple[int, int], by: Caller) -> Outcome[tuple[int, int], int]:
        return state, state[0]

    @handler(writes="*")
    def set_second(self, state: tuple[int, int], by: Caller, value: int) -> Outcome[tuple[int, int], None]:
        return (state[0], value), None


def test_what_declares_no_fields_races_as_a_whole() -> None:
    pair = Pair("pair")

    async def look() -> None:
        await pair.first()

    async def change() -> None:
        await pair.set_second(1)

    (race,) = detected(system((pair,), a=look, b=change), "a* b*", "race")
    assert race.text == "pair is read by a and written by b, in no order"


@attrs.frozen
class TwoNumbers:
    left: int = 0
    right: int = 0


class Numbers(Actor[TwoNumbers]):
    """Messages that declare what they write; one of them, that it reads no more than that."""

    def initial(self) -> TwoNumbers:
        return TwoNumbers()

    @handler(writes="left")
    def set_left(self, state: TwoNumbers, by: Caller, value: int) -> Outcome[TwoNumbers, None]:
        return attrs.evolve(state, left=value), None

    @handler(writes="right")
    def set_right(self, state: TwoNumbers, by: Caller, value: int) -> Outcome[TwoNumbers, None]:
        return attrs.evolve(state, right=value), None

    @handler(reads="", writes="left right")
    def set_both(self, state: TwoNumbers, by: Caller, value: int) -> Outcome[TwoNumbers, None]:
        return TwoNumbers(value, value), None


def test_of_each_field_it_is_told_who_reads_and_who_writes_it() -> None:
    numbers = Numbers("numbers")

    async def left() -> None:
        await numbers.set_left(1)

    async def right() -> None:
        await numbers.set_right(2)

    async def both() -> None:
        await numbers.set_both(3)

    told = {
        others: [race.text for race in detected(system((numbers,), a=left, b=others), "a* b*", "race")]
        for others in (right, both)
    }
    assert told == {
        right: [
            "numbers (left) is written by a and read by b, (right) is read by a and written by b, in no order",
        ],
        both: [
            "numbers (left) is written by a and written by b, (right) is read by a and written by b, in no order",
        ],
    }


def test_the_races_of_a_log_are_those_that_were_heard() -> None:
    two = system((N,), a=bump, b=bump)
    found = races(two, replay(two, turns(two, "a b a b")).events)
    assert [(race.first.index, race.second.index) for race in found] == [(1, 2), (0, 3), (2, 3)]
    assert found == detected(two, "a b a b", "race")

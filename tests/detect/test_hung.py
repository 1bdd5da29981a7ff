"""Hung tasks: a circle is told when it closes, with its tail; what waits for nobody is told at the end."""

from __future__ import annotations

import pytest

from aprt.core.system import System
from aprt.detect.hung import Hung
from aprt.explore.replay import replay
from aprt.kernel.cell import Cell
from aprt.kernel.completion import Completion
from aprt.kernel.held import held, reading, writing
from aprt.kernel.mailbox import Mailbox
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.workqueue import Work, worker
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free
from aprt.runtime.stage import Stage

from .hearing import Heard, detected, system, turns

A, B, N = Mutex("A"), Mutex("B"), Cell("n", 0)


async def both(first: Mutex, second: Mutex) -> None:
    async with held(first), held(second):
        pass


async def one(lock: Mutex) -> None:
    async with held(lock):
        pass


async def count() -> None:
    for _ in range(20):
        await N.add(1)


def crossed() -> System:
    """AB-BA, a third context that needs A, and one that has nothing to do with them."""
    return system((A, B, N), left=lambda: both(A, B), right=lambda: both(B, A), third=lambda: one(A), other=count)


def names(hung: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    assert isinstance(hung, Hung)
    return tuple(wait.context for wait in hung.cycle), tuple(wait.context for wait in hung.tail)


def test_a_circle_of_two_with_a_third_waiter_is_told_when_it_closes_although_another_context_goes_on() -> None:
    crossing = crossed()
    heard = Heard(crossing, ["hang"])
    execution = replay(crossing, turns(crossing, "other left other*3 right other*"), (), (heard,))
    assert execution.ending == "deadlock"
    ((steps, hung),) = heard.first
    assert (steps, hung.index, names(hung)) == (6, 5, (("left", "right"), ("third",)))
    assert hung.text == (
        "deadlock of 2, 1 behind: left waits for B.lock, held by right; right waits for A.lock, held by left; "
        "third waits for A.lock, held by left"
    )
    assert hung.objects == ("left", "right", "third", "B", "A")
    assert heard.detectors.found == (hung,)
    assert heard.steps == 22


def test_who_comes_to_wait_later_is_told_at_the_end() -> None:
    async def late() -> None:
        await N.add(1)
        await one(A)

    crossing = system((A, B, N), left=lambda: both(A, B), right=lambda: both(B, A), third=late)
    heard = Heard(crossing, ["hang"])
    replay(crossing, turns(crossing, "left right third"), (), (heard,))
    (first, at_first), (last, in_the_end) = heard.first
    assert (first, names(at_first)) == (2, (("left", "right"), ()))
    assert (last, names(in_the_end)) == (3, (("left", "right"), ("third",)))
    assert heard.detectors.found == (in_the_end,)
    assert in_the_end.index == at_first.index == 1


def test_one_order_of_locks_is_silent() -> None:
    orderly = system((A, B, N), left=lambda: both(A, B), right=lambda: both(A, B), third=lambda: one(A))
    assert detected(orderly, "left left* right* third*", "hang") == ()
    assert detected(orderly, "left", "hang") == ()


@pytest.mark.trio
async def test_left_to_trio_a_deadlock_is_told_as_the_explorer_tells_it() -> None:
    crossing, told = crossed(), set()
    async with Stage(crossing) as stage:
        for seed in range(20):
            live = Heard(crossing, ["hang"])
            execution = await stage.run(Free(seed, jitter=3), Watch(listeners=(live,)))
            explored = Heard(crossing, ["hang"])
            assert replay(crossing, execution.schedule, (), (explored,)) == execution
            assert live.detectors.found == explored.detectors.found
            assert bool(live.detectors.found) == (execution.ending == "deadlock")
            told |= {execution.ending}
    assert told == {"end", "deadlock"}


def test_a_context_that_waits_for_itself_is_a_circle_of_one() -> None:
    alone = system((A,), a=lambda: both(A, A))
    (hung,) = detected(alone, "a*", "hang")
    assert (hung.index, hung.text) == (1, "deadlock of 1: a waits for A.lock, held by a")
    assert [(site.role, site.index, site.context) for site in hung.sites] == [("took", 0, "a"), ("waits", 1, "a")]


def test_readers_who_want_to_write_wait_for_each_other() -> None:
    one_sem, other = RwSem("one"), RwSem("other")

    async def upgrade(read: RwSem, write: RwSem) -> None:
        async with reading(read), writing(write):
            pass

    crossing = system((one_sem, other), a=lambda: upgrade(one_sem, other), b=lambda: upgrade(other, one_sem))
    (hung,) = detected(crossing, "a b", "hang")
    assert (hung.index, names(hung)) == (1, (("a", "b"), ()))


def test_a_reader_behind_a_writer_who_waits_closes_a_circle() -> None:
    fair = RwSem("fair", writer_first=True)

    async def reader() -> None:
        async with reading(fair), held(A):
            pass

    async def late_reader() -> None:
        async with held(A), reading(fair):
            pass

    async def writer() -> None:
        async with writing(fair):
            pass

    three = system((fair, A), r=reader, late=late_reader, w=writer)
    (hung,) = detected(three, "r late w", "hang")
    assert (hung.index, names(hung)) == (2, (("late", "w", "r"), ()))


def test_waiting_for_work_that_needs_what_the_waiter_holds_is_a_circle() -> None:
    work = Work("work")

    async def flusher() -> None:
        await work.queue()
        async with held(A):
            await work.flush()

    flushing = system((A, work), daemons="b", a=flusher, b=lambda: worker(work, one, A))
    (hung,) = detected(flushing, "a*2 b", "hang")
    assert hung.text == "deadlock of 2: a waits for work.flush, held by b; b waits for A.lock, held by a"


def test_what_nobody_is_going_to_do_is_told_at_the_end() -> None:
    done, box = Completion("done"), Mailbox[str]("box")

    async def wait() -> None:
        await done.wait()

    async def receive() -> None:
        await box.receive()

    waiting = system((done, box), a=wait, b=receive, daemons="b")
    (hung,) = detected(waiting, "", "hang")
    assert (hung.index, hung.text) == (-1, "nobody goes on: a waits for done.wait")


def promised(helps: bool) -> System:
    """A waiter holds what the completer needs before it completes; a helper may complete instead of it."""
    done = Completion("done")

    async def wait() -> None:
        async with held(A):
            await done.wait()

    async def complete() -> None:
        await done.promise()
        async with held(A):
            await done.complete()

    async def helper() -> None:
        await N.add(1)
        if helps:
            await done.complete()

    return system((A, N, done), waiter=wait, completer=complete, helper=helper)


def test_a_circle_with_a_promise_in_it_may_open_while_others_run_and_is_told_when_nobody_does() -> None:
    assert detected(promised(helps=True), "waiter completer helper* waiter*", "hang") == ()
    assert detected(promised(helps=False), "waiter completer", "hang") == ()  # the helper may, for all that is known
    (hung,) = detected(promised(helps=False), "waiter completer helper*", "hang")
    assert (hung.index, names(hung)) == (1, (("completer", "waiter"), ()))
    assert hung.text == (
        "deadlock of 2: completer waits for A.lock, held by waiter; waiter waits for done.wait, held by completer"
    )


@pytest.mark.parametrize("readers", [("b", "c"), ("x", "y")])
def test_a_circle_that_lasts_is_told_behind_shorter_names_that_wait_for_promises(readers: tuple[str, str]) -> None:
    """p and q want to write what the other one reads; each is also waited for, by a reader in the way of the other."""
    s, m, p_done, q_done = RwSem("S"), RwSem("M"), Completion("p_done"), Completion("q_done")

    async def upgrade(done: Completion, read: RwSem, write: RwSem) -> None:
        await done.promise()
        async with reading(read), writing(write):
            pass

    async def wait(done: Completion, read: RwSem) -> None:
        async with reading(read):
            await done.wait()

    first, second = readers
    waiting = {first: lambda: wait(p_done, s), second: lambda: wait(q_done, m)}
    upgrading = {"p": lambda: upgrade(p_done, m, s), "q": lambda: upgrade(q_done, s, m)}
    crossing = system((N, s, m, p_done, q_done), **upgrading, **waiting, other=count)
    heard = Heard(crossing, ["hang"])
    replay(crossing, turns(crossing, f"{first} {second} p*2 q*2 other*5"), (), (heard,))
    ((steps, hung),) = heard.first
    assert (steps, names(hung)) == (6, (("p", "q"), readers))
    assert heard.detectors.found == (hung,)

    stuck = Heard(crossing, ["hang"])
    replay(crossing, turns(crossing, f"{first} {second} p*2 q*2 other*"), (), (stuck,))
    circles = {frozenset(names(one)[0]) for one in stuck.detectors.found}
    assert circles == {frozenset(pair) for pair in (("p", "q"), ("p", first), ("q", second))}
    assert stuck.first[0] == (6, hung)


@pytest.mark.parametrize(("promised", "locked"), [("b", "c"), ("c", "b")])
def test_a_circle_is_told_when_it_closes_whoever_else_waits_for_a_promise(promised: str, locked: str) -> None:
    sem, done = RwSem("S"), Completion("done")

    async def writer() -> None:
        await done.promise()
        async with held(A), writing(sem):
            pass

    async def wait() -> None:
        async with reading(sem):
            await done.wait()

    async def lock() -> None:
        async with reading(sem), held(A):
            pass

    crossing = system((A, N, sem, done), a=writer, **{promised: wait, locked: lock}, other=count)
    heard = Heard(crossing, ["hang"])
    replay(crossing, turns(crossing, "b c a*2 other"), (), (heard,))
    ((steps, hung),) = heard.first
    assert (steps, names(hung)) == (4, (("a", locked), (promised,)))


def test_a_circle_is_told_once_whoever_else_comes_to_hold_what_is_waited_for() -> None:
    sem = RwSem("S")

    async def writer() -> None:
        async with held(A), writing(sem):
            pass

    async def reader() -> None:
        async with reading(sem), held(A):
            pass

    async def late() -> None:
        async with reading(sem):
            await count()

    crossing = system((A, N, sem), a=writer, b=reader, c=late)
    heard = Heard(crossing, ["hang"])
    replay(crossing, turns(crossing, "b a c*3"), (), (heard,))
    assert [(steps, hung.text) for steps, hung in heard.first] == [
        (2, "deadlock of 2: a waits for S.down_write, held by b; b waits for A.lock, held by a"),
        (5, "deadlock of 2: a waits for S.down_write, held by b and c; b waits for A.lock, held by a"),
    ]


def test_a_lock_that_was_never_given_back_names_its_holder() -> None:
    async def forget() -> None:
        await A.lock()

    (hung,) = detected(system((A,), a=forget, b=lambda: one(A)), "a", "hang")
    assert hung.text == "nobody goes on: b waits for A.lock, held by a"
    assert detected(system((A,), a=forget), "a", "hang") == ()

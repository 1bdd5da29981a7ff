"""Lock order: a circle is told though no two of its contexts ever meet, in one execution or in several."""

from __future__ import annotations

from aprt.core.effects import choose
from aprt.core.system import System
from aprt.detect.detectors import Detectors
from aprt.detect.lock_order import Circle
from aprt.explore.replay import replay
from aprt.kernel.held import held, reading, writing
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem

from .hearing import Heard, detected, system, turns

A, B = Mutex("A"), Mutex("B")


async def both(first: Mutex, second: Mutex) -> None:
    async with held(first), held(second):
        pass


def crossed() -> System:
    return system((A, B), left=lambda: both(A, B), right=lambda: both(B, A))


def test_one_after_the_other_shows_the_circle_at_the_request_that_closes_it() -> None:
    heard = Heard(crossed(), ["lock-order"])
    replay(crossed(), turns(crossed(), "left* right*"), (), (heard,))
    ((steps, circle),) = heard.first
    assert (steps, circle.index, circle.objects) == (5, 4, ("A", "B"))
    assert circle.text == "possible circular locking dependency: A -> B -> A"
    assert [(site.where, site.op, site.index) for site in circle.sites] == [
        ("left in both()", "B while it holds A", 0),
        ("right in both()", "A while it holds B", 4),
    ]
    assert detected(crossed(), "left* right*", "lock-order") == (circle,)


def test_two_executions_together_show_a_circle_that_neither_has() -> None:
    async def either() -> None:
        if await choose("order", "AB", "BA") == "AB":
            await both(A, B)
        else:
            await both(B, A)

    one = system((A, B), a=either)
    detectors = Detectors(one, ["lock-order"])
    ab, ba = turns(one, "a*"), turns(one, "a*")
    ba = type(ba).of([("a", "choose order=BA"), ("a", "B.lock"), ("a", "A.lock")])
    replay(one, ab, (), (detectors,))
    assert detectors.found == ()
    detectors.begin()
    replay(one, ba, (), (detectors,))
    (circle,) = detectors.across
    assert isinstance(circle, Circle)
    assert [site.index for site in circle.sites] == [None, 1]
    alone = Detectors(one, ["lock-order"])
    replay(one, ba, (), (alone,))
    assert alone.found == detectors.found == ()
    assert alone.across == ()


def test_what_is_found_in_an_execution_is_the_same_whatever_was_heard_before() -> None:
    crossing = crossed()
    whole, half = turns(crossing, "left* right*"), turns(crossing, "left*")
    detectors, fresh = Detectors(crossing, ["lock-order"]), Detectors(crossing, ["lock-order"])
    replay(crossing, whole, (), (detectors,))
    (circle,) = detectors.found
    assert detectors.across == ()  # this execution shows it alone
    detectors.begin()
    replay(crossing, half, (), (detectors,))
    replay(crossing, half, (), (fresh,))
    assert detectors.found == fresh.found == ()
    (seen,) = detectors.across
    assert (seen.text, [site.index for site in seen.sites]) == (circle.text, [0, None])
    detectors.begin()
    replay(crossing, whole, (), (detectors,))
    assert (detectors.found, detectors.across) == ((circle,), ())


def test_one_order_is_silent() -> None:
    orderly = system((A, B), left=lambda: both(A, B), right=lambda: both(A, B))
    assert detected(orderly, "left* right*", "lock-order") == ()


def crossed_readers(writer: bool) -> System:
    """Two contexts read two rwsems in opposite orders; writer: each of them has one that holds nothing else."""
    one, other = RwSem("one"), RwSem("other")

    async def read(first: RwSem, second: RwSem) -> None:
        async with reading(first), reading(second):
            pass

    async def write() -> None:
        for sem in (one, other):
            async with writing(sem):
                pass

    contexts = {"w": write} if writer else {}
    return system((one, other), a=lambda: read(one, other), b=lambda: read(other, one), **contexts)


def test_readers_make_a_circle_where_writers_may_come_between() -> None:
    (circle,) = detected(crossed_readers(writer=True), "a* b* w*", "lock-order")
    assert circle.text == "possible circular locking dependency: one -> other -> one"
    assert [site.context for site in circle.sites] == ["a", "b"]
    assert detected(crossed_readers(writer=False), "a* b*", "lock-order") == ()


def reads_again(writer: bool) -> System:
    sem = RwSem("sem")

    async def twice() -> None:
        async with reading(sem), reading(sem):
            pass

    async def write() -> None:
        async with writing(sem):
            pass

    return system((sem,), a=twice, **({"w": write} if writer else {}))


def test_a_lock_that_is_read_again_is_a_circle_of_one_where_a_writer_may_come_between() -> None:
    for text in ("a* w*", "w* a*"):
        (circle,) = detected(reads_again(writer=True), text, "lock-order")
        assert circle.text == "possible recursive locking: sem -> sem"
        assert [(site.where, site.op) for site in circle.sites] == [("a in twice()", "sem while it holds sem")]
    assert detected(reads_again(writer=False), "a*", "lock-order") == ()


def test_two_of_a_class_are_a_circle_of_one_unless_nested_on_purpose() -> None:
    first, second = Mutex("vm0", lock_class="vm"), Mutex("vm1", lock_class="vm")

    async def nested(subclass: int) -> None:
        async with held(first):
            await second.lock(subclass)
            await second.unlock()

    (circle,) = detected(system((first, second), a=lambda: nested(0)), "a*", "lock-order")
    assert circle.text == "possible recursive locking: vm -> vm"
    assert detected(system((first, second), a=lambda: nested(1)), "a*", "lock-order") == ()

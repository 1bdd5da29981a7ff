"""One battery over everything that keeps others out: it excludes, and misuse is a finding.

Misuse changes nothing, with one exception: whoever unlocks a mutex or a spinlock makes it free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK, Actor
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.finding import Finding
from aprt.core.notes import Broken, Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK, at_end
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.cell import Cell
from aprt.kernel.held import Section, held, writing
from aprt.kernel.mutex import Mutex, MutexState
from aprt.kernel.rules import RULES
from aprt.kernel.rwsem import RwSem, RwSemState
from aprt.kernel.spinlock import Spinlock, SpinlockState
from tests.kernel.callers import A, B, answer


@attrs.frozen(eq=False)
class LockLike:
    """owned: the state in which `a` has the lock. states: how many `increments` has under it."""

    lock: Actor[Any]
    section: Callable[..., Section]
    owned: Any
    hold: Hold
    states: int

    @property
    def take(self) -> Call[None]:
        return self.section(self.lock).take

    @property
    def give(self) -> Call[None]:
        return self.section(self.lock).give


# Two threads, each at one of five places: 0 outside, 1 locked, 2 read, 3 written, 4 unlocked. All 25 pairs but the
# 9 in which both are at 1, 2 or 3 are reached, each with one value: 16 states. A writer that announces itself has
# one place more, `announced`, which goes with all 5 places of the other that are not `announced`, and with itself:
# 16 + 2 * 5 + 1 = 27.
LOCKS = (
    LockLike(Mutex("l"), held, MutexState("a"), Hold("l"), 16),
    LockLike(Spinlock("l"), held, SpinlockState("a"), Hold("l", atomic=True), 16),
    LockLike(RwSem("l"), writing, RwSemState(writer="a"), Hold("l", "write"), 16),
    LockLike(RwSem("l", writer_first=True), writing, RwSemState(writer="a"), Hold("l", "write"), 27),
)
NAMES = ("mutex", "spinlock", "rwsem", "rwsem-writer-first")

each_lock = pytest.mark.parametrize("it", LOCKS, ids=NAMES)


def increments(it: LockLike, *, when: bool) -> System:
    """Two threads that add one to a shared number, reading it and writing it back in two steps."""
    number = Cell("number", 0)

    async def add_one() -> None:
        async with it.section(it.lock, when=when):
            value = await number.read()
            await number.write(value + 1)

    return System((it.lock, number), (Context("a", add_one), Context("b", add_one)))


BOTH_COUNT = at_end("both count", (number := Cell("number", 0),), lambda view: bad(view(number).value))


def bad(value: int) -> str | None:
    return None if value == 2 else f"the number is {value}"


@each_lock
def test_a_free_lock_is_taken(it: LockLike) -> None:
    assert answer(it.take, it.lock.initial(), A) == (it.owned, None, (Took(it.hold),))


@each_lock
def test_a_held_lock_blocks_everybody_else(it: LockLike) -> None:
    assert answer(it.take, it.owned, B) is BLOCK


@each_lock
def test_giving_it_back_makes_it_free(it: LockLike) -> None:
    assert answer(it.give, it.owned, A) == (it.lock.initial(), None, (Gave("l"),))


@each_lock
def test_taking_it_twice_is_an_oops_and_changes_nothing(it: LockLike) -> None:
    oops = Oops("K1", "a locks l, which it already holds")
    assert answer(it.take, it.owned, A) == (it.owned, None, (oops,))


@each_lock
def test_giving_back_what_another_holds_is_a_finding(it: LockLike) -> None:
    broken = Broken("K2", "b releases l, which a holds")
    after = it.owned if isinstance(it.lock, RwSem) else it.lock.initial()
    assert answer(it.give, it.owned, B) == (after, None, (broken,))


@pytest.mark.parametrize("it", LOCKS[:2], ids=NAMES[:2])
def test_who_lost_a_lock_to_an_unlock_by_another_holds_it_up_to_its_own_which_is_wrong_as_well(it: LockLike) -> None:
    free, thinks = it.lock.initial(), Caller("a", (it.hold,))
    broken = Broken("K2", "a releases l, which nobody holds")
    assert answer(it.give, free, thinks) == (free, None, (broken, Gave("l")))
    taken = attrs.evolve(it.owned, owner="b")
    assert answer(it.give, taken, thinks) == (free, None, (Broken("K2", "a releases l, which b holds"), Gave("l")))


@pytest.mark.parametrize("it", LOCKS[:2], ids=NAMES[:2])
def test_an_unlock_by_another_lets_a_third_in(it: LockLike) -> None:
    right = increments(it, when=True)

    async def unlock() -> None:
        await it.give

    wrong = attrs.evolve(right, contexts=(*right.contexts, Context("c", unlock)))
    (finding,) = explore(wrong, (BOTH_COUNT,)).findings
    assert (finding.text, len(finding.schedule)) == ("the number is 1", 9)
    found = explore(wrong, (BOTH_COUNT, *RULES), stop_on="all")
    assert {finding.property for finding in found.findings} == {"both count", "K2"}
    assert found.complete


@each_lock
def test_giving_back_a_free_lock_is_a_finding_and_changes_nothing(it: LockLike) -> None:
    free = it.lock.initial()
    broken = Broken("K2", "a releases l, which nobody holds")
    assert answer(it.give, free, A) == (free, None, (broken,))


@each_lock
def test_no_update_is_lost_under_the_lock(it: LockLike) -> None:
    found = explore(increments(it, when=True), (BOTH_COUNT, DEADLOCK, *RULES), stop_on="all")
    assert (found.findings, found.complete, found.states, found.ends) == ((), True, it.states, 1)


@each_lock
def test_an_update_is_lost_without_the_lock(it: LockLike) -> None:
    found = explore(increments(it, when=False), (BOTH_COUNT,))
    steps = [("a", "number.read"), ("b", "number.read"), ("a", "number.write"), ("b", "number.write")]
    assert [finding.text for finding in found.findings] == ["the number is 1"]
    assert sorted(found.findings[0].schedule, key=str) == sorted(Schedule.of(steps), key=str)


@each_lock
def test_locks_taken_in_two_orders_deadlock(it: LockLike) -> None:
    other = Mutex("other")

    async def inwards() -> None:
        async with it.section(it.lock), held(other):
            pass

    async def outwards() -> None:
        async with held(other), it.section(it.lock):
            pass

    found = explore(System((it.lock, other), (Context("a", inwards), Context("b", outwards))), (DEADLOCK,))
    (finding,) = found.findings
    assert isinstance(finding, Finding)
    assert finding.text == f"a waits for other.lock, b waits for {it.take}"


@pytest.mark.parametrize("lock", [Mutex("l"), Spinlock("l")], ids=["mutex", "spinlock"])
def test_trylock_says_whether_the_lock_is_now_held(lock: Mutex | Spinlock) -> None:
    owned, reply, notes = answer(lock.trylock(), lock.initial(), A)
    assert (owned.owner, reply, notes) == ("a", True, (Took(Hold("l", atomic=isinstance(lock, Spinlock))),))
    assert answer(lock.trylock(), owned, B) == (owned, False, ())
    assert answer(lock.trylock(), owned, A) == (owned, False, ())

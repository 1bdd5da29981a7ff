"""refcount: the last put is known, and taking a reference that is gone is a finding."""

from __future__ import annotations

import attrs
import pytest

from aprt.core.caller import Caller
from aprt.core.notes import Broken, Gave, Hold, Oops, Took
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.object import Object
from aprt.kernel.refcount import SATURATED, RefCount, RefCountState, dec_and_test, inc, inc_not_zero
from aprt.kernel.rules import RULES, recursive
from tests.kernel.callers import A, answer


@attrs.frozen
class Freed:
    live: bool = True


class Thing(Object[Freed]):
    def initial(self) -> Freed:
        return Freed()


REFS = RefCount("refs")
GET = Broken("K3", "a takes a reference to refs, which has none left")
PUT = Broken("K3", "a puts a reference to refs, which has none left")


@pytest.mark.parametrize(
    ("count", "after"),
    [
        (1, (2, None, ())),
        (2, (3, None, ())),
        (0, (SATURATED, None, (GET,))),
        (SATURATED, (SATURATED, None, ())),
    ],
)
def test_inc_needs_a_reference_that_is_there(count: int, after: object) -> None:
    assert inc(count, "refs", A) == after


@pytest.mark.parametrize(
    ("count", "after"),
    [(1, (2, True, ())), (0, (0, False, ())), (SATURATED, (SATURATED, True, ()))],
)
def test_inc_not_zero_takes_one_only_where_there_is_one(count: int, after: object) -> None:
    assert inc_not_zero(count, "refs", A) == after


@pytest.mark.parametrize(
    ("count", "after"),
    [
        (2, (1, False, ())),
        (1, (0, True, ())),
        (0, (SATURATED, False, (PUT,))),
        (SATURATED, (SATURATED, False, ())),
    ],
)
def test_dec_and_test_tells_the_last_put_and_an_underflow(count: int, after: object) -> None:
    assert dec_and_test(count, "refs", A) == after


def test_the_actor_starts_with_the_reference_of_its_creator_and_counts() -> None:
    assert REFS.initial() == RefCountState(1)
    assert RefCount("refs", start=3).initial() == RefCountState(3)
    assert answer(REFS.get(), RefCountState(1)) == (RefCountState(2), None, ())
    assert answer(REFS.get(), RefCountState(0)) == (RefCountState(SATURATED), None, (GET,))
    assert answer(REFS.get_unless_zero(), RefCountState(1)) == (RefCountState(2), True, ())
    assert answer(REFS.put(), RefCountState(1)) == (RefCountState(0), True, ())
    assert answer(REFS.put(), RefCountState(0)) == (RefCountState(SATURATED), False, (PUT,))


def test_the_last_put_begins_a_destruction_that_the_caller_holds_until_it_frees_the_object() -> None:
    begun = Hold("thing.destroy", "destroy")
    refs = RefCount("refs", destroys="thing")
    assert answer(refs.put(), RefCountState(2)) == (RefCountState(1), False, ())
    assert answer(refs.put(), RefCountState(1)) == (RefCountState(0), True, (Took(begun, asked=True),))
    freed = Freed(live=False)
    assert answer(Thing("thing").free(), Freed(), Caller("a", (begun,))) == (freed, None, (Gave("thing.destroy"),))
    assert answer(Thing("thing").free(), Freed(), A) == (freed, None, ())


def test_a_lock_that_was_held_at_the_last_put_is_not_needed_by_the_destruction() -> None:
    begun, early, late = Hold("thing.destroy", "destroy"), Hold("early"), Hold("late")
    by = Caller("a", (early, begun, late))
    k1 = [Oops("K1", f"a locks {lock}, which it already holds") for lock in ("early", "late")]
    p21 = Oops("P21", "a dropped the last reference under early, which thing.destroy needs")
    assert (recursive(by, "early"), recursive(by, "late")) == ((k1[0], p21), (k1[1],))


def test_a_count_that_stays_is_the_very_same_state() -> None:
    none, saturated = RefCountState(0), RefCountState(SATURATED)
    assert answer(REFS.get_unless_zero(), none)[0] is none
    assert answer(REFS.put(), saturated)[0] is saturated


async def owner() -> None:
    await REFS.put()


async def careless() -> None:
    await REFS.get()
    await REFS.put()


async def careful() -> None:
    if await REFS.get_unless_zero():
        await REFS.put()


def test_a_get_that_races_with_the_last_put_is_found() -> None:
    found = explore(System((REFS,), (Context("owner", owner), Context("a", careless))), RULES)
    assert [(finding.property, finding.text) for finding in found.findings] == [("K3", GET.text)]
    assert [str(label) for label in found.findings[0].schedule] == ["owner: refs.put", "a: refs.get"]


def test_get_unless_zero_may_race_with_the_last_put() -> None:
    found = explore(System((REFS,), (Context("owner", owner), Context("a", careful))), RULES)
    assert (found.findings, found.complete) == ((), True)

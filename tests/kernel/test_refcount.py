"""refcount: the last put is known, and taking a reference that is gone is a finding."""

from __future__ import annotations

import pytest

from aprt.core.notes import Broken
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.refcount import SATURATED, RefCount, RefCountState, dec_and_test, inc, inc_not_zero
from aprt.kernel.rules import RULES
from tests.kernel.callers import A, answer

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

"""Which properties a search put to the test: by check, and by what the property says it is about."""

from __future__ import annotations

import pytest

from aprt.core.events import Event
from aprt.core.exercise import Exercise, unexercised
from aprt.core.properties import (
    HANG,
    After,
    Always,
    AtEnd,
    Before,
    Check,
    History,
    NoDeadlock,
    Noted,
    Property,
)
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from tests.counter import Counter

USED, READ, IDLE = Counter("used"), Counter("read"), Counter("idle")


async def use() -> None:
    await USED.add(await READ.load())
    await USED.add(1)


SYSTEM = System((USED, READ, IDLE), (Context("a", use),))


def fine(*args: object) -> None:
    return None


def same(memory: object, event: Event) -> None:
    return None


@pytest.mark.parametrize(
    ("check", "exercised"),
    [
        (Before(USED, "add", (), fine), True),
        (Before(USED, "store", (), fine), False),
        (After(READ, "load", (), fine), True),
        (After(IDLE, "load", (), fine), False),
        (Always((USED, IDLE), fine), True),
        (Always((READ,), fine), False),  # handles messages, and never changes
        (Always((), fine), True),  # looks at what contexts hold
        (AtEnd((USED,), fine), True),
        (AtEnd((IDLE,), fine), False),
        (History(None, (READ,), same), True),
        (History(None, (IDLE,), same), False),
        (Noted(), True),
        (NoDeadlock(), True),
        *((check, True) for check in HANG.checks),
    ],
)
def test_a_check_is_exercised_by_the_steps_it_looks_at(check: Check, exercised: bool) -> None:
    found = explore(SYSTEM, (Property("X", "x", (check,)),))
    assert (found.complete, found.findings, found.unexercised) == (True, (), () if exercised else ("X",))


def test_one_check_is_enough_and_one_message_that_the_property_is_about() -> None:
    checks: tuple[Check, ...] = (Always((READ,), fine), Noted())
    about_idle = Property("A", "a", checks, about=((IDLE, "add"), (USED, "store")))
    about_used = Property("B", "b", checks, about=((IDLE, "add"), (USED, "add")))
    found = explore(SYSTEM, (Property("N", "n", checks), about_idle, about_used))
    assert found.unexercised == ("A",)


def test_what_a_property_is_about_is_not_enough_where_no_check_looks() -> None:
    about_used = Property("B", "b", (Before(IDLE, "add", (), fine),), about=((USED, "add"),))
    assert explore(SYSTEM, (about_used,)).unexercised == ("B",)


def test_nothing_is_exercised_where_nothing_happens() -> None:
    empty = explore(System((USED,), ()), (Property("X", "x", (Noted(), NoDeadlock())),))
    assert (empty.complete, empty.unexercised) == (True, ("X",))
    assert unexercised((Property("X", "x", (Noted(),)),), Exercise()) == ("X",)


def test_a_search_that_is_not_complete_does_not_say() -> None:
    property = Property("X", "x", (Before(USED, "store", (), fine),))
    broken = Property("Y", "y", (Before(USED, "add", (), lambda view, event: "no"),))
    assert explore(SYSTEM, (property, broken)).unexercised is None
    assert explore(SYSTEM, (property, broken), stop_on="all").unexercised == ("X",)


def test_runs_by_lot_say_what_none_of_them_put_to_the_test_nor_the_one_that_ended_the_search() -> None:
    never = Property("N", "", (Before(USED, "store", (), fine),))
    read = Property("R", "", (Before(READ, "load", (), fine),))
    broken = Property("B", "", (Before(USED, "add", (), lambda view, event: "no"),))
    for asked in ((never, read), (never, read, broken)):
        found = explore(SYSTEM, asked, strategy="random", runs=3)
        assert (found.stopped, found.unexercised) == ("violation" if broken in asked else "runs", ("N",))


def test_what_is_violated_was_exercised_whatever_the_property_says_it_is_about() -> None:
    wrong = Property("X", "x", (AtEnd((USED,), lambda view: "wrong"),), about=((IDLE, "add"),))
    for strategy in ("states", "reduced", "dpor"):
        found = explore(SYSTEM, (wrong,), strategy=strategy, stop_on="all")
        assert ([finding.property for finding in found.findings], found.unexercised) == (["X"], ())


def test_what_holds_in_every_end_is_not_put_to_the_test_where_there_is_none() -> None:
    async def go_on() -> None:
        while True:
            await USED.store(await USED.load() % 3 + 1)

    right = Property("E", "right in the end", (AtEnd((USED,), fine),))
    assert explore(SYSTEM, (right,)).unexercised == ()
    assert explore(System((USED,), (Context("a", go_on),)), (right,)).unexercised == ("E",)

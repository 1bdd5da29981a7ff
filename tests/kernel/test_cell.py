"""Cells: what is one step, what is two, and what a guard sees."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Hold
from aprt.core.properties import Property, at_end
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.cell import Cell, CellState
from aprt.kernel.mutex import Mutex
from tests.kernel.callers import A, answer

CELL = Cell("cell", 5)
GUARDED = Cell("cell", 5, Mutex("mutex"))


@pytest.mark.parametrize(
    ("call", "after", "reply"),
    [
        (CELL.read(), 5, 5),
        (CELL.write(7), 7, None),
        (CELL.write(5), 5, None),
        (CELL.add(2), 7, 7),
        (CELL.add(0), 5, 5),
        (CELL.compare_and_swap(5, 9), 9, True),
        (CELL.compare_and_swap(4, 9), 5, False),
    ],
    ids=str,
)
def test_what_each_message_does(call: Call[object], after: int, reply: object) -> None:
    start = CELL.initial()
    answered = answer(call, start)
    assert answered == (CellState(after), reply, ())
    assert (answered[0] is start) == (after == 5)


@pytest.mark.parametrize(
    "call", [GUARDED.read(), GUARDED.write(7), GUARDED.add(1), GUARDED.compare_and_swap(5, 9)], ids=str
)
def test_an_access_without_the_guard_held_is_a_finding(call: Call[object]) -> None:
    broken = Broken("P22", f"a does cell.{call.op} without holding mutex")
    assert answer(call, GUARDED.initial(), A)[2] == (broken,)
    assert answer(call, GUARDED.initial(), Caller("a", (Hold("mutex"),)))[2] == ()


async def two_steps() -> None:
    await CELL.write(1 + await CELL.read())


async def one_step() -> None:
    await CELL.add(1)


async def until_it_works() -> None:
    while True:
        value = await CELL.read()
        if await CELL.compare_and_swap(value, value + 1):
            break


def never(number: int) -> Property:
    return at_end(str(number), (CELL,), lambda view: "reached" if view(CELL).value == number else None)


@pytest.mark.parametrize(("increment", "results"), [(two_steps, [6, 7]), (one_step, [7]), (until_it_works, [7])])
def test_only_an_increment_in_two_steps_is_lost(
    increment: Callable[[], Coroutine[Any, Any, None]], results: list[int]
) -> None:
    system = System((CELL,), (Context("a", increment), Context("b", increment)))
    found = explore(system, [never(n) for n in range(5, 9)], stop_on="all")
    assert sorted(int(finding.property) for finding in found.findings) == results

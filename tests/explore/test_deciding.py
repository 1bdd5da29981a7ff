"""Which lines an answer decides about: exactly the lines marked so."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from aprt.explore.checking.deciding import decided_by_answers

# The functions below are only read. A line ends with "# answer" where one decides whether it is come to.


async def around(actor: Any, switch: bool) -> None:
    if switch:
        await actor.configured()
    if await actor.ask():
        await actor.asked()  # answer
    else:
        await actor.refused()  # answer
    while actor.name and await actor.again():  # answer
        await actor.repeated()  # answer
    for each in (1, 2):  # answer
        await actor.each(each)


async def by_way_of_variables(actor: Any, count: int) -> None:
    answer = await actor.pair()
    made: int = answer[0] + 1  # answer
    other = count
    if other:
        await actor.configured()
    if made > count:
        await actor.asked()  # answer
    if (found := await actor.find()) is not None and count:  # answer
        await actor.found(found)  # answer
    for item in [one for one in found if one]:  # answer
        await actor.item(item)  # answer


async def behind_what_leaves(actor: Any, switch: bool) -> None:
    if not switch:
        return
    await actor.configured()
    status = await actor.ask()  # answer
    if status is None:  # answer
        return  # answer
    await actor.go_on()  # answer
    await actor.after_waiting()  # answer


async def of_cases(actor: Any, instruction: Any) -> None:
    match instruction:
        case 1:
            await actor.configured()
    match await actor.ask():
        case 2 as two:  # answer
            await actor.two(two)  # answer
        case _:  # answer
            await actor.other()  # answer
    if instruction:  # answer
        async with actor.held():
            await actor.locked()
        await actor.unlocked()  # answer


async def written_at_the_margin(
    actor: Any,
) -> None:
    # fmt: off
    if await actor.ask(
"a )"
):
    # a remark
        await actor.told(  # answer
"""
no end
""")
    # fmt: on
    await actor.always()  # answer


def marked(function: Callable[..., Any]) -> set[int]:
    lines, first = inspect.getsourcelines(function)
    return {number for number, line in enumerate(lines, first) if line.rstrip().endswith("# answer")}


@pytest.mark.parametrize("function", [around, by_way_of_variables, behind_what_leaves, of_cases, written_at_the_margin])
def test_the_lines_that_an_answer_decides_about(function: Callable[..., Any]) -> None:
    told = decided_by_answers(function.__code__)
    assert {line for line, decided in told.items() if decided} == marked(function)


def test_of_code_without_its_text_nothing_is_known() -> None:
    names = SimpleNamespace()
    exec(compile("async def made(): pass", "<nowhere>", "exec"), names.__dict__)
    assert decided_by_answers(names.made.__code__) == {}
    assert decided_by_answers((lambda: None).__code__) == {}

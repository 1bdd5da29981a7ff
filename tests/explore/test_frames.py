"""What a suspended frame holds, slot by slot, for every CPython that runs the tests."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import CellType, CoroutineType
from typing import Any

from aprt.core.effects import choose
from aprt.explore.learned.frames import Parts, anatomy, dissect, is_empty


def parts(behaviour: Coroutine[Any, Any, Any], *answers: object) -> Parts:
    behaviour.send(None)
    for answer in answers:
        behaviour.send(answer)
    assert isinstance(behaviour, CoroutineType)
    found = dissect(behaviour)
    behaviour.close()
    assert found is not None
    return found


def show(*values: object) -> object:
    return values


def test_variables_come_before_the_stack_and_the_awaited_is_on_neither() -> None:
    async def behaviour(a: object, b: object) -> object:
        if a == b:
            c = 3
        d = await choose("d", 0)
        return show("text", b, await choose("x", 0)), c, d

    found = parts(behaviour(1, 2), 4)
    assert dict(found.variables) == {"a": 1, "b": 2, "d": 4}  # c is unbound
    assert list(found.stack) == [show, "text", 2]
    assert found.handled is None
    assert found.cells == frozenset()


def test_a_local_that_holds_its_own_function_or_name_is_no_prefix() -> None:
    async def behaviour(function: object, name: object, code: object) -> None:
        await choose("x", 0)

    arguments = (behaviour, behaviour.__qualname__, behaviour.__code__)
    found = parts(behaviour(*arguments))
    assert tuple(found.variables.values()) == arguments
    assert list(found.stack) == []


def test_cells_are_shown_as_cells_and_empty_ones_count() -> None:
    outer = "free"

    async def behaviour(argument: object) -> object:
        dead = "plain"
        await choose(dead, 0)
        later = 1
        return lambda: (argument, later, outer)

    found = parts(behaviour("argument"))
    assert found.cells == {"argument", "later", "outer"}
    assert {name: isinstance(value, CellType) for name, value in found.variables.items()} == {
        "argument": True,
        "dead": False,
        "later": True,
        "outer": True,
    }
    assert [name for name, value in found.variables.items() if is_empty(value)] == ["later"]
    assert list(found.stack) == []


def test_a_free_variable_has_its_cell_where_a_comprehension_has_a_variable_of_that_name() -> None:
    both = "free"

    async def behaviour() -> object:
        total = sum([2 * both for both in (1, 2)])
        text = "text"
        await choose("x", 0)
        return total, text, both

    found = parts(behaviour())
    assert sorted(found.variables) == ["both", "text", "total"]
    assert (found.variables["total"], found.variables["text"]) == (6, "text")
    assert isinstance(found.variables["both"], CellType)
    assert found.variables["both"].cell_contents == "free"
    assert list(found.stack) == []


def test_the_exception_being_handled_is_shown_until_it_is_handled() -> None:
    error = KeyError("x")

    async def behaviour() -> None:
        try:
            raise error
        except KeyError:
            await choose("handling", 0)
        await choose("handled", 0)

    assert parts(behaviour()).handled is error
    assert parts(behaviour(), 0).handled is None


def test_a_generator_at_a_yield_awaits_nothing_and_one_that_is_done_holds_nothing() -> None:
    def generator(a: int) -> Generator[int, None, None]:
        b = yield a
        show(a, (yield 2), b)

    running = generator(1)
    assert next(running) == 1
    assert next(running) == 2
    assert anatomy(running)[1] is None  # type: ignore[arg-type]
    found = dissect(running)  # type: ignore[arg-type]
    assert found is not None
    assert (dict(found.variables), list(found.stack)) == ({"a": 1, "b": None}, [show, 1])
    assert list(running) == []
    assert dissect(running) is None  # type: ignore[arg-type]

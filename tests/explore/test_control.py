"""Control states: equal keys have equal futures, and what may merge does."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import product
from types import FrameType
from typing import Any

import attrs
import pytest

from aprt.core.effects import choose
from aprt.core.errors import ModelError
from aprt.explore.learned.contents import Records
from aprt.explore.learned.control import control_key
from tests.explore.programs import shapes
from tests.explore.suspending import Start, key, places, suspended


def future(start: Start, answers: tuple[object, ...], domain: tuple[object, ...]) -> Any:
    """All that can be seen after these answers: the effect awaited, and the same for every next answer."""
    with suspended(start, *answers) as run:
        effect = run.effect
    if effect is None:
        return "done"
    return repr(effect), *(future(start, (*answers, answer), domain) for answer in domain)


def paths(start: Start, domain: tuple[object, ...]) -> Iterable[tuple[object, ...]]:
    """Every sequence of answers after which the behaviour is suspended."""
    ahead: list[tuple[object, ...]] = [()]
    for path in ahead:
        with suspended(start, *path) as run:
            done = run.effect is None
        if not done:
            yield path
            ahead += [(*path, answer) for answer in domain]


@pytest.mark.parametrize("shape", shapes.SHAPES, ids=lambda shape: shape.__name__)
def test_paths_merge_exactly_when_their_futures_are_equal(shape: Start) -> None:
    domain = (0, 1)
    keys: dict[Any, set[Any]] = {}
    futures: dict[Any, set[Any]] = {}
    for path in paths(shape, domain):
        here, ahead = key(shape, *path), future(shape, path, domain)
        keys.setdefault(here, set()).add(ahead)
        futures.setdefault(ahead, set()).add(here)
    assert [len(found) for found in keys.values()] == [1] * len(keys), "one key, two futures"
    assert [len(found) for found in futures.values()] == [1] * len(futures), "one future, two keys"
    assert (shape.__name__, len(keys)) == (shape.__name__, shapes.CONTROL_STATES[shape])


def test_a_behaviour_that_ran_often_has_the_keys_it_had_at_first() -> None:
    for shape in shapes.SHAPES:
        cold = key(shape, 0)
        for _ in range(200):  # enough for every specialised instruction
            assert key(shape, 0) == cold


def test_a_traced_behaviour_has_the_keys_it_has_otherwise() -> None:
    def trace(frame: FrameType, event: str, argument: object) -> Any:
        return trace

    before, plain = sys.gettrace(), [key(shape, 0, 1) for shape in shapes.SHAPES]
    sys.settrace(trace)
    try:
        traced = [key(shape, 0, 1) for shape in shapes.SHAPES]
    finally:
        sys.settrace(before)
    assert traced == plain


def test_frames_that_cannot_be_read_are_never_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    async def behaviour() -> None:
        await choose("x", 0)

    monkeypatch.setattr(gc, "get_referents", lambda suspended: [suspended.cr_code])
    assert places(behaviour) == ["1: this version of Python holds a frame"]


# functions and cells


def test_a_function_is_compared_by_code_cells_defaults_and_attributes() -> None:
    async def behaviour() -> Any:
        cell, default, option, attribute, dead = await choose("values", 0)

        def function(argument: Any = default, *, option: Any = option) -> Any:
            return cell, argument, option

        function.attribute = attribute  # type: ignore[attr-defined]
        del dead
        await choose("suspended", 0)
        return function

    keys = {key(behaviour, values) for values in product((1, True), repeat=5)}
    assert len(keys) == 2**4


def test_two_functions_that_share_a_cell_are_not_two_with_equal_cells() -> None:
    def counter() -> Any:
        count = 0

        def bump() -> int:
            nonlocal count
            count += 1
            return count

        def peek() -> int:
            return count

        return bump, peek

    async def behaviour() -> Any:
        bump, peek = counter()
        if await choose("apart", True, False):
            peek = counter()[1]
        await choose("suspended", 0)
        bump()
        return peek()

    assert key(behaviour, True) != key(behaviour, False)


def test_a_function_that_refers_to_itself_has_a_key() -> None:
    async def behaviour() -> Any:
        def factorial(n: int) -> int:
            return n * factorial(n - 1) if n else 1

        await choose("suspended", 0)
        return factorial(3)

    assert key(behaviour) == key(behaviour)


def test_a_comprehension_that_hides_a_captured_name_gives_it_back() -> None:
    async def behaviour() -> Any:
        i = await choose("i", 0)
        functions = [lambda: i for i in (1, 2)]  # noqa: B023  # late binding is the point
        await choose("hidden", functions[0]())
        return (lambda: i)()

    assert key(behaviour, 1) == key(behaviour, 1)
    assert key(behaviour, 1) != key(behaviour, 2)


def test_a_comprehension_does_not_hide_a_free_variable_of_the_same_name() -> None:
    def behaviour() -> Any:
        i = 0

        async def inner() -> Any:
            nonlocal i
            i = await choose("i", 0)
            total = sum([2 * i for i in (1, 2)])
            await choose("behind it", 0)
            await choose("again", total)
            return [await choose("in it", i) for i in (1, 2)], i

        return inner()

    assert key(behaviour, 1, 0) == key(behaviour, 1, 0)
    assert key(behaviour, 1) != key(behaviour, 2)
    assert key(behaviour, 1, 0) != key(behaviour, 2, 0)
    with suspended(behaviour, 1, 0, 0) as one, suspended(behaviour, 2, 0, 0) as two:
        assert one.effect == two.effect
        assert control_key(one.behaviour)[0] != control_key(two.behaviour)[0]


def test_only_the_list_of_a_comprehension_that_hides_a_captured_name_is_reported() -> None:
    async def behaviour() -> Any:
        i = await choose("i", 0)
        return [await choose("item", (lambda: i)()) for i in (1, 2)], lambda: i

    assert places(behaviour, 1) == places(behaviour, 1, 2) == ["2: the value stack holds a list"]


# exceptions and sections


def test_a_handled_exception_leaves_no_trace() -> None:
    async def behaviour() -> None:
        try:
            if await choose("fail", True, False):
                raise KeyError("dead")
        except KeyError:
            pass
        await choose("suspended", 0)

    assert key(behaviour, True) == key(behaviour, False)


def test_an_exception_being_handled_is_compared_by_content() -> None:
    async def behaviour() -> None:
        value = await choose("value", 0)
        try:
            raise KeyError(value)
        except KeyError:
            await choose("suspended", 0)
            raise

    assert key(behaviour, 1) == key(behaviour, 1)
    assert len({key(behaviour, value) for value in (1, True, 2)}) == 3


@attrs.frozen(eq=False)
class Parts:
    """Two of these are never equal, and hold the same for good, if what they hold does."""

    content: Any


class Changeable:
    content = 0


def test_frozen_objects_are_told_apart_by_which_they_are_and_by_what_changes_in_them() -> None:
    changeable = Changeable()
    parts = (Parts(1), Parts(1), Parts((2, Parts(1))), Parts((3, Parts(changeable))))
    records: Records = {}

    async def behaviour() -> Any:
        first, second = await choose("parts", 0)
        await choose("suspended", 0)
        return first, second

    def keys() -> list[Any]:
        found = []
        for pair in product(parts, repeat=2):
            with suspended(behaviour, pair) as run:
                found.append(control_key(run.behaviour, records)[0])
        return found

    before = keys()
    assert len(set(before)) == len(before) == 16
    assert keys() == before
    changeable.content = 1
    assert [now == then for now, then in zip(keys(), before, strict=True)] == [
        parts[3] not in pair for pair in product(parts, repeat=2)
    ]


@attrs.frozen(eq=False, slots=False)
class Remembering:
    """Frozen, but what is worked out is kept beside its fields."""


@attrs.frozen
class FrozenError(Exception):
    code: int


def test_frozen_objects_with_a_dict_hold_what_is_in_it() -> None:
    async def behaviour() -> Any:
        kept = await choose("kept", 0)
        await choose("suspended", 0)
        return kept

    kept = Remembering()
    records: Records = {}
    with suspended(behaviour, kept) as run:
        before = control_key(run.behaviour, records)[0]
        kept.__dict__["size"] = 1
        assert control_key(run.behaviour, records)[0] != before


def test_frozen_exceptions_are_what_they_hold_like_any_other() -> None:
    async def behaviour() -> Any:
        kept = await choose("kept", 0)
        await choose("suspended", 0)
        return kept

    assert key(behaviour, FrozenError(1)) == key(behaviour, FrozenError(1))
    assert key(behaviour, FrozenError(1)) != key(behaviour, FrozenError(2))


@attrs.frozen
class FrozenSection:
    name: Any

    async def __aenter__(self) -> None:
        await choose("enter", self.name)

    async def __aexit__(self, *error: object) -> None:
        await choose("exit", self.name)


class PlainSection:
    def __init__(self, name: Any) -> None:
        self.name = name

    async def __aenter__(self) -> None:
        await choose("enter", self.name)

    async def __aexit__(self, *error: object) -> None:
        await choose("exit", self.name)


@asynccontextmanager
async def generated_section(name: Any) -> AsyncIterator[None]:
    await choose("enter", name)
    try:
        yield
    finally:
        await choose("exit", name)


@pytest.mark.parametrize("section", [FrozenSection, PlainSection, generated_section])
def test_a_section_is_compared_by_content_on_the_way_in_inside_and_out(section: Any) -> None:
    async def behaviour() -> None:
        name = await choose("name", 0)
        async with section(name):
            await choose("inside", 0)

    for position in ((), (0,), (0, 0)):
        keys = [key(behaviour, name, *position) for name in (1, True, 2)]
        assert [key(behaviour, name, *position) for name in (1, True, 2)] == keys
        assert len(set(keys)) == 3


def test_an_asynchronous_generator_is_part_of_the_chain() -> None:
    async def numbers(last: int) -> AsyncIterator[int]:
        for i in range(last):
            await choose("more", i)
            yield i

    async def behaviour() -> None:
        async for i in numbers(await choose("last", 0)):
            await choose("got", i)

    reached = [key(behaviour, *answers) for answers in ((2,), (2, 0), (2, 0, 0), (2, 0, 0, 0), (3,), (3, 0))]
    assert len(set(reached)) == 6
    assert key(behaviour, 2, 9, 9) == reached[2]


def test_an_asynchronous_generator_with_a_finalizer_is_read_as_without() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield await choose("more", 0)

    async def behaviour() -> None:
        async for i in numbers():
            await choose("got", i)

    without = [key(behaviour), key(behaviour, 1)]
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(finalizer=lambda generator: None)
    try:
        assert [key(behaviour), key(behaviour, 1)] == without
    finally:
        sys.set_asyncgen_hooks(*hooks)


# what is no control state


def test_only_a_suspended_behaviour_has_a_control_state() -> None:
    async def behaviour() -> None:
        await choose("x", 0)

    fresh = behaviour()
    with pytest.raises(ModelError, match="not of one in CORO_CREATED"):
        control_key(fresh)
    fresh.send(None)
    fresh.close()
    assert inspect.getcoroutinestate(fresh) == inspect.CORO_CLOSED
    with pytest.raises(ModelError, match="not of one in CORO_CLOSED"):
        control_key(fresh)


def test_a_running_behaviour_has_no_control_state() -> None:
    async def behaviour() -> None:
        control_key(running)

    running = behaviour()
    with pytest.raises(ModelError, match="not of one in CORO_RUNNING"):
        running.send(None)


def test_awaiting_what_is_no_effect_is_a_mistake_of_the_model() -> None:
    class Pause:
        def __await__(self) -> Any:
            yield "pause"

    class Opaque:
        def __await__(self) -> Any:
            return iter((1, 2))

    async def behaviour(awaitable: Any) -> None:
        await awaitable

    for awaitable, kind in ((Pause(), "generator"), (Opaque(), "tuple_iterator")):
        running = behaviour(awaitable)
        running.send(None)
        with pytest.raises(ModelError, match=f"a behaviour awaits <{kind} object .*, which is no effect of aprt"):
            control_key(running)
        running.close()

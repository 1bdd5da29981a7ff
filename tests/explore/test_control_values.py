"""Control states: what they hold is compared by type and content, at any depth, or reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from pyrsistent import pmap, pset, pvector

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.explore.learned.control import control_key
from tests.explore.suspending import key, places, suspended


@attrs.frozen
class Record:
    field: Any


@dataclass(frozen=True)
class Data:
    field: Any


VALUES = (0, False, 0.0, -0.0, 1, True, 1.0, "1", b"1", None, 1j, (), "", frozenset(), float("nan"), range(0), int)
WRAPPERS: tuple[Callable[[Any], Any], ...] = (
    lambda value: value,
    lambda value: (value,),
    lambda value: frozenset([value]),
    lambda value: pmap({"k": value}),
    lambda value: pmap({value: "v"}),
    lambda value: pvector([value]),
    lambda value: pset([value]),
    Record,
    Data,
    lambda value: partial(max, value),
    lambda value: [].__class__ if value is int else Record((value, (value,))),
)


async def remember() -> Any:
    value = await choose("value", 0)
    await choose("suspended", 0)
    return value


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_values_are_told_apart_by_type_and_content_at_any_depth(wrap: Callable[[Any], Any]) -> None:
    keys = [key(remember, wrap(value)) for value in VALUES]
    assert len(set(keys)) == len(VALUES)
    assert [key(remember, wrap(value)) for value in VALUES] == keys


def test_equal_maps_built_in_another_order_merge() -> None:
    forward, backward = pmap({"a": 1}).set("b", 2), pmap({"b": 2}).set("a", 1)
    assert key(remember, forward) == key(remember, backward)


@pytest.mark.parametrize("value", [[], {}, set(), bytearray(), ([],), Record({}), pmap({"k": []})], ids=repr)
def test_a_live_mutable_value_never_merges_and_is_reported(value: Any) -> None:
    inner = {"([],)": "list", "Record(field={})": "dict", "pmap({'k': []})": type(value).__name__}
    kind = inner.get(repr(value), type(value).__name__)
    assert places(remember, value) == [f"2: local 'value' holds a {kind}"]


def test_a_dead_mutable_value_merges() -> None:
    async def behaviour() -> None:
        value = await choose("value", 0)
        await choose("about", len(value))
        await choose("suspended", 0)

    assert key(behaviour, [1], 0) == key(behaviour, {2: 3}, 0)


def test_a_list_being_comprehended_is_reported_at_its_await() -> None:
    async def behaviour() -> Any:
        return [await choose("item", i) for i in (1, 2)]

    assert places(behaviour, 0) == ["1: the value stack holds a list"]


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def test_an_object_without_equality_merges_with_itself_while_it_holds_the_same() -> None:
    shared = Plain(count=0)
    before = key(remember, shared)
    assert key(remember, shared) == before
    assert key(remember, Plain(count=0)) != before
    shared.count = 1
    assert key(remember, shared) != before


def test_remembered_records_change_no_key_and_hide_no_place() -> None:
    records: dict[int, tuple[Any, object]] = {}
    shared = iter((1, 2))
    values = (Record((Record(1), "x")), Record(shared), Record({}), (Record(shared), shared), Record(True))
    for value in (*values, *values):
        with suspended(remember, value) as run:
            fresh, remembered = control_key(run.behaviour), control_key(run.behaviour, records)
        assert fresh[1] == remembered[1]
        assert (fresh[0] == remembered[0]) == (fresh[1] == ())
    kept = [record for _, record in records.values() if isinstance(record, Record)]
    assert kept == [Record(1), values[0], values[4]]  # what depends on the reading is not remembered


@attrs.frozen(eq=False)
class Part:
    """Which one it is says all, but for what its field holds that may change."""

    field: Any


def with_records(records: dict[int, tuple[Any, object]], value: Any) -> Any:
    """The key of a behaviour that remembers a value: the same with these records as without any."""
    with suspended(remember, value) as run:
        fresh, remembered = control_key(run.behaviour), control_key(run.behaviour, records)
    assert (fresh, fresh[1]) == (remembered, ())
    return fresh[0]


def test_what_may_change_in_an_object_that_does_not_is_read_anew() -> None:
    records: dict[int, tuple[Any, object]] = {}
    plain, section = Plain(count=0), Part("x")
    part = Part((Record(plain), pmap({"inner": Part((section, plain))})))
    before = [with_records(records, part) for _ in range(2)]
    plain.count = 1
    after = [with_records(records, part) for _ in range(2)]
    assert before[0] == before[1] != after[0] == after[1]
    plain.count = []
    with suspended(remember, part) as run:
        assert control_key(run.behaviour, records)[1] == control_key(run.behaviour)[1] != ()


def test_what_an_object_holds_is_told_from_what_looks_alike() -> None:
    records: dict[int, tuple[Any, object]] = {}
    held = partial(max, 1)
    part, other = Part((held, min)), partial(max, 1)
    pairs = [(part, held), (part, other), (held, part), (other, part), (part, part)]
    keys = [with_records(records, pair) for pair in (*pairs, *pairs)]
    assert len(set(keys)) == len(pairs)
    assert keys[: len(pairs)] == keys[len(pairs) :]


def test_a_function_that_a_module_defines_is_read_like_the_module() -> None:
    keys = [key(remember, function) for function in (with_records, key, lambda: 1, lambda: 2)]
    assert len(set(keys)) == 4
    assert key(remember, with_records) == keys[0]
    with_records.seen = 1  # type: ignore[attr-defined]
    marked = key(remember, with_records)
    with_records.seen = 2  # type: ignore[attr-defined]
    assert len({keys[0], marked, key(remember, with_records)}) == 3
    del with_records.seen  # type: ignore[attr-defined]


def test_what_an_object_holds_is_looked_into() -> None:
    assert places(remember, Plain(queue=[])) == ["2: local 'value' holds a list"]


def test_an_object_made_in_c_is_reported() -> None:
    assert places(remember, {}.values()) == ["2: local 'value' holds a dict_values"]


# actors, messages and the pending effect


@attrs.frozen(eq=False)
class Counter(Actor[int]):
    def initial(self) -> int:
        return 0

    @handler(writes="*")
    def add(self, state: int, by: Caller, n: int, scale: int = 1) -> Outcome[int, int]:
        return state + n * scale, state


def test_the_pending_effect_is_part_of_the_key() -> None:
    async def behaviour() -> None:
        name = await choose("name", "a", "b")
        count = await choose("count", 1, True)
        await Counter(name).add(count)

    keys = {key(behaviour, name, count) for name in "ab" for count in (1, True)}
    assert len(keys) == 4
    assert key(behaviour, "a", 1) in keys


def test_a_message_stub_waiting_for_its_arguments_is_compared_by_actor() -> None:
    async def behaviour() -> None:
        counter = await choose("counter", 0)
        await counter.add(await choose("n", 0), await choose("scale", 0))

    assert key(behaviour, Counter("a"), 1) == key(behaviour, Counter("a"), 1)
    assert len({key(behaviour, Counter(name), n) for name in "ab" for n in (1, 2)}) == 4


def test_different_functions_never_share_a_key() -> None:
    source = "async def behaviour():\n    await choose('x', 0)\n    return helper()\n"
    starts = []
    for file in ("one.py", "two.py"):
        namespace: dict[str, Any] = {"choose": choose}
        exec(compile(source, file, "exec"), namespace)
        starts.append(namespace["behaviour"])
    assert key(starts[0]) != key(starts[1])

    async def first() -> None:
        await choose("x", 0)

    async def second() -> None:
        await choose("x", 0)

    assert key(first) != key(second)


# iterators


ITERABLES: tuple[Callable[[], Any], ...] = (
    lambda: (1, 2, 3),
    lambda: iter([1, 2, 3]),
    lambda: range(3),
    lambda: range(1 << 70, (1 << 70) + 3),
    lambda: "abc",
    lambda: "a\u20acc",
    lambda: b"abc",
    lambda: MappingProxyType({1: 2, 3: 4, 5: 6}).items(),
    lambda: MappingProxyType({1: 2, 3: 4, 5: 6}).keys(),
    lambda: MappingProxyType({1: 2, 3: 4, 5: 6}).values(),
    lambda: iter({1, 2, 3}),
    lambda: enumerate("abc"),
    lambda: zip("abc", (1, 2, 3), strict=True),
    lambda: map(str, (1, 2, 3)),
    lambda: filter(None, (1, 2, 3)),
    lambda: reversed((1, 2, 3)),
    lambda: reversed([1, 2, 3]),
    lambda: reversed("abc"),
    lambda: reversed(range(3)),
    lambda: reversed({1: 2, 3: 4, 5: 6}.items()),
    lambda: (item + 1 for item in (1, 2, 3)),
    lambda: sorted(pmap({1: 2, 3: 4, 5: 6}).items()).__iter__(),
)


@pytest.mark.parametrize("make", ITERABLES, ids=lambda make: type(iter(make())).__name__)
def test_an_iterator_is_compared_by_the_items_to_come_and_not_consumed(make: Callable[[], Any]) -> None:
    async def behaviour() -> None:
        for item in make():
            await choose("item", repr(item))

    keys = [key(behaviour, *[0] * n) for n in range(3)]
    assert [key(behaviour, *[0] * n) for n in range(3)] == keys
    assert len(set(keys)) == 3
    seen = []
    with suspended(behaviour) as run:
        while run.effect is not None:
            seen.append(run.effect)
            control_key(run.behaviour)
            run.resume(0)
    assert seen == [choose("item", repr(item)) for item in make()]


@pytest.mark.parametrize("way", [lambda first: (first, 2, 3), lambda first: reversed((3, 2, first))])
def test_what_an_iterator_has_passed_is_forgotten(way: Callable[[Any], Any]) -> None:
    async def behaviour() -> None:
        for _ in way(await choose("first", 0)):
            await choose("item", 0)

    assert key(behaviour, 1) == key(behaviour, 9)  # the first item is taken by now
    assert key(behaviour, 1, 0) != key(behaviour, 1)


def test_an_iterator_that_cannot_be_compared_is_reported() -> None:
    class Endless:
        def __iter__(self) -> Endless:
            return self

        def __next__(self) -> int:
            return 1

        def __reduce__(self) -> str:
            return "endless"

    async def behaviour() -> None:
        for item in Endless():
            await choose("item", item)

    assert places(behaviour, 0) == ["2: the value stack holds a Endless"]


def test_one_iterator_under_two_names_is_not_two_alike() -> None:
    async def behaviour() -> Any:
        a = iter((1, 2))
        b = a if await choose("shared", True, False) else iter((1, 2))
        await choose("suspended", 0)
        return next(a), next(b)

    assert key(behaviour, True) != key(behaviour, False)
    assert key(behaviour, True) == key(behaviour, True)


def test_a_generator_is_compared_by_where_it_stands() -> None:
    async def behaviour() -> Any:
        items = (item for item in ("a", "b", await choose("last", 0)))
        for _ in range(await choose("taken", 0)):
            next(items, None)
        await choose("suspended", 0)
        return items

    ahead = [{key(behaviour, last, taken) for last in "cd"} for taken in range(5)]
    assert [len(keys) for keys in ahead] == [2, 2, 2, 1, 1]  # 3: all is taken; 4: and the generator is done
    assert len(set().union(*ahead)) == 8

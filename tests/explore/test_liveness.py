"""Which locals can still be read, for every CPython that runs the tests."""

from __future__ import annotations

import dis
from types import CodeType
from typing import Any

import pytest

from aprt.core.effects import choose
from aprt.explore.learned import liveness
from aprt.explore.learned.liveness import live_locals


def live_at_awaits(code: CodeType) -> list[set[str]]:
    """What is live at each suspension, in code order."""
    live = live_locals(code)
    return [set(live[i.offset]) for i in dis.get_instructions(code) if i.opname == "YIELD_VALUE"]


def test_a_local_is_live_from_its_value_to_its_last_read() -> None:
    async def behaviour(a: int, b: int) -> Any:
        await choose("first", 0)  # a and b are read later
        c = a
        await choose("second", 0)
        a = c
        await choose("third", 0)
        return a

    assert live_at_awaits(behaviour.__code__) == [{"a"}, {"c"}, {"a"}]


def test_a_loop_keeps_what_its_next_turn_reads() -> None:
    async def behaviour(n: int, step: int) -> Any:
        while n:
            n -= step
            await choose("again", 0)
        await choose("done", 0)

    assert live_at_awaits(behaviour.__code__) == [{"n", "step"}, set()]


def test_what_a_handler_reads_is_live_all_through_its_try_block() -> None:
    async def behaviour(a: int, b: int) -> Any:
        await choose("before", 0)
        try:
            await choose("in the block", 0)
            a = int("x")
            await choose("after the write", 0)
        except ValueError:
            await choose("in the handler", 0)
            return a
        return b

    assert live_at_awaits(behaviour.__code__) == [{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a"}]


def test_finally_is_read_on_both_ways_out() -> None:
    async def behaviour(a: int, b: int) -> Any:
        try:
            await choose("in the block", 0)
        finally:
            await choose("leaving", a)
        return b

    assert live_at_awaits(behaviour.__code__)[0] == {"a", "b"}
    # left normally, b comes next; left by an exception, nothing does
    assert sorted(map(sorted, live_at_awaits(behaviour.__code__)[1:])) == [[], ["b"]]


def test_conditional_locals_are_live_on_the_branch_that_reads_them() -> None:
    async def behaviour(flag: bool) -> Any:
        if flag:
            x = await choose("x", 0)
            await choose("with x", 0)
        else:
            await choose("without x", 0)
            x = 1
        return x

    assert live_at_awaits(behaviour.__code__) == [set(), {"x"}, set()]


def test_what_may_be_unbound_is_live_where_it_is_read() -> None:
    async def behaviour(flag: bool) -> Any:
        if flag:
            x = await choose("x", 0)
        await choose("joined", 0)
        return x

    assert live_at_awaits(behaviour.__code__) == [set(), {"x"}]


def test_nothing_is_live_on_the_way_to_a_return() -> None:
    async def behaviour(a: int, b: int) -> Any:
        if a:
            await choose("leaving", 0)
            return 1
        await choose("staying", 0)
        return b

    assert live_at_awaits(behaviour.__code__) == [set(), {"b"}]


def test_jumps_over_a_long_body_are_followed() -> None:
    body = "\n".join(f"        await choose('{i}', n)" for i in range(300))
    source = f"async def behaviour(n, m):\n    while n:\n{body}\n        n -= m\n    return n\n"
    namespace: dict[str, Any] = {"choose": choose}
    exec(source, namespace)
    code = namespace["behaviour"].__code__
    assert any(i.opname == "EXTENDED_ARG" for i in dis.get_instructions(code))
    assert live_at_awaits(code) == [{"n", "m"}] * 300


def test_looking_up_variables_by_name_keeps_all_of_them() -> None:
    async def behaviour(a: int, b: int) -> Any:
        await choose("x", 0)
        return locals()

    assert live_at_awaits(behaviour.__code__) == [{"a", "b"}]


def test_every_instruction_on_locals_of_this_python_is_known() -> None:
    real = {dis.opname[op] for op in dis.haslocal if op < 256}  # the compiler's own are never in finished code
    assert real - set(liveness._ACCESS) == set()


def test_an_unknown_instruction_on_locals_keeps_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def behaviour(a: int, b: int) -> Any:
        await choose("x", 0)
        for b in (1, 2):
            await choose("y", b)

    assert live_at_awaits(behaviour.__code__) == [set(), set()]
    live_locals.cache_clear()
    monkeypatch.setattr(liveness, "_ACCESS", {})
    assert live_at_awaits(behaviour.__code__) == [{"a", "b"}] * 2
    live_locals.cache_clear()

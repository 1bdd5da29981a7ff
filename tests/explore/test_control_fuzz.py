"""Equal control keys have equal futures, in random behaviours."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from aprt.core.system import Behaviour
from aprt.explore.learned.control import control_key
from tests.explore.programs.behaviours import behaviour, start
from tests.explore.suspending import Start

MOST = 200  # ways of answering; behaviours that have more are left out


@contextmanager
def answered(begin: Start, *answers: int) -> Iterator[tuple[Behaviour, object]]:
    """The behaviour after these answers, and what it awaits, or how it has ended."""
    running, said = begin(), None
    try:
        for answer in (None, *answers):
            said = running.send(answer)
    except StopIteration:
        said = "done"
    except (NameError, TypeError) as error:
        said = type(error).__name__
    yield running, said
    while inspect.getcoroutinestate(running) != inspect.CORO_CLOSED:
        with suppress(RuntimeError, NameError, TypeError):
            running.close()


def merged(text: str) -> int | None:
    """How many ways of answering a behaviour lead to a control state that was met; None when there are too many."""
    begin, todo, keys, said = start(text), [()], {}, {}
    while todo:
        path: tuple[int, ...] = todo.pop()
        with answered(begin, *path) as (running, now):
            said[path] = repr(now)
            if inspect.getcoroutinestate(running) == inspect.CORO_SUSPENDED:
                keys[path], _ = control_key(running)
                todo += [(*path, 0), (*path, 1)]
        if len(said) > MOST:
            return None

    def future(path: tuple[int, ...]) -> Any:
        return said[path], *(future((*path, answer)) for answer in (0, 1) if path in keys)

    first: dict[Any, tuple[int, ...]] = {}
    for path, key in keys.items():
        assert future(first.setdefault(key, path)) == future(path), (first[key], path, text)
    return len(keys) - len(first)


def merging(seeds: range) -> int:
    """How many of the behaviours with these seeds come to a control state twice."""
    return sum(bool(merged(behaviour(seed))) for seed in seeds)


@pytest.mark.parametrize("block", range(4))
def test_equal_keys_have_equal_futures_in_400_random_behaviours(block: int) -> None:
    assert merging(range(100 * block, 100 * block + 100)) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_equal_keys_have_equal_futures_in_20000_random_behaviours(block: int) -> None:
    assert merging(range(1_000 * block, 1_000 * block + 1_000)) >= 200

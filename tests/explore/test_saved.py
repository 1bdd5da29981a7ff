"""A search that is saved and resumed ends with what an uninterrupted one ends with."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from aprt import Property, System, UserError
from aprt.core.properties import DEADLOCK
from aprt.explore.explore import explore
from aprt.explore.result import Bounds, Exploration, LoopName
from aprt.explore.saved.file import SaveFile
from tests.explore.programs.cells import casw, lastzero
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining
from tests.explore.programs.teardown import last_put
from tests.explore.test_loops import every_kind, usual
from tests.explore.tiny import increments

QUESTION = {"scenario": "a test"}
Checks = Callable[[System], tuple[Property, ...]]


def timeless(found: Exploration) -> Exploration:
    """What must be the same: all but how long it took."""
    return attrs.evolve(found, seconds=0.0, learning=None)


def sitting(system: System, properties: tuple[Property, ...], path: Path, looks: int, **options: Any) -> Exploration:
    """A search in a file that is told to halt after so many looks; it begins anew if there is no file."""
    count = itertools.count()
    with SaveFile(path, None if path.exists() else QUESTION) as file:
        return explore(system, properties, save=file, halt=lambda: next(count) >= looks, **options)


def in_sittings(
    system: System, properties: tuple[Property, ...], path: Path, looks: Sequence[int], **options: Any
) -> Exploration:
    """What a search comes to that is interrupted after so many looks each time, and then goes on to its end."""
    for number in looks:
        assert sitting(system, properties, path, number, **options).stopped == "interrupted"
    found = sitting(system, properties, path, 1 << 60, **options)
    assert timeless(sitting(system, properties, path, 1 << 60, **options)) == timeless(found)
    return found


PROGRAMS = {"dining5": dining(5), "lastzero5": lastzero(5), "last-put": last_put(unless_zero=False)}


@pytest.mark.parametrize("loop", ["plain", "compiled"])
@pytest.mark.parametrize("stop_on", ["first", "all"])
@pytest.mark.parametrize("checks", [usual, every_kind])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_search_over_states_resumed_again_and_again_ends_as_one_that_was_not(
    program: str, checks: Checks, stop_on: Literal["first", "all"], loop: LoopName, tmp_path: Path
) -> None:
    system, properties = PROGRAMS[program], checks(PROGRAMS[program])
    options: Any = {"stop_on": stop_on, "loop": loop}
    found = None
    for looks in itertools.count(3, 5):  # more each time: a compiled loop looks before it has learned enough to go on
        found = sitting(system, properties, tmp_path / "search", looks, **options)
        if found.stopped != "interrupted":
            break
    whole = explore(system, properties, **options)
    assert found is not None
    assert (timeless(found), found.wrong) == (timeless(whole), whole.wrong)


@pytest.mark.parametrize(
    ("loop", "looks"), [*(("plain", n) for n in range(7)), *(("compiled", n) for n in range(0, 30, 4))]
)
def test_a_search_over_states_may_be_interrupted_anywhere(loop: LoopName, looks: int, tmp_path: Path) -> None:
    system = PROGRAMS["dining5"]
    whole = explore(system, every_kind(system), stop_on="all")
    found = in_sittings(system, every_kind(system), tmp_path / "search", [looks], stop_on="all", loop=loop)
    assert (timeless(found), found.wrong) == (timeless(whole), whole.wrong)
    assert (whole.states, whole.complete) == (1743, True)


@pytest.mark.parametrize("seed", range(12))
def test_a_search_over_states_goes_on_with_more_states_after_a_bound(seed: int, tmp_path: Path) -> None:
    system = generate(seed)
    whole = explore(system, every_kind(system), stop_on="all")
    for most in (1, 2, 5, 17, 60):
        bounds = Bounds(max_states=most)
        with SaveFile(tmp_path / "search", None if most > 1 else QUESTION) as file:
            found = explore(system, every_kind(system), stop_on="all", bounds=bounds, save=file)
        assert timeless(found) == timeless(explore(system, every_kind(system), stop_on="all", bounds=bounds))
    found = in_sittings(system, every_kind(system), tmp_path / "search", [], stop_on="all")
    assert (timeless(found), found.wrong) == (timeless(whole), whole.wrong)


TRACES = {"dining3": dining(3), "lastzero3": lastzero(3), "increments3": increments(3)[0], "cells": casw(3)}


def kept_in_order(system: System) -> tuple[Property, ...]:
    """Checks that ask for more order when they are first made, so that the search begins anew, and a history."""
    return (DEADLOCK, *(p for p in every_kind(system) if p.id in ("third", "end", "owed", "after")))


@pytest.mark.parametrize("strategy", ["dpor", "dpor:source"])
@pytest.mark.parametrize("checks", [lambda system: (), kept_in_order], ids=["unchecked", "checked"])
@pytest.mark.parametrize("program", TRACES)
def test_a_search_of_traces_resumed_again_and_again_ends_as_one_that_was_not(
    program: str, checks: Checks, strategy: str, tmp_path: Path
) -> None:
    system, properties = TRACES[program], checks(TRACES[program])
    options: Any = {"stop_on": "all", "strategy": strategy}
    whole = explore(system, properties, **options)
    found = in_sittings(system, properties, tmp_path / "search", range(min(6, whole.executions // 6)), **options)
    assert (timeless(found), found.wrong, found.complete) == (timeless(whole), whole.wrong, True)


@pytest.mark.parametrize("looks", range(0, 26, 5))
def test_a_search_of_traces_may_be_interrupted_anywhere(looks: int, tmp_path: Path) -> None:
    system = TRACES["increments3"]
    whole = explore(system, strategy="dpor")
    found = in_sittings(system, (), tmp_path / "search", [looks], strategy="dpor")
    assert (timeless(found), found.traces, found.redundant) == (timeless(whole), 27, 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_search_of_traces_goes_on_after_a_bound_and_finds_a_violation_again(seed: int, tmp_path: Path) -> None:
    system, path = generate(seed), tmp_path / "search"
    properties = tuple(p for p in usual(system) if p.id != "hang")
    for bounds in (Bounds(max_states=1), Bounds(max_states=9), Bounds()):
        with SaveFile(path, None if path.exists() else QUESTION) as file:
            found = explore(system, properties, strategy="dpor", bounds=bounds, save=file)
        assert timeless(found) == timeless(explore(system, properties, strategy="dpor", bounds=bounds))


def test_a_search_of_traces_with_too_few_states_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(TRACES["increments3"], (), path, 1 << 60, strategy="dpor")
    with SaveFile(path) as file, pytest.raises(UserError, match="57 states by now: --max-states 7 is too few"):
        explore(TRACES["increments3"], strategy="dpor", bounds=Bounds(max_states=7), save=file)


def test_loops_go_on_with_each_other_s_states(tmp_path: Path) -> None:
    system, path = PROGRAMS["dining5"], tmp_path / "search"
    properties = every_kind(system)
    loops: tuple[LoopName, ...] = ("plain", "compiled", "plain", "compiled", "plain")
    for looks, loop in zip((2, 8, 1, 3, 1 << 60), loops, strict=True):
        found = sitting(system, properties, path, looks, stop_on="all", loop=loop)
        assert found.loop == loop
    assert timeless(found) == timeless(explore(system, properties, stop_on="all"))
    assert (found.states, found.complete) == (1743, True)


def test_seconds_are_those_of_all_sittings_but_a_budget_is_for_one(tmp_path: Path) -> None:
    system, path = dining(5), tmp_path / "search"
    first = sitting(system, usual(system), path, 3, stop_on="all")
    with SaveFile(path) as file:
        rest = explore(system, usual(system), stop_on="all", bounds=Bounds(budget=600), save=file)
    assert (first.stopped, rest.complete) == ("interrupted", True)
    assert rest.seconds > first.seconds


def test_fewer_states_than_there_are_is_a_mistake(tmp_path: Path) -> None:
    system, path = dining(5), tmp_path / "search"
    sitting(system, (), path, 2)
    with SaveFile(path) as file, pytest.raises(UserError, match="states by now: --max-states 7 is too few"):
        explore(system, (), bounds=Bounds(max_states=7), save=file)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "auto"}, "what is saved and resumed has one strategy: name it in the place of auto"),
        ({"strategy": "pct:10"}, "strategy 'pct' takes a number from 1 to 9, not '10'"),
        ({"strategy": "dpor", "symmetry": True}, "only strategy 'states' knows symmetry, and not 'dpor'"),
    ],
)
def test_what_cannot_be_resumed_is_refused_and_leaves_no_file(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as refused, SaveFile(tmp_path / "search", QUESTION) as file:
        explore(dining(3), save=file, **options)
    assert (str(refused.value), list(tmp_path.iterdir())) == (message, [])


def test_another_model_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(5), (), path, 2)
    for system in (dining(4), lastzero(5)):
        with SaveFile(path) as file, pytest.raises(UserError, match="the model is not the one that it was saved with"):
            explore(system, save=file)


def test_a_transaction_that_was_not_finished_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(5), (DEADLOCK,), path, 2, stop_on="all")
    program = f"""
import os, signal
from pathlib import Path
from aprt.explore.saved.file import SaveFile
with SaveFile(Path({str(path)!r})) as file, file.writing() as connection:
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("DELETE FROM states")
    connection.execute("DELETE FROM learned")
    connection.execute("INSERT INTO states VALUES (9, 9, 0, zeroblob(10000000), NULL, '')")  # more than the cache
    os.kill(os.getpid(), signal.SIGKILL)
"""
    before = path.stat().st_size
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert path.stat().st_size > before + 1_000_000
    found = in_sittings(dining(5), (DEADLOCK,), path, [], stop_on="all")
    assert timeless(found) == timeless(explore(dining(5), (DEADLOCK,), stop_on="all"))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM states",
        "DELETE FROM learned WHERE rowid = 4",
        "UPDATE learned SET control = 1000 WHERE rowid = 4",
        "UPDATE states SET packed = zeroblob(8)",
        "UPDATE progress SET value = '{'",
        "UPDATE progress SET value = '{}'",
        "UPDATE progress SET value = replace(value, 'phil2 waits', 'phil2 waitS')",
        "UPDATE progress SET value = CAST(x'ff' AS TEXT)",
        "UPDATE layouts SET summed = 1 - summed",
        "UPDATE states SET packed = 1",
        "UPDATE states SET layout = 77",
        "UPDATE states SET packed = CAST(x'01' || substr(packed, 2) AS BLOB)",
        "UPDATE states SET parents = CAST(x'01' || substr(parents, 2) AS BLOB) WHERE parents != ''",
    ],
)
def test_a_damaged_file_is_told_in_one_line(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(5), (DEADLOCK,), path, 3, stop_on="all")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with SaveFile(path) as file, pytest.raises(UserError) as refused:
        explore(dining(5), (DEADLOCK,), save=file)
    assert str(refused.value) == (f"{path} is damaged, or the model is not the one that it was saved with: begin anew")


def test_a_disk_that_is_full_leaves_what_was_saved_before(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(5), (DEADLOCK,), path, 3, stop_on="all")
    with SaveFile(path) as file:
        file.rows("PRAGMA max_page_count = 1")
        with pytest.raises(UserError) as refused, file.writing() as connection:
            connection.execute("INSERT INTO states VALUES (9, 9, 0, zeroblob(10000000), NULL, '')")
    assert str(refused.value) == f"cannot use {path}: database or disk is full"
    found = in_sittings(dining(5), (DEADLOCK,), path, [], stop_on="all")
    assert timeless(found) == timeless(explore(dining(5), (DEADLOCK,), stop_on="all"))


def test_a_name_that_is_no_text_cannot_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "search"
    with pytest.raises(UserError) as refused:
        SaveFile(path, {"scenario": "\udcff.py:system"})
    assert str(refused.value) == f"cannot use {path} for '\\udcff.py:system', a name that is no UTF-8"
    assert not path.exists()


def test_a_file_is_for_one_search_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(3), (), path, 1 << 60)
    with SaveFile(path), pytest.raises(UserError) as refused:
        SaveFile(path)
    assert str(refused.value) == f"{path} is in use by another search"


def test_a_file_of_another_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(3), (), path, 1 << 60)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(UserError) as refused:
        SaveFile(path)
    assert str(refused.value) == f"{path} has format 1, and this aprt reads 4: begin anew"

"""What is resumed of each strategy: reduced, with symmetry, by lot. It ends as a search that was never interrupted."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from aprt import Context, Mutex, Property, System, UserError
from aprt.core.properties import DEADLOCK, HANG, History
from aprt.explore.explore import explore
from aprt.explore.persistent_sets import reduced
from aprt.explore.result import Bounds, Exploration
from aprt.explore.saved import reading
from aprt.explore.saved.file import SaveFile
from aprt.explore.stateful import loop_orbits, symmetry
from aprt.explore.watchdog import Watchdog
from aprt.kernel.rules import LOCK_ORDER
from tests.explore.programs.cells import Cell, casw, lastzero
from tests.explore.programs.generated import generate, generate_alike
from tests.explore.programs.increment import increment
from tests.explore.programs.locking import dining, nested
from tests.explore.programs.teardown import last_put
from tests.explore.programs.two_phase import two_phase_commit
from tests.explore.test_loops import every_kind, usual
from tests.explore.test_reduced import beside_a_loop
from tests.explore.test_saved import QUESTION, in_sittings, kept_in_order, sitting, timeless
from tests.explore.test_symmetry import nested as houses

Checks = Callable[[System], tuple[Property, ...]]


def whole(found: Exploration) -> tuple[object, ...]:
    """All of an answer but how long it took, with what is not compared otherwise."""
    return timeless(found), found.wrong, found.exercise, found.apart, found.lock_order and found.lock_order.edges


def assert_agreement(
    system: System, properties: tuple[Property, ...], path: Path, looks: range, **options: Any
) -> Exploration:
    """A search that is interrupted after so many looks each time ends as one that was not."""
    alone = explore(system, properties, certify=True, **options)
    found = in_sittings(system, properties, path, looks, certify=True, **options)
    assert whole(found) == whole(alone)
    return found


def assert_goes_on(
    system: System, properties: tuple[Property, ...], path: Path, *limits: Bounds, **options: Any
) -> None:
    """After each bound a search goes on with the next, and comes to what it would have come to with that at once."""
    for bounds in (*limits, Bounds()):
        with SaveFile(path, None if path.exists() else QUESTION) as file:
            found = explore(system, properties, bounds=bounds, save=file, **options)
        assert whole(found) == whole(explore(system, properties, bounds=bounds, **options))


# reduced

PROGRAMS = {
    "dining4": dining(4),
    "lastzero4": lastzero(4),
    "cells": casw(3),
    "for-ever": dining(4, looping=True),
    "last-put": last_put(unless_zero=False),
    "locks": nested("GKM", "MG", "KM"),
}


@pytest.mark.parametrize(
    ("checks", "stop_on"),
    [(lambda system: (LOCK_ORDER,), "all"), (kept_in_order, "first"), (kept_in_order, "all")],
    ids=["order", "first", "all"],
)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reduced_search_resumed_again_and_again_ends_as_one_that_was_not(
    program: str, checks: Checks, stop_on: Literal["first", "all"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduced, "_LOOK", 1)
    system, properties = PROGRAMS[program], checks(PROGRAMS[program])
    options: Any = {"stop_on": stop_on, "strategy": "reduced", "certify": True}
    found = None
    for looks in itertools.count(1, 6):
        found = sitting(system, properties, tmp_path / "search", looks, **options)
        if found.stopped != "interrupted":
            break
    assert found is not None
    assert whole(found) == whole(explore(system, properties, **options))
    assert found.complete == (found.stopped != "violation")


@pytest.mark.parametrize("looks", range(0, 300, 40))
def test_a_reduced_search_may_be_interrupted_anywhere(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduced, "_LOOK", 1)
    found = assert_agreement(
        dining(5), (DEADLOCK,), tmp_path / "search", range(looks, looks + 1), strategy="reduced", stop_on="all"
    )
    assert (found.states, found.complete) == (345, True)


@pytest.mark.parametrize("looks", range(9))
def test_a_reduced_search_may_be_interrupted_while_it_returns_to_states(looks: int, tmp_path: Path) -> None:
    """So few states are there to enter that all looks but the first are later."""
    model, small = beside_a_loop()
    found = in_sittings(model, (small,), tmp_path / "search", [looks], strategy="reduced", stop_on="all")
    assert whole(found) == whole(explore(model, (small,), strategy="reduced", stop_on="all"))
    assert [finding.property for finding in found.findings] == ["P1"]


@pytest.mark.parametrize("seed", range(12))
def test_a_reduced_search_goes_on_after_a_bound(seed: int, tmp_path: Path) -> None:
    system = generate(seed)
    properties = tuple(p for p in usual(system) if p.id != "hang")
    limits = (Bounds(max_states=1), Bounds(max_states=9), Bounds(max_states=17))
    assert_goes_on(system, properties, tmp_path / "search", *limits, strategy="reduced", stop_on="all")


# symmetry


def alike(system: System) -> tuple[Property, ...]:
    """Checks that tell no members apart; one of them has a memory, of an actor that is no member."""
    members = {name for kind in system.symmetry for member in kind.members for name in member}
    others = tuple(actor for actor in system.actors if actor.name not in members)[-1:]
    third = Property("third", "", (History(0, others, lambda memory, event: (int(str(memory)) + 1) % 3),))
    return (DEADLOCK, HANG, third)


def with_a_guest(system: System) -> System:
    """What makes the first house another one than the others, which shows late."""
    door, bell = system.actors[0], system.actors[-1]
    assert isinstance(door, Mutex)
    assert isinstance(bell, Cell)
    guest = Context("guest", partial(_knock, door, bell))
    return System(system.actors, (*system.contexts, guest), symmetry=system.symmetry)


async def _knock(door: Mutex, bell: Cell) -> None:
    for _ in range(3):
        await bell.write(2)
    await door.lock()
    await door.unlock()


ALIKE = {
    "2PC": two_phase_commit(3),
    "increments": increment(3),
    "houses": houses(3, 2),
    "told apart": with_a_guest(houses(2, 2)),
    **{f"random {seed}": generate_alike(seed) for seed in range(6)},
}


@pytest.mark.parametrize("few", [0, 8])
@pytest.mark.parametrize("program", ALIKE)
def test_a_search_with_symmetry_resumed_again_and_again_ends_as_one_that_was_not(
    program: str, few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(symmetry, "_FEW", few)
    monkeypatch.setattr(loop_orbits, "_LOOK", 1)
    system, options = ALIKE[program], {"symmetry": True, "stop_on": "all", "certify": True}
    found = None
    for looks in itertools.count(2, 9):
        found = sitting(system, alike(system), tmp_path / "search", looks, **options)
        if found.stopped != "interrupted":
            break
    assert found is not None
    assert whole(found) == whole(explore(system, alike(system), **options))
    assert (found.complete, bool(found.apart)) == (True, program == "told apart")


@pytest.mark.parametrize("looks", range(0, 60, 7))
def test_a_search_with_symmetry_may_be_interrupted_anywhere(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_orbits, "_LOOK", 1)
    options: Any = {"symmetry": True, "stop_on": "all"}
    found = assert_agreement(ALIKE["told apart"], (DEADLOCK,), tmp_path / "search", range(looks, looks + 1), **options)
    assert found.apart == ("if h0 and h1 change places, guest does h0.lock, and something else then",)


@pytest.mark.parametrize("stop_on", ["first", "all"])
@pytest.mark.parametrize("program", ALIKE)
def test_a_search_with_symmetry_goes_on_after_a_bound(
    program: str, stop_on: Literal["first", "all"], tmp_path: Path
) -> None:
    system = ALIKE[program]
    limits = [Bounds(max_states=most) for most in (1, 5, 20, 50)]
    assert_goes_on(system, alike(system), tmp_path / "search", *limits, symmetry=True, stop_on=stop_on)


def test_when_nothing_is_left_alike_no_file_is_left_either(tmp_path: Path) -> None:
    system = with_a_guest(houses(2, 2))
    system = attrs.evolve(system, symmetry=system.symmetry[-1:])
    with pytest.raises(UserError, match="no symmetry: if h0"), SaveFile(tmp_path / "search", QUESTION) as file:
        explore(system, (DEADLOCK,), symmetry=True, save=file)
    assert list(tmp_path.iterdir()) == []


# reading back

READ: dict[str, tuple[System, tuple[Property, ...], dict[str, Any]]] = {
    "plain": (dining(5), (DEADLOCK,), {"loop": "plain"}),
    "compiled": (dining(5), (DEADLOCK,), {"loop": "compiled"}),
    "orbits": (ALIKE["increments"], (DEADLOCK,), {"symmetry": True}),
    "reduced": (dining(5), (DEADLOCK,), {"strategy": "reduced"}),
    "dpor": (dining(4), (), {"strategy": "dpor"}),
    "random": (dining(4), (DEADLOCK,), {"strategy": "random", "runs": 40}),
}


def content(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.mark.parametrize("search", READ)
def test_a_search_that_is_halted_while_it_is_read_back_answers_nothing_and_leaves_the_file_as_it_is(
    search: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, properties, options = READ[search]
    path, options = tmp_path / "search", {"stop_on": "all", **options}
    whole = timeless(sitting(system, properties, path, 1 << 60, **options))
    before = content(path)
    monkeypatch.setattr(reading, "_LOOK", 1)
    found = sitting(system, properties, path, 0, **options)
    assert (found.stopped, found.states, found.findings) == ("interrupted", 0, ())
    assert content(path) == before
    assert timeless(sitting(system, properties, path, 1 << 60, **options)) == whole


def test_a_budget_is_for_new_work_however_long_it_takes_to_read_back_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LOOK", 1)
    monkeypatch.setattr(reduced, "_LOOK", 1)
    seconds, path, found = [0.0], tmp_path / "search", list[tuple[int, float]]()

    def second() -> bool:
        seconds[0] += 1.0
        return False

    monkeypatch.setattr(Watchdog.__init__, "__defaults__", (None, lambda: seconds[0]))
    for _ in range(4):
        with SaveFile(path, None if path.exists() else QUESTION) as file:
            bounds = Bounds(budget=10.0)
            one = explore(dining(5), (DEADLOCK,), strategy="reduced", bounds=bounds, save=file, halt=second)
        assert one.stopped == "budget"
        found.append((one.states, one.seconds))
    assert found == [(22, 11.0), (36, 22.0), (50, 33.0), (61, 44.0)]
    assert seconds[0] - 44 > 3 * 10  # to read back takes longer each time than the budget


# by lot

DRAWS = ("random", "urw", "pos", "pct:2", "delay:2", "portfolio")


@pytest.mark.parametrize("strategy", DRAWS)
@pytest.mark.parametrize("program", ["dining4", "for-ever", "last-put"])
def test_executions_by_lot_resumed_again_and_again_are_those_of_one_search(
    program: str, strategy: str, tmp_path: Path
) -> None:
    system = PROGRAMS[program]
    options: Any = {"strategy": strategy, "stop_on": "all", "runs": 60, "seed": 7, "bounds": Bounds(max_depth=60)}
    found = assert_agreement(system, every_kind(system), tmp_path / "search", range(10), **options)
    assert (found.executions, found.stopped, found.seed) == (60, "runs", 7)


@pytest.mark.parametrize("strategy", DRAWS)
def test_executions_by_lot_go_on_when_more_are_asked_for(strategy: str, tmp_path: Path) -> None:
    system, path = PROGRAMS["locks"], tmp_path / "search"
    for runs in (1, 2, 30, 90):
        with SaveFile(path, None if path.exists() else QUESTION) as file:
            found = explore(system, every_kind(system), strategy=strategy, stop_on="all", runs=runs, save=file)
        alone = explore(system, every_kind(system), strategy=strategy, stop_on="all", runs=runs)
        assert whole(found) == whole(alone)
    with SaveFile(path) as file, pytest.raises(UserError, match="are 90 executions by now: --runs 89 is too few"):
        explore(system, every_kind(system), strategy=strategy, stop_on="all", runs=89, save=file)


@pytest.mark.parametrize("strategy", DRAWS)
def test_executions_by_lot_end_at_the_violation_at_which_one_search_ends(strategy: str, tmp_path: Path) -> None:
    system = nested("AB", "BA")
    limits = (Bounds(max_states=1), Bounds(max_states=4))
    options: Any = {"strategy": strategy, "seed": 3}
    assert_goes_on(system, (DEADLOCK,), tmp_path / "search", *limits, **options)
    assert [f.property for f in explore(system, (DEADLOCK,), **options).findings] == ["deadlock"]


@pytest.mark.parametrize("strategy", ["reduced", "random", "portfolio"])
@pytest.mark.parametrize(
    "damage",
    ["UPDATE series SET data = x'00'", "UPDATE series SET first = 7", "DELETE FROM states", "DELETE FROM learned"],
)
def test_a_damaged_file_is_told_in_one_line(strategy: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(4), (DEADLOCK,), path, 2, strategy=strategy, stop_on="all", runs=20)
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    with SaveFile(path) as file, pytest.raises(UserError) as refused:
        explore(dining(4), (DEADLOCK,), strategy=strategy, save=file)
    assert str(refused.value) == (f"{path} is damaged, or the model is not the one that it was saved with: begin anew")


@pytest.mark.parametrize("missing", ["sources", "targets"])
def test_a_file_without_one_end_of_each_step_is_told_in_one_line(missing: str, tmp_path: Path) -> None:
    path = tmp_path / "search"
    sitting(dining(4), (DEADLOCK,), path, 2, strategy="reduced", stop_on="all")
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute("DELETE FROM series WHERE name = ?", (missing,)).rowcount
    connection.close()
    with SaveFile(path) as file, pytest.raises(UserError, match="is damaged"):
        explore(dining(4), (DEADLOCK,), strategy="reduced", save=file)

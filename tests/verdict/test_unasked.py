"""What is said when executions end at a violation of what nobody asked about."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aprt.core.properties import DEADLOCK, Noted, Property
from aprt.core.system import Context, System
from aprt.explore.result import Bounds
from aprt.explore.saved.file import seal
from aprt.kernel.mutex import Mutex
from aprt.kernel.rules import RULES
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.difference import difference
from aprt.verdict.keeping import Keep
from aprt.verdict.many import ask_many
from aprt.verdict.search import Search
from aprt.view.difference_text import difference_text
from aprt.view.paint import Paint
from aprt.view.verdict_json import verdict_object
from aprt.view.verdict_text import verdict_text
from tests.explore.work import Here, theft
from tests.verdict.cases import case_of

P2 = Property("P2", "nothing is taken from nothing", (Noted(),))
THEFT = case_of(theft()[0], DEADLOCK, P2)


def twice(*, careful: bool = False) -> Case:
    """A context that locks a mutex which it may hold already."""
    mutex = Mutex("m")

    async def forgetful() -> None:
        await mutex.lock()
        if careful:
            await mutex.unlock()
        await mutex.lock()
        await mutex.unlock()

    return case_of(System((mutex,), (Context("a", forgetful),)), DEADLOCK, *RULES)


STRATEGIES = ("auto", "states", "reduced", "dpor", "random", "portfolio")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_verdict_is_open_and_names_what_to_ask(strategy: str) -> None:
    verdict = ask(THEFT, ("deadlock",), Search(strategy, runs=20))
    assert (verdict.word, verdict.exploration.complete) == ("INCONCLUSIVE", False)
    text = " ".join(verdict_text(verdict, Paint()).split())
    assert "an execution ends at a violation of P2, which was not asked; ask --property P2, or --property all " in text
    assert "complete=no" in text
    assert ask(THEFT, ("deadlock", "P2"), Search(strategy, runs=20)).word == "VIOLATED"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_lock_that_is_taken_twice_is_a_violation_whatever_was_asked(strategy: str) -> None:
    verdict = ask(twice(), ("deadlock",), Search(strategy, runs=20))
    assert (verdict.word, [one.finding.text for one in verdict.shown]) == (
        "VIOLATED",
        ["a locks m, which it already holds"],
    )
    assert [p.id for p in verdict.properties] == ["deadlock", "K1"]


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_the_budget_to_ask_about_it_is_not_spent_by_what_was_saved(strategy: str, tmp_path: Path) -> None:
    path, search = tmp_path / "search", Search(strategy, Bounds(budget=60.0), runs=20)
    ask(twice(), ("deadlock",), search, keep=Keep(path, False, ""))
    with sqlite3.connect(path) as connection:
        ((value,),) = connection.execute("SELECT json_set(value, '$.seconds', 7000.0) FROM progress")
        connection.execute("UPDATE progress SET value = ?, seal = ?", (value, seal(value.encode())))
    connection.close()
    resumed = ask(twice(), ("deadlock",), search, keep=Keep(path, True, ""))
    assert (resumed.word, [p.id for p in resumed.properties]) == ("VIOLATED", ["deadlock", "K1"])


@pytest.mark.parametrize("strategy", STRATEGIES[:4])
def test_what_was_asked_is_what_is_said_to_hold(strategy: str) -> None:
    verdict = ask(twice(careful=True), ("deadlock",), Search(strategy))
    assert (verdict.word, [p.id for p in verdict.properties]) == ("HOLDS", ["deadlock"])


def test_a_crew_asks_about_it_as_well() -> None:
    cases = {"of/it": twice()}
    answers = ask_many(("of/it",), cases.__getitem__, ("deadlock",), Search(), verdict_object, Here())
    assert [(found["verdict"], found["properties"]) for _, found in answers] == [("VIOLATED", ["deadlock", "K1"])]


def test_a_change_that_locks_twice_adds_that_to_whatever_is_compared() -> None:
    found = difference(twice(careful=True), twice(), ("deadlock",))
    assert [(outcome.id, outcome.change) for outcome in found.outcomes] == [("deadlock", "holds"), ("K1", "added")]


def test_a_lock_that_is_taken_twice_is_told_also_where_a_side_is_not_searched_to_the_end() -> None:
    found = difference(twice(careful=True), twice(), ("deadlock",), Bounds(max_states=2))
    assert not found.complete
    assert [(one.id, one.change, one.after is None) for one in found.outcomes] == [
        ("deadlock", "unknown", True),
        ("K1", "unknown", False),
    ]
    text = difference_text(found, Paint())
    assert "\n? K1         not found  VIOLATED   " in text
    assert "\nK1 VIOLATED after, not found before: a locks m, which it already holds\n  after: 2 steps\n" in text
    assert "which was not asked" not in text


@pytest.mark.parametrize(("ids", "told"), [(("deadlock",), False), (("deadlock", "k1"), True), (("all",), True)])
def test_what_is_implied_and_holds_is_told_only_where_it_is_named(ids: tuple[str, ...], told: bool) -> None:
    found = difference(twice(careful=True), twice(careful=True), ids)
    assert ("K1" in {outcome.id for outcome in found.outcomes}) is told


def test_what_ends_executions_of_either_side_is_asked_of_both() -> None:
    found = difference(THEFT, THEFT, ("deadlock",))
    assert [(outcome.id, outcome.change) for outcome in found.outcomes] == [("deadlock", "holds"), ("P2", "unchanged")]
    assert found.complete

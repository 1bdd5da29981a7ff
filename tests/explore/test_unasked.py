"""An execution that ends at a violation of what nobody asked about: no strategy says that everything was covered."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aprt.core.actor import Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Oops
from aprt.core.properties import DEADLOCK, Noted, Property
from aprt.core.symmetry import Alike
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.explore.parallel import partition, subtrees
from aprt.explore.result import Bounds, Exploration
from aprt.explore.saved.file import SaveFile
from tests.explore import work
from tests.explore.tiny import Number, Variable
from tests.explore.work import Here, theft

THEFT, _ = theft()
P2 = Property("P2", "nothing is taken from nothing", (Noted(),))
OPTIONS: tuple[dict[str, Any], ...] = (
    {"strategy": "auto"},
    {"strategy": "states", "loop": "plain"},
    {"strategy": "states", "loop": "compiled"},
    {"strategy": "reduced"},
    {"strategy": "dpor"},
    {"strategy": "dpor:source"},
)


class Twice(Variable):
    @handler(reads="")
    def break_both(self, state: Number, by: Caller) -> Outcome[Number, None]:
        return state, None, (Oops("P2", "broken"), Oops("P3", "broken, too"))


def said(found: Exploration) -> tuple[Any, ...]:
    return found.complete, found.stopped, found.unasked, found.unexercised, [f.property for f in found.findings]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_comes_after_an_oops_that_was_not_asked_about_is_not_covered(options: dict[str, Any]) -> None:
    assert said(explore(THEFT, (DEADLOCK,), **options)) == (False, None, ("P2",), None, [])
    asked = explore(THEFT, (DEADLOCK, P2), stop_on="all", **options)
    assert said(asked) == (True, None, (), (), ["P2"])


@pytest.mark.parametrize("strategy", ["random", "urw", "pos", "pct:2", "delay:2", "portfolio"])
def test_runs_that_ended_at_an_oops_are_told_although_no_run_broke_what_was_asked(strategy: str) -> None:
    found = explore(THEFT, (DEADLOCK,), strategy=strategy, runs=50)
    assert said(found) == (False, "runs", ("P2",), None, [])


def test_a_crew_says_so_as_one_process_does() -> None:
    question = partial(work.question, theft)
    found = [
        partition.search(question(loop="plain"), theft, Here(), small=1),
        subtrees.search(question(), theft, Here(), alone=0),
    ]
    assert [(one.complete, one.stopped, one.unasked) for one in found] == [(False, None, ("P2",))] * 2


@pytest.mark.parametrize("strategy", ["states", "dpor", "reduced"])
def test_a_search_that_is_resumed_knows_what_it_has_met_before(strategy: str, tmp_path: Path) -> None:
    with SaveFile(tmp_path / "search", {"of": "a test"}) as file:
        first = explore(THEFT, (DEADLOCK,), strategy=strategy, save=file)
    with SaveFile(tmp_path / "search") as file:
        again = explore(THEFT, (DEADLOCK,), strategy=strategy, save=file)
    assert said(again) == said(first) == (False, None, ("P2",), None, [])


def test_states_that_are_told_apart_by_no_name_say_so_too() -> None:
    x = Variable("x")

    async def thief() -> None:
        await x.take()

    thieves = System((x,), (Context("a", thief), Context("b", thief)), symmetry=(Alike((("a",), ("b",))),))
    found = explore(thieves, (DEADLOCK,), symmetry=True)
    assert (found.symmetry, *said(found)) == (True, False, None, ("P2",), None, [])


def test_a_bound_that_was_hit_is_told_beside_it() -> None:
    found = explore(THEFT, (DEADLOCK,), bounds=Bounds(max_depth=1))
    assert (found.stopped, found.unasked) == ("max_depth", ("P2",))


def test_a_step_that_breaks_two_rules_was_asked_about_if_one_of_them_was() -> None:
    twice = Twice("x")

    async def break_both() -> None:
        await twice.break_both()

    both = System((twice,), (Context("a", break_both),))
    for id in ("P2", "P3"):
        assert explore(both, (Property(id, id, (Noted(),)),), stop_on="all").unasked == ()
    assert explore(both, (DEADLOCK,)).unasked == ("P2", "P3")

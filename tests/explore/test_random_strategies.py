"""Every strategy that draws lots: finds what can be found, says it is not complete, and is repeated by its seed."""

from __future__ import annotations

import pytest

from aprt import Context, System, explore, replay
from aprt.core.errors import UserError
from aprt.core.properties import DEADLOCK
from aprt.explore.result import Bounds
from aprt.explore.strategies import find_strategy
from aprt.kernel.cell import Cell
from tests.explore.programs.locking import dining, nested

DRAWS = ("random", "urw", "pos", "pct:2", "pct:3", "delay:2", "portfolio")


@pytest.mark.parametrize("strategy", DRAWS)
def test_the_embrace_is_found_and_its_schedule_shows_it(strategy: str) -> None:
    system = nested("AB", "BA")
    found = explore(system, [DEADLOCK], strategy=strategy, runs=500, seed=1)
    assert [finding.property for finding in found.findings] == ["deadlock"]
    assert replay(system, found.findings[0].schedule).ending == "deadlock"
    assert not found.complete


@pytest.mark.parametrize("strategy", DRAWS)
def test_no_run_breaks_what_cannot_be_broken_and_that_is_no_proof(strategy: str) -> None:
    found = explore(dining(3, left_handed=1), [DEADLOCK], strategy=strategy, runs=100, seed=1)
    assert (found.findings, found.complete, found.stopped, found.executions) == ((), False, "runs", 100)


@pytest.mark.parametrize("strategy", DRAWS)
def test_a_seed_repeats_a_search_and_another_one_does_not(strategy: str) -> None:
    def schedules(seed: int) -> list[object]:
        return [explore(dining(3), [DEADLOCK], strategy=strategy, runs=400, seed=seed + i).findings for i in range(5)]

    assert schedules(1) == schedules(1)
    # a delay-bounded scheduler has so few schedules that seeds share them
    assert schedules(1) != schedules(101) or strategy == "delay:2"


def test_one_change_of_priorities_is_needed_for_an_embrace() -> None:
    """PCT with d = 1 never switches a context that can go on, so two nested locks are never half taken."""
    assert explore(nested("AB", "BA"), [DEADLOCK], strategy="pct:1", runs=500, seed=1).findings == ()


def test_delays_fall_at_all_steps_of_a_context_that_lets_nobody_show_what_is_shared() -> None:
    own, other = Cell("own", 0), Cell("other", 0)

    async def spin() -> None:
        while True:
            await own.read()

    async def bump() -> None:
        await other.add(1)

    system = System((own, other), (Context("spin", spin), Context("bump", bump), Context("again", bump)))
    found = explore(system, strategy="delay:1", runs=200, seed=1, bounds=Bounds(max_depth=6))
    # six reads; five and bump; four, bump and again. Where the reads stand among them is no matter of the trace
    assert (found.cut, found.traces) == (200, 3)


@pytest.mark.parametrize("text", ["pct:0", "pct:x", "urw:2", "pcd"])
def test_a_name_or_number_that_does_not_exist_is_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"^[^\n]+$"):
        find_strategy(text)

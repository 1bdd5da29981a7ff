"""What the random strategies promise, measured: how evenly they draw, how often they find, and what they never miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from aprt.core.properties import DEADLOCK, at_end
from aprt.core.system import System, View
from aprt.explore.explore import explore
from aprt.explore.result import Guarantee, Question
from aprt.explore.sampling.pct import Priorities
from aprt.explore.sampling.portfolio import Portfolio
from aprt.explore.sampling.pos import PartialOrderSampler
from aprt.explore.sampling.random_walk import RandomWalk
from aprt.explore.sampling.urw import UniformWalk
from aprt.explore.sampling.walks import Picker, Walks
from tests.explore.enumerator import Values, reachable, traces
from tests.explore.programs.cells import cas, casw, inc, popl
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining, nested

RUNS, INTERLEAVINGS = 90_000, 90


def chi_square(make: Callable[[Walks], Picker]) -> float:
    """How uneven the interleavings of three increments are drawn; 89 degrees of freedom."""
    drawn: Counter[tuple[int, ...]] = Counter()
    with Walks(Question(inc(3), (), seed=1)) as walks:
        picker = make(walks)
        for _ in range(RUNS):
            steps = walks.execution(picker).steps
            picker.finish(steps, False)
            drawn[steps] += 1
    expected = RUNS / INTERLEAVINGS
    return sum((n - expected) ** 2 / expected for n in drawn.values()) + (INTERLEAVINGS - len(drawn)) * expected


def test_urw_draws_all_interleavings_alike() -> None:
    assert chi_square(lambda walks: UniformWalk(walks.steps, walks.random)) < 135  # p = 0.001


@pytest.mark.parametrize(
    "make", [lambda walks: RandomWalk(walks.random), lambda walks: PartialOrderSampler(walks.steps, walks.random)]
)
def test_a_random_walk_and_pos_do_not(make: Callable[[Walks], Picker]) -> None:
    assert chi_square(make) > 10_000


@pytest.mark.parametrize(("n", "steps"), [(2, 8), (3, 12)])
def test_pct_finds_a_deadlock_of_depth_2_at_least_as_often_as_it_promises(n: int, steps: int) -> None:
    system = nested("AB", "BA") if n == 2 else dining(3)
    runs, hits = 10_000, 0
    with Walks(Question(system, (DEADLOCK,), stop_on="all", seed=1)) as walks:
        picker = Priorities(walks.steps, walks.random, 2)
        for _ in range(runs):
            run = walks.execution(picker)
            picker.finish(run.steps, False)
            hits += run.ending == "deadlock"
        bound = picker.guarantee()
    assert bound == Guarantee(depth=2, contexts=n, steps=steps)
    assert bound.chance == 1 / (n * steps)
    assert hits / runs >= bound.chance


def test_the_runs_for_99_percent_follow_from_the_chance() -> None:
    assert Guarantee(2, 2, 8).runs == 72  # ln 0.01 / ln(1 - 1/16) = 71.4
    assert Guarantee(1, 1, 8).runs == 1
    assert Guarantee(3, 2, 8).chance == 1 / 128


def ends(system: System, strategy: str, runs: int) -> tuple[int, int, int]:
    found = explore(system, stop_on="all", strategy=strategy, runs=runs, seed=3)
    return found.ends, found.deadlocks, found.oopses


def collecting(system: System, into: set[Values]) -> Callable[[View], None]:
    def collect(view: View) -> None:
        into.add(tuple(view(actor) for actor in system.actors))

    return collect


@pytest.mark.parametrize("strategy", ["random", "urw", "pos", "pct:2", "pct:3", "delay:2", "portfolio"])
def test_random_runs_reach_nothing_that_does_not_exist(strategy: str) -> None:
    for seed in range(15):
        system = generate(seed)
        whole, drawn_ends = explore(system, stop_on="all"), set[Values]()
        collect = at_end("ends", system.actors, collecting(system, drawn_ends))
        drawn = explore(system, (collect,), stop_on="all", strategy=strategy, runs=30, seed=seed)
        assert drawn_ends <= reachable(system).ends
        assert drawn.states <= whole.states
        assert drawn.ends <= whole.ends
        assert drawn.deadlocks <= whole.deadlocks
        assert drawn.traces is not None
        assert drawn.traces <= 30


SMALL = {
    "inc3": inc(3),
    "casw3": casw(3),
    "cas4": cas(4),
    "popl": popl(),
    "phil3": dining(3),
    "abba": nested("AB", "BA"),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_portfolio_reaches_every_outcome_of_a_small_program(name: str) -> None:
    system = SMALL[name]
    every = reachable(system)
    assert ends(system, "portfolio", 2_000)[:2] == (len(every.ends), len(every.deadlocks))
    drawn, whole = explore(system, stop_on="all", strategy="portfolio", runs=4_000, seed=3), traces(system)
    assert drawn.traces == whole.complete + whole.deadlocked


def test_a_member_of_the_portfolio_that_finds_new_traces_gets_more_turns_and_none_less_than_its_floor() -> None:
    with Walks(Question(inc(2), (), seed=1)) as walks:
        members = [RandomWalk(walks.random) for _ in range(3)]
        portfolio = Portfolio(members, walks.random)
        assert portfolio.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
        for _ in range(2_000):
            portfolio.start()
            portfolio.finish((), fresh=portfolio.member == 1)
    finder, others = portfolio.shares[1], (portfolio.shares[0], portfolio.shares[2])
    assert finder == pytest.approx(0.8, abs=0.01)
    assert all(0.1 <= share <= 0.11 for share in others)
    assert portfolio.turns[1] > portfolio.turns[0] + portfolio.turns[2]


def test_the_turns_of_a_portfolio_add_up_and_each_member_keeps_its_floor() -> None:
    found = explore(dining(4), strategy="portfolio", runs=1_000)
    turns = dict(found.turns)
    assert list(turns) == ["random", "urw", "pos", "pct:2", "pct:3"]
    assert sum(turns.values()) == found.executions == 1_000
    assert min(turns.values()) > 60  # 100 on average, 9.5 standard deviation

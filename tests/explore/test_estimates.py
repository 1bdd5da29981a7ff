"""Estimates of how much there is: exact where all was seen, within their errors elsewhere, and warned of tails."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from functools import partial

import attrs
import pytest

from aprt.core.errors import UserError
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.commuting.independence import StepInfo, foata
from aprt.explore.replay import replay
from aprt.explore.result import Progress, Question
from aprt.explore.sampling.estimates import Estimate, estimate, mean, total
from aprt.explore.sampling.random_walk import RandomWalk
from aprt.explore.sampling.spread import spread
from aprt.explore.sampling.walks import Walks
from aprt.explore.stepper import Stepper
from aprt.explore.watchdog import Watchdog
from tests.explore.enumerator import executions, interleavings, paths, traces
from tests.explore.programs.cells import Cell, ainc, casw, inc, lastzero, long_chain, popl, readers
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining, nested

KNOWN = {
    "inc4": (inc(4), 2_520, 576),
    "casw4": (casw(4), 2_520, 1_200),
    "lastzero5": (lastzero(5), 3_487_880, 64),
    "readers8": (readers(8), 362_880, 256),
    "phil5": (dining(5), 66_468_720, 31),
}


def near(found: Estimate, truth: int) -> bool:
    return abs(found.value - truth) <= 3 * found.error


@pytest.mark.parametrize("name", KNOWN)
def test_an_estimate_is_within_three_standard_errors(name: str) -> None:
    system, all_interleavings, all_traces = KNOWN[name]
    found = estimate(system, 2_000, seed=1)
    assert found.traces is not None
    assert near(found.interleavings, all_interleavings)
    assert near(found.traces, all_traces)
    assert (found.probes, found.cut) == (2_000, 0)


@pytest.mark.parametrize("system", [nested("AB", "BA"), inc(2), popl(), dining(3), ainc(3)])
def test_where_all_traces_were_seen_the_numbers_are_exact_deadlocks_included(system: System) -> None:
    found, counted = estimate(system, 400), traces(system)
    assert found.traces is not None
    every = counted.complete + counted.deadlocked
    assert (found.traces.low, found.traces.value, found.traces.high) == (every, every, every)
    assert found.interleavings.value == interleavings(system)
    assert found.interleavings.error == 0


def walked(system: System, schedule: Schedule) -> float:
    """The chance that a random walk takes this schedule."""
    chance = 1.0
    with Stepper(system) as stepper:
        for label in schedule:
            offers = [stepper.options(context.name) for context in system.contexts]
            able = sum(1 for options in offers if options)
            chance /= able * len(stepper.options(label.context))
            stepper.step(label.context, label.op)
    return chance


def test_the_spread_over_a_trace_is_that_of_all_its_interleavings() -> None:
    compared = 0
    for seed in (seed for seed in range(30) if paths(generate(seed)) <= 100):
        system = generate(seed)
        schedules = [Schedule.of((s.info.context, s.info.op) for s in steps) for steps, _ in executions(system)]
        brute: defaultdict[object, list[float]] = defaultdict(list)
        for schedule in schedules:
            events = replay(system, schedule).events
            brute[foata(map(StepInfo.of, events))].append(walked(system, schedule))
        with Walks(Question(system, (), seed=seed)) as walks:
            picker = RandomWalk(walks.random)
            for _ in range(10):
                run = walks.execution(picker)
                chances = brute[walks.steps.trace(run.steps)]
                found = spread(walks, run)
                assert found is not None
                assert (found.orders, found.chance) == (len(chances), pytest.approx(math.fsum(chances)))
                assert len(run.steps) <= found.sets <= 2 ** len(run.steps)
                compared += 1
    assert compared >= 50


def test_a_long_chain_raises_the_warning_of_a_heavy_tail() -> None:
    for seed in range(5):
        found = estimate(long_chain(19), 50, seed=seed)
        assert found.traces is not None
        assert not found.traces.reliable
        assert not found.interleavings.reliable
    assert estimate(readers(6), 50).interleavings.reliable


def test_where_one_trace_has_too_many_interleavings_the_plain_mean_is_left() -> None:
    async def alone(i: int) -> None:
        for _ in range(9):
            await cells[i].read()

    cells = [Cell(f"x{i}") for i in range(6)]
    system = System(tuple(cells), tuple(Context(f"t{i}", partial(alone, i)) for i in range(6)))
    found = estimate(system, 20)
    assert found.traces is None
    orders = math.factorial(54) / math.factorial(9) ** 6
    assert found.interleavings.low < orders < found.interleavings.high


def test_what_is_cut_counts_up_to_there() -> None:
    found = estimate(dining(2, looping=True), 500, max_depth=2)
    assert found.cut > 0
    assert found.interleavings.value == 4  # both philosophers can go first, and either goes on


def test_an_estimate_tells_how_many_probes_are_drawn_and_how_long_it_will_take_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Progress] = []
    ticks = itertools.count(0.0, 1.0)
    monkeypatch.setattr(Watchdog.__init__, "__defaults__", (None, lambda: next(ticks)))
    assert estimate(inc(3), 10, budget=3.0, report=seen.append).probes == 3
    assert [(one.executions, one.seconds, one.expected, one.left) for one in seen] == [
        (1, 1.0, 10, 2.0),
        (2, 2.0, 10, 1.0),
        (3, 3.0, 10, 0.0),
    ]
    assert all(one.states and one.transitions for one in seen)


def test_an_estimate_that_is_halted_has_the_probes_so_far() -> None:
    found = estimate(inc(3), 10, halt=itertools.chain([False, False], itertools.repeat(True)).__next__)
    assert found == attrs.evolve(estimate(inc(3), 3), interrupted=True)
    cell = Cell("cell")

    async def read() -> None:
        while True:
            await cell.read()

    with pytest.raises(KeyboardInterrupt):
        estimate(System((cell,), (Context("reader", read),)), 10, max_depth=1_000, halt=lambda: True)


def test_a_seed_repeats_an_estimate_and_a_budget_ends_it() -> None:
    assert estimate(inc(3), 50, seed=7) == estimate(inc(3), 50, seed=7)
    assert estimate(inc(3), 50, seed=7) != estimate(inc(3), 50, seed=8)
    assert estimate(inc(3), 10_000, budget=0.0).probes == 1


def adding(contexts: int) -> System:
    """So many contexts add to one number, for ever."""
    number = Cell("x")

    async def add() -> None:
        while True:
            await number.add(1)

    return System((number,), tuple(Context(f"t{i}", add) for i in range(contexts)))


def test_a_budget_ends_a_probe_of_many_steps_too() -> None:
    assert estimate(adding(2), 1, max_depth=255, budget=0.0).probes == 1
    with pytest.raises(UserError, match="no probe came to its end in a budget of 0 s; allow more, or lower the depth"):
        estimate(adding(2), 1, max_depth=256, budget=0.0)


def test_executions_of_next_to_no_chance_are_counted_all_the_same() -> None:
    found = estimate(adding(4), 20)
    assert (found.cut, found.traces, found.interleavings.value) == (20, None, 4.0**300)


def test_weights_that_no_number_can_hold_give_no_estimate() -> None:
    assert mean([1e308, 1e308], 2) == Estimate(math.inf, math.inf, 2, math.inf, 0)


def test_what_was_seen_so_often_that_nothing_seems_to_be_missing_leaves_the_upper_limit_open() -> None:
    assert total([1], [1 - 1e-6], 1_000, 1_000) == Estimate(1.0, 0.0, 1.0, 1 + 1.96**2, 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inc4", "lastzero5", "readers8"])
def test_intervals_of_95_percent_contain_the_truth_for_at_least_90_of_100_seeds(name: str) -> None:
    system, all_interleavings, all_traces = KNOWN[name]
    within = [0, 0]
    for seed in range(100):
        found = estimate(system, 1_000, seed=seed)
        assert found.traces is not None
        within[0] += found.interleavings.low <= all_interleavings <= found.interleavings.high
        within[1] += found.traces.low <= all_traces <= found.traces.high
    assert min(within) >= 90

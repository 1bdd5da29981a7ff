"""Random executions: repeatable by seed, within bounds, honest about what they have not seen."""

from __future__ import annotations

import attrs

from aprt.core.properties import DEADLOCK, at_end
from aprt.explore.commuting.independence import StepInfo, foata
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.explore.result import Bounds
from aprt.explore.sampling.random_walk import sample_schedules
from tests.explore.tiny import dining, executions, increments


def test_one_seed_is_one_answer() -> None:
    racing, _ = increments(3)
    first, again, other = (explore(racing, strategy="random", runs=5, seed=seed) for seed in (1, 1, 2))
    assert attrs.evolve(first, seconds=0.0) == attrs.evolve(again, seconds=0.0)
    assert first.states != other.states
    assert first.seed == 1


def test_enough_runs_see_every_state_and_trace_and_still_prove_nothing() -> None:
    result = explore(dining(3, looping=False), strategy="random", runs=2_000)
    assert (result.states, result.ends, result.deadlocks, result.depth) == (87, 1, 1, 12)
    assert (result.traces, result.unseen) == (7, 0.0)
    assert (result.executions, result.complete, result.stopped) == (2_000, False, "runs")


def test_a_trace_that_was_seen_once_is_a_sign_of_others() -> None:
    result = explore(increments(3)[0], strategy="random", runs=1)
    assert (result.traces, result.unseen, result.transitions) == (1, 1.0, 6)


def test_steps_are_drawn_with_equal_chance() -> None:
    # two increments: after the first load (1) the second of the two loads comes next with chance 1/2, and loses
    racing, x = increments(2)
    losses = 0
    lost = at_end("P1", (x,), lambda view: None if view(x).value == 2 else "lost")
    for seed in range(1_000):
        losses += len(explore(racing, [lost], strategy="random", runs=1, seed=seed).findings)
    assert 450 <= losses <= 550  # 3 standard deviations: 47


def test_the_finding_of_a_random_run_repeats() -> None:
    model = dining(3, looping=True)
    result = explore(model, [DEADLOCK], strategy="random")
    (finding,) = result.findings
    assert (result.complete, result.stopped) == (False, "violation")
    assert replay(model, finding.schedule, [DEADLOCK]).findings == (finding,)


def test_a_run_that_does_not_end_is_cut_at_the_depth() -> None:
    result = explore(dining(2, looping=True), strategy="random", runs=50, bounds=Bounds(max_depth=7))
    assert (result.depth, result.executions, result.ends) == (7, 50, 0)


def test_bounds_on_states_and_time_hold() -> None:
    model = dining(4, looping=True)
    bounded = explore(model, strategy="random", bounds=Bounds(max_states=20))
    assert (bounded.states, bounded.stopped) == (20, "max_states")
    spent = explore(model, strategy="random", bounds=Bounds(budget=0.0))
    assert (spent.transitions, spent.stopped) == (256, "budget")


def test_samples_are_whole_executions_of_different_traces() -> None:
    model, _ = increments(3)
    schedules = sample_schedules(model, 20, seed=4)
    assert schedules == sample_schedules(model, 20, seed=4)
    runs = [replay(model, schedule) for schedule in schedules]
    assert {run.ending for run in runs} == {"end"}
    assert len({foata(map(StepInfo.of, run.events)) for run in runs}) == 20


def test_there_are_no_more_samples_than_traces() -> None:
    model = dining(2, looping=False)
    every = {foata(map(StepInfo.of, run.events)) for run in executions(model)}
    samples = [replay(model, schedule) for schedule in sample_schedules(model, 10, seed=0)]
    assert sorted(foata(map(StepInfo.of, run.events)) for run in samples) == sorted(every)  # type: ignore[type-var]

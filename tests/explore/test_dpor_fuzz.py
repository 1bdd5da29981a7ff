"""Strategies "dpor" and "reduced" agree with the enumerator and with the search over states on random programs.

As many traces as the enumerator counts, none twice, the same end states, and as many deadlocks and oopses; and whatever
a check that compares actors can see in any order, they see.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from aprt import Actor, System, View, always, at_end, explore
from aprt.explore.result import Exploration
from tests.explore.enumerator import Traces, Values, traces
from tests.explore.programs.generated import generate

STEPS = 8  # with more, the enumerator takes too long


def assert_agreement(seed: int) -> Traces:
    """The searches find what the enumerator finds of the program of that seed, which it gives."""
    system = generate(seed, STEPS)
    truth = traces(system)
    full, found, reduced = (agreeing(system, strategy, truth, seed) for strategy in ("states", "dpor", "reduced"))
    count = truth.complete + truth.deadlocked + truth.oopsed
    assert (found.traces, found.redundant) == (count, 0), seed
    for fewer in (found, reduced):
        assert (fewer.ends, fewer.deadlocks, fewer.oopses) == (full.ends, full.deadlocks, full.oopses), seed
    return truth


def agreeing(system: System, strategy: str, truth: Traces, seed: int) -> Exploration:
    """What a search finds, which ends in the states in which the enumerator does."""
    ends: set[Values] = set()

    def collect(view: View) -> None:
        ends.add(tuple(view(actor) for actor in system.actors))

    found = explore(system, (at_end("ends", system.actors, collect),), strategy=strategy)
    assert found.stopped is None, seed
    assert ends == truth.ends, seed
    assert len(truth.stuck) <= found.deadlocks <= truth.deadlocked, seed
    return found


def seen(seed: int, strategy: str) -> set[tuple[Any, ...]]:
    """What a search shows to a check: the combinations of states of three actors, and of what may be held."""
    system, lots = generate(seed, STEPS), Random(seed)
    actors: tuple[Actor[Any], ...] = tuple(lots.sample(system.actors, 3))
    locks = [lock for lock in ("m", "rwsem") if lots.random() < 0.5]
    values: set[tuple[Any, ...]] = set()

    def collect(view: View) -> None:
        values.add((*(view(actor) for actor in actors), *map(view.held, locks)))

    assert explore(system, (always("seen", actors, collect),), strategy=strategy).stopped is None
    return values


@pytest.mark.parametrize("block", range(20))
def test_as_many_traces_as_the_enumerator_counts_on_2000_random_programs(block: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(100 * block, 100 * block + 100):
        truth = assert_agreement(seed)
        kinds["complete"] += truth.complete > 1
        kinds["deadlocked"] += truth.deadlocked > 1
        kinds["oopsed"] += truth.oopsed > 1
    assert min(kinds[kind] for kind in ("complete", "deadlocked", "oopsed")) >= 1


@pytest.mark.parametrize("block", range(4))
def test_checks_see_what_they_can_in_any_order_on_200_random_programs(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        assert seen(seed, "dpor") == seen(seed, "reduced") == seen(seed, "states"), seed


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(20))
def test_as_many_traces_as_the_enumerator_counts_on_20000_random_programs(block: int) -> None:
    for seed in range(2_000 + 1_000 * block, 3_000 + 1_000 * block):
        assert_agreement(seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(4))
def test_source_sets_find_the_same_traces_on_2000_random_programs(block: int) -> None:
    for seed in range(500 * block, 500 * block + 500):
        system = generate(seed, STEPS)
        assert explore(system, strategy="dpor:source").traces == explore(system, strategy="dpor").traces, seed

"""Contexts asked together, in clusters, give what they give one by one: all counts, findings, schedules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs
import pytest

from aprt import Property, System, choose
from aprt.core.properties import DEADLOCK, HANG, Noted
from aprt.explore.explore import explore
from aprt.explore.result import Bounds, Exploration
from aprt.explore.stateful import clusters, loop_plain
from aprt.explore.stateful.clusters import Kind
from benchmarks.models import two_phase
from tests.explore.programs.generated import generate
from tests.explore.programs.increment import increment_lock
from tests.explore.programs.locking import dining
from tests.explore.programs.mailboxes import fan_in_out
from tests.explore.programs.two_phase import two_phase_commit
from tests.explore.tiny import Variable
from tests.explore.tiny import dining as dining_for_ever
from tests.explore.tiny import system as system_of

NOTED = tuple(Property(id, id, (Noted(),)) for id in ("K1", "K2", "K3", "P2", "P9", "P22"))
NEVER = 1 << 60
FINE, COARSE = 4, 1  # states that must share the fields of a cluster; one is always so: all contexts make one cluster


def found(system: System, properties: tuple[Property, ...], bounds: Bounds) -> Exploration:
    return attrs.evolve(
        explore(system, properties, loop="plain", stop_on="all", bounds=bounds), seconds=0.0, bytes_per_state=None
    )


def assert_agreement(
    monkeypatch: pytest.MonkeyPatch,
    system: System,
    properties: tuple[Property, ...],
    *,
    sample: int,
    few: int,
    bounds: Bounds = Bounds(),  # noqa: B008  # frozen
) -> Exploration:
    """What is found by clusters that begin with so many states, once it is found one by one, too."""
    monkeypatch.setattr(loop_plain, "_SAMPLE", NEVER)
    one_by_one = found(system, properties, bounds)
    monkeypatch.setattr(loop_plain, "_SAMPLE", sample)
    monkeypatch.setattr(clusters, "_FEW", few)
    assert found(system, properties, bounds) == one_by_one
    return one_by_one


PROGRAMS = {
    "dining5": dining(5),
    "dining-for-ever7": dining_for_ever(7, looping=True),
    "increment-lock4": increment_lock(4),
    "fan-in-out4": fan_in_out(4),
    "two-phase4": two_phase_commit(4),
}


@pytest.mark.parametrize("few", [FINE, COARSE])
@pytest.mark.parametrize("properties", [(), (DEADLOCK,), (*NOTED, DEADLOCK, HANG)])
@pytest.mark.parametrize("program", PROGRAMS)
def test_clusters_of_programs(
    monkeypatch: pytest.MonkeyPatch, program: str, properties: tuple[Property, ...], few: int
) -> None:
    assert assert_agreement(monkeypatch, PROGRAMS[program], properties, sample=40, few=few).complete


@pytest.mark.parametrize("seed", range(60))
def test_clusters_of_random_programs(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    assert_agreement(monkeypatch, generate(seed), (DEADLOCK,), sample=16, few=1 + seed % 3)


@pytest.mark.parametrize("most", [50, 99, 390, 391])
def test_clusters_stop_at_a_bound_in_the_middle_of_a_state(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    stopped = assert_agreement(monkeypatch, dining(4), (), sample=20, few=FINE, bounds=Bounds(max_states=most))
    assert (stopped.states, stopped.complete) == (most, most == 391)


class Expanded:
    """What was looked up in the states that were expanded by cluster, and looks that found nothing known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states = self.possible = self.looks = self.taken = self.learned = 0
        expand, learn = loop_plain.PlainLoop._expand_by_cluster, clusters.Clusters._learn_all

        def expanded(loop: loop_plain.PlainLoop, numbers: Sequence[int], asked: clusters.Clusters) -> None:
            before = loop.transitions
            expand(loop, numbers, asked)
            self.states += len(numbers)
            self.possible += loop.transitions - before
            for here in numbers:
                arrival = loop._arrivals[here]
                looks = [known[loop.dense(here) & mask] for mask, known, _ in (arrival.first, *arrival.others)]
                self.looks += len(looks)
                self.taken += sum(len(steps) for _, steps in looks)

        def learned(asked: clusters.Clusters, *given: Any) -> clusters.Known:
            self.learned += 1
            return learn(asked, *given)

        monkeypatch.setattr(loop_plain.PlainLoop, "_expand_by_cluster", expanded)
        monkeypatch.setattr(clusters.Clusters, "_learn_all", learned)


def test_what_clusters_can_do_is_learned_once_for_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    expanded = Expanded(monkeypatch)
    explored = explore(dining_for_ever(8, looping=True), (DEADLOCK,), loop="plain", stop_on="all")
    assert (explored.states, explored.transitions, explored.deadlocks) == (14_158, 81_848, 1)
    assert expanded.states > 10_000 > 5 * expanded.learned > 0


def test_few_contexts_are_asked_as_what_the_others_can_do_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters.Clusters, "_pays", lambda _, places, sample: len(places) == 1)
    expanded, system = Expanded(monkeypatch), two_phase.system(5)
    explore(system, (), loop="plain", stop_on="all")
    assert expanded.states > 7_000
    assert expanded.looks < 2.5 * expanded.states < len(system.contexts) * expanded.states


def test_few_steps_are_taken_that_lead_to_a_known_state(monkeypatch: pytest.MonkeyPatch) -> None:
    expanded = Expanded(monkeypatch)
    explored = explore(two_phase.system(5), (), loop="plain", stop_on="all")
    assert (explored.states, explored.transitions) == (8_832, 30_865)
    assert expanded.states > 7_000
    assert expanded.taken < 1.4 * expanded.states < 3 * expanded.states < expanded.possible


def late_choice(n: int) -> System:
    """n contexts that take one step at a time, up to a choice of three at the end."""

    async def count(variable: Variable) -> None:
        for value in (1, 2, 3):
            await variable.store(value)
        await variable.store(await choose("last", 4, 5, 6))

    variables = [Variable(f"v{i}") for i in range(n)]
    return system_of(*variables, **{f"c{i}": partial(count, variable) for i, variable in enumerate(variables)})


def test_contexts_that_have_more_choices_than_before_are_still_asked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    found = assert_agreement(monkeypatch, late_choice(3), (DEADLOCK,), sample=16, few=COARSE)
    assert (found.states, found.ends) == (10**3, 3**3)
    expanded = Expanded(monkeypatch)
    explore(late_choice(3), (DEADLOCK,), loop="plain", stop_on="all")
    assert expanded.states == found.states - 19


ONE, OTHER = 7, 8  # slots


@pytest.mark.parametrize(
    ("step", "spared"),
    [
        (Kind(0, OTHER, changes=True), True),
        (Kind(0, ONE, changes=True), False),
        (Kind(0, ONE, changes=False), False),
        (Kind(3, OTHER, changes=True), False),
    ],
)
def test_a_step_that_changes_a_slot_spares_what_earlier_contexts_do_elsewhere(step: Kind, spared: bool) -> None:
    assert Kind(2, ONE, changes=True).spares(step) == spared


def test_a_step_that_only_reads_a_slot_spares_earlier_reads() -> None:
    reads = Kind(2, ONE, changes=False)
    assert reads.spares(Kind(1, ONE, changes=False))
    assert not reads.spares(Kind(1, ONE, changes=True))


def test_a_kind_spares_the_same_steps_as_what_stands_for_it() -> None:
    kinds = [Kind(place, slot, changes) for place in range(5) for slot in (ONE, OTHER) for changes in (False, True)]
    for places in (range(2), range(1, 3), range(2, 4)):
        steps = [kind for kind in kinds if kind.place in places and kind.slot == ONE]
        for kind in kinds:
            stands = kind.narrowed(places, frozenset({ONE}))
            assert [stands.spares(step) for step in steps] == [kind.spares(step) for step in steps]

"""Contexts asked together, in clusters, give what they give one by one: all counts, findings, schedules."""

from __future__ import annotations

import attrs
import pytest

from aprt import Property, System
from aprt.core.properties import DEADLOCK, HANG, Noted
from aprt.explore import clusters, loop_plain
from aprt.explore.explore import explore
from aprt.explore.result import Bounds, Exploration
from tests.explore.programs.generated import generate
from tests.explore.programs.increment import increment_lock
from tests.explore.programs.locking import dining
from tests.explore.programs.mailboxes import fan_in_out
from tests.explore.programs.two_phase import two_phase_commit
from tests.explore.tiny import dining as dining_for_ever

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


def test_what_clusters_can_do_is_asked_once_for_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, steps = list[int](), clusters.Clusters.steps

    def count(self: clusters.Clusters, cluster: clusters.Cluster, state: int) -> clusters.Steps:
        asked.append(state)
        return steps(self, cluster, state)

    monkeypatch.setattr(clusters.Clusters, "steps", count)
    explored = explore(dining_for_ever(8, looping=True), (DEADLOCK,), loop="plain", stop_on="all")
    assert (explored.states, explored.transitions, explored.deadlocks) == (14_158, 81_848, 1)
    assert 0 < len(asked) < 1_000

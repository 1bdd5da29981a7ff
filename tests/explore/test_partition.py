"""States shared among a crew: the counts, findings and lengths of schedules of one process."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import attrs
import pytest

from aprt.core.errors import UserError
from aprt.explore.parallel import partition
from aprt.explore.parallel.cluster import ClusterCrew
from aprt.explore.parallel.local import LocalCrew
from aprt.explore.parallel.part import Harvest
from aprt.explore.parallel.pupil import Pupil
from aprt.explore.replay import replay
from aprt.explore.result import Bounds, Exploration, Origin
from aprt.explore.stateful import states
from aprt.view.version import aprt_version
from tests.explore import work
from tests.explore.work import Here, NoCrew, Unlucky

R = TypeVar("R")

ORIGINS: dict[str, Origin] = {
    "2PC": partial(work.origin, "two_phase:two_phase_commit", 4),
    "choices and locks": partial(work.origin, "generated:generate", 11),
    "an oops": partial(work.origin, "generated:generate", 45),
    "histories, oopses": partial(work.case, "v4/h8"),
    "life cycle": partial(work.case, "v4/rogue-close"),
    "wrong at once": partial(work.wrong_at_once, "two_phase:two_phase_commit", 3),
}

# distributed leaves a socket to the garbage collector when it looks for a port
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


question = partial(work.question, loop="plain")


def comparable(found: Exploration) -> tuple[object, ...]:
    """Without what may differ: the time, and which of the shortest schedules of a finding it is."""
    findings = sorted((f.property, len(f.schedule)) for f in found.findings)
    return attrs.evolve(found, seconds=0.0, findings=tuple(findings)), found.exercise, found.loop, found.wrong


def test_a_crew_learns_the_lock_order_of_one_process(crew: LocalCrew) -> None:
    origin = partial(work.locks, "GAB", "GBA", "AC")
    shared = partition.search(question(origin), origin, crew, small=1)
    alone = states.search(question(origin))
    assert shared.lock_order is not None
    assert alone.lock_order is not None
    assert (shared.states, shared.lock_order.edges) == (alone.states, alone.lock_order.edges)
    assert [finding.property for finding in shared.findings] == ["P20"]


@pytest.mark.parametrize("name", ORIGINS)
def test_a_crew_finds_what_one_process_finds(name: str, crew: LocalCrew) -> None:
    origin = ORIGINS[name]
    shared = partition.search(question(origin), origin, crew, small=1)
    assert comparable(shared) == comparable(states.search(question(origin)))
    system, properties = origin()
    for finding in shared.findings:
        (property,) = (p for p in properties if p.id == finding.property)
        assert [f.schedule for f in replay(system, finding.schedule, (property,)).findings] in ([finding.schedule], [])


@pytest.mark.parametrize("seed", range(40))
def test_parts_of_random_programs_find_what_one_process_finds(seed: int) -> None:
    origin = partial(work.origin, "generated:generate", seed)
    assert comparable(partition.search(question(origin), origin, Two(), small=1)) == comparable(
        states.search(question(origin))
    )


def test_little_is_passed_on_that_its_owner_finds_without_help() -> None:
    origin, crew = ORIGINS["life cycle"], Two()
    shared = partition.search(question(origin), origin, crew, small=1)
    assert (shared.states, crew.passed) == (21_087, 5_726)


def test_a_crew_tells_of_a_wrong_end_before_a_wrong_step_out_of_another_state(crew: LocalCrew) -> None:
    shared = partition.search(question(work.end_or_step), work.end_or_step, crew, small=1)
    assert [(f.text, len(f.schedule)) for f in shared.findings] == [("bad end", 1)]
    assert comparable(shared) == comparable(states.search(question(work.end_or_step)))


@pytest.mark.parametrize("depth", [0, 1, 7])
def test_a_crew_goes_as_deep_as_one_process(depth: int, crew: LocalCrew) -> None:
    origin = ORIGINS["2PC"]
    asked = question(origin, bounds=Bounds(max_depth=depth))
    assert comparable(partition.search(asked, origin, crew, small=1)) == comparable(states.search(asked))


def test_few_seats_leave_it_to_the_compiled_loop_of_one_process() -> None:
    origin = ORIGINS["2PC"]
    asked = work.question(origin)
    assert comparable(partition.search(asked, origin, NoCrew(), small=1)) == comparable(states.search(asked))


def test_where_there_are_no_more_states_none_are_sampled() -> None:
    few, all_there_are = (Pupil(question(ORIGINS["2PC"], bounds=Bounds(max_states=most))) for most in (100, None))
    assert (few.found.stopped, bool(few.sample)) == ("max_states", True)
    assert (all_there_are.found.complete, all_there_are.sample) == (True, [])


def test_nobody_learns_what_is_behind_an_oops() -> None:
    shared = partition.search(question(work.behind_an_oops), work.behind_an_oops, Two(), small=3)
    assert comparable(shared) == comparable(states.search(question(work.behind_an_oops)))


def test_a_small_search_is_not_shared(crew: LocalCrew) -> None:
    origin = ORIGINS["2PC"]
    answer = partition.search(question(origin), origin, NoCrew())
    assert comparable(answer) == comparable(states.search(question(origin)))


def test_the_first_violation_ends_it_with_the_shortest_schedule(crew: LocalCrew) -> None:
    origin = ORIGINS["life cycle"]
    shared, alone = (
        search(question(origin, stop_on="first"))
        for search in (partial(partition.search, origin=origin, crew=crew, small=1), states.search)
    )
    assert shared.stopped == alone.stopped == "violation"
    assert [len(f.schedule) for f in shared.findings] == [len(f.schedule) for f in alone.findings]


def test_states_are_counted_up_to_a_bound(crew: LocalCrew) -> None:
    origin = ORIGINS["life cycle"]
    shared = partition.search(question(origin, bounds=Bounds(max_states=500)), origin, crew, small=1)
    assert (shared.complete, shared.stopped) == (False, "max_states")
    assert shared.states >= 500


@pytest.mark.parametrize("kind", ["local", "cluster"])
def test_a_worker_that_is_killed_on_the_way_changes_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    origin = ORIGINS["life cycle"]
    if kind == "local":
        crew: LocalCrew | ClusterCrew = LocalCrew(2)
    else:
        crew = ClusterCrew(request.getfixturevalue("address"), aprt_version, work.PATIENCE)
    with crew:
        unlucky = Unlucky(crew, 20)
        shared = partition.search(question(origin), origin, unlucky, small=1)
        assert unlucky.sent > unlucky.last  # it was killed in time
    assert comparable(shared) == comparable(states.search(question(origin)))


def test_hangs_and_symmetry_are_for_one_process(crew: LocalCrew) -> None:
    origin = partial(work.hangs, "v4/h3")
    with pytest.raises(UserError, match="hangs and loops are looked for by one process only"):
        partition.search(question(origin), origin, crew)
    with pytest.raises(UserError, match="symmetry"):
        partition.search(work.question(ORIGINS["2PC"], symmetry=True), ORIGINS["2PC"], crew)


def test_what_is_wrong_at_once_is_told_when_nobody_has_begun() -> None:
    origin = ORIGINS["wrong at once"]
    found = partition.search(question(origin), origin, Interrupted(), small=1)
    assert (found.stopped, [len(f.schedule) for f in found.findings]) == ("interrupted", [0])


class Two(Here):
    """Two seats in this process. passed: the states that one found for the other."""

    seats = 2

    def __init__(self) -> None:
        self.passed = 0

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        done = super().submit(seat, task, *args)
        result = done.result()
        if isinstance(result, Harvest):
            self.passed += sum(len(pickle.loads(parcel).states) for parcel in result.parcels if parcel)
        return done


class Interrupted(Here):
    """A crew that is interrupted when it is first asked for something."""

    def __init__(self) -> None:
        self.asked = False

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        if not self.asked:
            self.asked = True
            raise KeyboardInterrupt
        return super().submit(seat, task, *args)

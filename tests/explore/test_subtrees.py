"""Traces shared among a crew: the counts of one process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from typing import Any, TypeVar

import attrs
import pytest

from aprt.core.errors import UserError
from aprt.explore.parallel import subtrees
from aprt.explore.parallel.cluster import ClusterCrew
from aprt.explore.parallel.crew import desk
from aprt.explore.parallel.local import LocalCrew
from aprt.explore.parallel.piece import Outcome, begin, go_on
from aprt.explore.result import Bounds, Exploration, Origin
from aprt.explore.traces import dpor
from aprt.view.version import aprt_version
from tests.explore import work
from tests.explore.work import Here, Unlucky, question

R = TypeVar("R")

# distributed leaves a socket to the garbage collector when it looks for a port
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ORIGINS: dict[str, Origin] = {
    "increments": partial(work.origin, "increment:increment", 3),
    "queues": partial(work.origin, "mailboxes:fan_in", 3, 2),
    "locks": partial(work.origin, "locking:dining", 4),
    "choices": partial(work.origin, "generated:generate", 11),
    "an oops": partial(work.origin, "generated:generate", 45),
    "what contexts hold": partial(work.case, "v4/h16"),
}


def timeless(found: Exploration) -> Exploration:
    return attrs.evolve(found, seconds=0.0, learning=0.0)


def counts(found: Exploration) -> dict[str, Any]:
    """What must be the same, whoever explores."""
    names = ("complete", "stopped", "traces", "ends", "deadlocks", "oopses", "unexercised", "unmerged", "depth")
    names += ("exercise",)
    return {name: getattr(found, name) for name in names} | {"violated": {f.property for f in found.findings}}


@pytest.mark.parametrize("name", ORIGINS)
def test_a_crew_counts_what_one_process_counts(name: str, crew: LocalCrew) -> None:
    origin = ORIGINS[name]
    shared = subtrees.search(question(origin), origin, crew, alone=0)
    assert counts(shared) == counts(dpor.search(question(origin)))
    assert shared.executions == (shared.traces or 0) + (shared.sleep_blocked or 0)
    assert shared.counted is None


def test_random_programs_have_the_traces_of_one_process_when_they_are_taken_apart() -> None:
    several = 0
    for seed in range(200):
        origin = partial(work.origin, "generated:generate", seed)
        shared = subtrees.search(question(origin), origin, Here(), alone=0)
        assert counts(shared) == counts(dpor.search(question(origin))), seed
        several += bool(shared.traces and shared.traces > 1)
    assert several > 100


def test_random_programs_have_the_traces_of_one_process_when_pieces_are_taken_apart_on_the_way() -> None:
    several = 0
    for seed in range(100):
        origin, crew = partial(work.origin, "generated:generate", seed), Several()
        shared = subtrees.search(question(origin), origin, crew, alone=0, slice=0, pieces=0)
        assert counts(shared) == counts(dpor.search(question(origin))), seed
        assert shared.executions == (shared.traces or 0) + (shared.sleep_blocked or 0)
        several += crew.begun > 1
    assert several > 10


@pytest.mark.parametrize("kind", ["local", "cluster"])
def test_a_worker_that_is_killed_on_the_way_changes_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    origin = ORIGINS["queues"]
    if kind == "local":
        crew: LocalCrew | ClusterCrew = LocalCrew(2)
    else:
        crew = ClusterCrew(request.getfixturevalue("address"), aprt_version, work.PATIENCE)
    with crew:
        unlucky = Unlucky(crew, 8)
        shared = subtrees.search(question(origin), origin, unlucky, alone=0, slice=0)
        assert unlucky.sent > unlucky.last  # it was killed in time
    assert counts(shared) == counts(dpor.search(question(origin)))
    assert shared.executions == (shared.traces or 0) + (shared.sleep_blocked or 0)
    assert shared.counted is None


@pytest.mark.parametrize("name", ["queues", "increments"])
def test_a_worker_that_dies_over_what_is_left_of_a_twice_taken_piece_changes_nothing(name: str) -> None:
    origin, crew = ORIGINS[name], Mortal()
    shared = subtrees.search(question(origin), origin, crew, alone=0, slice=0, pieces=0)
    assert crew.died
    assert counts(shared) == counts(dpor.search(question(origin)))
    assert shared.executions == (shared.traces or 0) + (shared.sleep_blocked or 0)
    assert shared.counted is None


def test_a_crew_learns_the_lock_order_of_one_process(crew: LocalCrew) -> None:
    origin = partial(work.locks, "GAB", "GBA", "AC")
    shared, alone = subtrees.search(question(origin), origin, crew, alone=0), dpor.search(question(origin))
    assert shared.lock_order is not None
    assert alone.lock_order is not None
    assert shared.lock_order.edges == alone.lock_order.edges
    assert shared.lock_order.cycle() == alone.lock_order.cycle() is not None


def test_a_crew_goes_no_deeper_than_it_may(crew: LocalCrew) -> None:
    asked = question(ORIGINS["locks"], bounds=Bounds(max_depth=5))
    found = subtrees.search(asked, ORIGINS["locks"], crew, alone=0)
    assert (found.complete, found.stopped, found.depth) == (False, "max_depth", 5)


def test_the_first_violation_ends_it(crew: LocalCrew) -> None:
    asked = question(ORIGINS["locks"], stop_on="first")
    found = subtrees.search(asked, ORIGINS["locks"], crew, alone=0)
    assert (found.stopped, [f.property for f in found.findings]) == ("violation", ["deadlock"])


def test_a_small_search_is_not_shared(crew: LocalCrew) -> None:
    origin = ORIGINS["increments"]
    found = subtrees.search(question(origin), origin, crew, alone=work.PATIENCE)  # however busy the machine is
    assert timeless(found) == timeless(dpor.search(question(origin)))


def test_states_are_not_bounded(crew: LocalCrew) -> None:
    origin = ORIGINS["increments"]
    with pytest.raises(UserError, match="--max-states is for one process"):
        subtrees.search(question(origin, bounds=Bounds(max_states=10)), origin, crew)


class Several(Here):
    """Three seats in this process. begun: how many subtrees they were given."""

    seats = 3

    def __init__(self) -> None:
        self.begun = 0

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        self.begun += task is begin
        return super().submit(seat, task, *args)


class Mortal(Several):
    """Nothing is taken of a piece before a part of it is done; when something was taken of one twice, its worker dies.

    taken: how often something was taken of what a seat is at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.taken = [0] * self.seats
        self.died = False

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        if task is begin:
            self.taken[seat] = 0
        elif task is go_on and not args[1]:
            self.taken[seat] += 1
        elif task is go_on and self.taken[seat] > 1 and not self.died:
            self.died = True
            desk().pop(args[0])
            lost: Future[R] = Future()
            lost.set_exception(BrokenExecutor())
            return lost
        done = super().submit(seat, task, *args)
        outcome: Any = done.result()
        if isinstance(outcome, Outcome) and outcome.offer and len(outcome.offer.begun) < 2 and not any(self.taken):
            done = Future()
            done.set_result(attrs.evolve(outcome, offer=None))
        return done

    def refill(self, seat: int) -> None:
        pass

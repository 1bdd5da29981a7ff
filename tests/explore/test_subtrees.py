"""Traces shared among a crew: the counts of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any, TypeVar

import attrs
import pytest

from aprt.core.errors import UserError
from aprt.explore.commuting.local_steps import OPTION_BITS
from aprt.explore.parallel import subtrees
from aprt.explore.parallel.cluster import ClusterCrew
from aprt.explore.parallel.crew import Forgotten, desk
from aprt.explore.parallel.forks import Forks, Piece
from aprt.explore.parallel.local import LocalCrew
from aprt.explore.parallel.piece import Job, begin, forget, go_on, leave, visibility
from aprt.explore.result import Bounds, Exploration, Origin
from aprt.explore.traces import dpor
from aprt.explore.traces.descent import WHOLE, Parts, Subtree
from aprt.explore.traces.dpor import TraceSearch
from aprt.explore.watchdog import Watchdog
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


def work_done(found: Exploration) -> tuple[int | None, ...]:
    """What is the same unless a worker died."""
    return found.executions, found.redundant, found.transitions


def counts(found: Exploration) -> dict[str, Any]:
    """What must be the same, whoever explores."""
    names = ("complete", "stopped", "traces", "ends", "deadlocks", "oopses", "unexercised", "unmerged", "depth")
    names += ("exercise", "wrong")
    return {name: getattr(found, name) for name in names} | {"violated": {f.property for f in found.findings}}


LARGER: dict[str, Origin] = {
    "an array": partial(work.origin, "tables:indexer", 13),
    "readers": partial(work.origin, "cells:lastzero", 8),
    "philosophers": partial(work.origin, "locking:dining", 5),
}


def assert_agreement(origin: Origin, crew: Any, slice: float = 0.0) -> Exploration:
    """A crew counts what one process counts, and begins no execution in vain."""
    shared, alone = subtrees.search(question(origin), origin, crew, alone=0, slice=slice), dpor.search(question(origin))
    assert counts(shared) == counts(alone)
    assert work_done(shared) == work_done(alone)
    assert shared.redundant == 0
    assert shared.counted is None
    return shared


@pytest.mark.parametrize("name", ORIGINS | LARGER)
def test_two_processes_count_what_one_counts(name: str, crew: LocalCrew) -> None:
    assert_agreement((ORIGINS | LARGER)[name], crew, 0.01)


@pytest.mark.parametrize("name", ORIGINS | LARGER)
def test_three_seats_count_what_one_process_counts(name: str) -> None:
    assert_agreement((ORIGINS | LARGER)[name], Several())


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 11, 12])
def test_three_processes_count_as_many_traces_as_one(size: int) -> None:
    with LocalCrew(3) as crew:
        shared = assert_agreement(partial(work.origin, "cells:lastzero", size), crew, 0.1)
    assert shared.traces == {10: 3_328, 11: 7_168, 12: 15_360}[size]


def test_random_programs_have_the_traces_of_one_process() -> None:
    several = 0
    for seed in range(150):
        crew = Several()
        assert_agreement(partial(work.origin, "generated:generate", seed), crew)
        several += crew.begun > 1
    assert several > 60


def test_a_branch_that_waits_is_parted_where_its_ends_are_near() -> None:
    with begun_by_reading(2) as (forks, _, second):
        assert second == []  # it waits for what comes behind the first
        assert forks.open(1) == []
        [begun] = forks.open(2)
        assert begun.subtree == Subtree((1 << OPTION_BITS,) * 2)
        assert forks.open(2) == []


@pytest.mark.timeout(60)
def test_what_many_branches_that_wait_for_each_other_wait_for_is_found_at_once() -> None:
    with begun_by_reading(40) as (forks, first, others):
        assert others == []
        begun = [piece for _ in range(38) for piece in forks.open(2)]
        assert len(begun) == 38
        assert [forks.finish(piece) for piece in begun] == [[]] * 38
        [last] = forks.finish(first)
        assert last.subtree.guide == ((0, 39 << OPTION_BITS),)


@contextmanager
def begun_by_reading(n: int) -> Iterator[tuple[Forks, Piece, list[Piece]]]:
    """So many contexts read x and write it. Whoever begins with the first read leaves to others what begins with the
    others, each followed by its write: that has the label of the read.
    """
    asked = question(partial(work.origin, "cells:inc", n))
    traces = TraceSearch(asked, visibility(asked.properties, frozenset()), Watchdog(asked))
    forks = Forks(traces)
    others = tuple((depth, place << OPTION_BITS) for place in range(1, n) for depth in (0, 1))
    [piece], begun = forks.take_apart(Piece(), Parts((Subtree((0,), foreign=True),), ((),), others))
    yield forks, piece, begun
    traces.close()


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


@pytest.mark.parametrize("name", ["queues", "increments"])
def test_a_worker_that_dies_over_what_is_left_of_a_twice_taken_piece_changes_nothing(name: str) -> None:
    origin, crew = ORIGINS[name], Mortal()
    shared = subtrees.search(question(origin), origin, crew, alone=0, slice=0)
    assert crew.died
    assert counts(shared) == counts(dpor.search(question(origin)))
    assert shared.executions == (shared.traces or 0) + (shared.sleep_blocked or 0)


def test_whenever_a_worker_dies_no_trace_is_lost() -> None:
    origin = partial(work.origin, "cells:lastzero", 5)
    for seed in range(40):
        crew = Frail(Random(seed))
        shared = subtrees.search(question(origin), origin, crew, alone=0, slice=0)
        assert (seed, shared.traces, shared.complete, crew.died) == (seed, 64, True, True)


def test_whenever_work_goes_to_another_worker_nothing_is_lost() -> None:
    alone = counts(dpor.search(question(ORIGINS["increments"])))
    for number in range(10):
        crew = Astray(number)
        shared = subtrees.search(question(ORIGINS["increments"]), ORIGINS["increments"], crew, alone=0, slice=0)
        assert (number, counts(shared), crew.went) == (number, alone, True)


def test_what_is_done_beside_a_race_is_no_part_of_what_reverses_it() -> None:
    job = Job("", 0, work.beside_races, "all", False, frozenset())
    begin(job, (), WHOLE, (), Bounds(), 0.0)
    parts = leave(job)
    forget(job)
    assert parts is not None
    assert parts.branches == ((0, 1 << OPTION_BITS),)  # the second racer, and then whatever comes


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
        elif task is leave and (any(self.taken) or self._has_done_a_part(args[0])):
            self.taken[seat] += 1
        elif task is leave:
            return _resolved(None)
        elif task is go_on and self.taken[seat] > 1 and not self.died:
            self.died = True
            forget(args[0])
            lost: Future[R] = Future()
            lost.set_exception(BrokenExecutor())
            return lost
        return super().submit(seat, task, *args)

    def refill(self, seat: int) -> None:
        pass

    def _has_done_a_part(self, job: Any) -> bool:
        descent = desk()[job].run.descent
        return bool(descent.sleeping[descent.root])


def _resolved(result: Any) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(result)
    return done


class Astray(Several):
    """One of the pieces of work goes to a worker that does not know what came before it; the other one lives on."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left, self.went = number, False

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        self.left -= task in (leave, go_on)
        if self.left >= 0 or self.went:
            return super().submit(seat, task, *args)
        self.went = True
        known = desk().pop(args[0])
        lost: Future[R] = Future()
        with pytest.raises(Forgotten) as raised:
            task(*args)
        lost.set_exception(raised.value)
        desk()[args[0]] = known
        return lost

    def refill(self, seat: int) -> None:
        pass


class Frail(Several):
    """A worker dies at some time, before or after it has explored for a slice."""

    def __init__(self, lots: Random) -> None:
        super().__init__()
        self.left, self.late = lots.randrange(40), lots.random() < 0.5
        self.died = False

    def submit(self, seat: int, task: Callable[..., R], *args: Any) -> Future[R]:
        self.left -= task in (begin, go_on)
        if self.left >= 0 or self.died:
            return super().submit(seat, task, *args)
        self.died = True
        if self.late:
            super().submit(seat, task, *args)
        forget(args[0])
        lost: Future[R] = Future()
        lost.set_exception(BrokenExecutor())
        return lost

    def refill(self, seat: int) -> None:
        pass

"""The smallest schedule that fails alike: known ones, the brute-force minimum, and what is claimed of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from aprt.core.errors import ReplayMismatch
from aprt.core.execution import Execution
from aprt.core.properties import DEADLOCK, Property, always, at_end
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System
from aprt.explore.explore import explore
from aprt.explore.failures.delta import one_minimal
from aprt.explore.failures.failing import Played, Playground, Price
from aprt.explore.failures.minimal import Minimal, minimal
from aprt.explore.replay import replay
from aprt.explore.stepper import Stepper
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from tests.explore.enumerator import executions, paths
from tests.explore.programs.cells import Cell, inc, longpad
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining, nested


def ends_with(model: System, value: int) -> Property:
    """Violated where the shared variable is `value` in the end."""
    x = next(actor for actor in model.actors if isinstance(actor, Cell) and actor.name == "x")
    return at_end("T", (x,), lambda view: f"x is {value}" if view(x).value == value else None)


def some_failure(model: System, property: Property, seed: int = 0) -> Schedule:
    """A schedule that violates the property, found by chance."""
    (finding,) = explore(model, [property], strategy="random", runs=100_000, seed=seed).findings
    return finding.schedule


def price(model: System, schedule: Schedule) -> Price:
    """What a schedule costs, by the definition."""
    last, preemptions, switches = None, 0, 0
    with Stepper(model) as stepper:
        for label in schedule:
            if last is not None and label.context != last:
                switches += 1
                preemptions += bool(stepper.options(last))
            stepper.step(label.context, label.op)
            last = label.context
    return Price(preemptions, len(schedule), switches)


def smallest(model: System, property: Property, limit: int = 100_000) -> Minimal:
    found = minimal(model, some_failure(model, property), property, limit)
    assert found.after == price(model, found.schedule)
    assert replay(model, found.schedule, [property]).findings[0].schedule == found.schedule
    return found


KNOWN = {
    "ABBA": (nested("AB", "BA"), DEADLOCK, Price(1, 2, 1)),
    "three philosophers": (dining(3), DEADLOCK, Price(1, 3, 2)),
    "five philosophers": (dining(5), DEADLOCK, Price(1, 5, 4)),
    "three increments, x = 1": (inc(3), ends_with(inc(3), 1), Price(1, 6, 3)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_smallest_schedules_are_the_known_ones(name: str) -> None:
    model, property, known = KNOWN[name]
    found = smallest(model, property)
    assert (found.claim, found.after) == ("optimal", known)
    assert found.before == price(model, some_failure(model, property))


def test_a_lost_update_behind_twenty_private_steps_takes_one_preemption() -> None:
    model = longpad(20)
    lost = ends_with(model, 1)
    shown = explore(model, [lost]).findings[0].schedule
    found = minimal(model, shown, lost)
    assert (found.claim, found.after) == ("optimal", Price(1, 24, 2))


def failing(model: System) -> Iterator[Execution]:
    """Every execution of a small system that deadlocks; none of a larger one."""
    if paths(model) > 300:
        return
    for steps, how in executions(model):
        if how == "deadlock":
            yield replay(model, Schedule.of((step.info.context, step.info.op) for step in steps))


def test_no_execution_of_a_random_program_is_smaller_than_the_optimum() -> None:
    deadlocking = 0
    for seed in range(50):
        model = generate(seed)
        schedules = [Schedule(tuple(e.label for e in run.events)) for run in failing(model)]
        if schedules:
            deadlocking += 1
            best = min(price(model, schedule) for schedule in schedules)
            found = minimal(model, schedules[-1], DEADLOCK)
            assert (found.claim, found.after, price(model, found.schedule)) == ("optimal", best, best)
    assert deadlocking == 8


def test_what_is_only_tried_is_called_1_minimal_and_fails_alike() -> None:
    for seed in range(5):
        model = dining(5)
        shown = some_failure(model, DEADLOCK, seed)
        found = minimal(model, shown, DEADLOCK, limit=10)
        assert found.claim == "1-minimal"
        assert replay(model, found.schedule).ending == "deadlock"
        assert Price(1, 5, 4) <= found.after <= found.before
        assert found.after == price(model, found.schedule)


@pytest.fixture(scope="module")
def long() -> tuple[System, Schedule, Property]:
    """A violation at the end of thousands of steps, most of a context that polls."""
    model = Case.parse("v4/rogue-close+all-measures+vcpus=2", ERAS).model()
    properties = model.select(["P5"])
    (finding,) = explore(model.system, properties, strategy="pct:3").findings
    return model.system, finding.schedule, finding.exactly(properties[0])


def test_thousands_of_steps_are_cut_by_halves_before_single_steps(long: tuple[System, Schedule, Property]) -> None:
    found = minimal(*long, limit=0, most=100_000)
    assert (found.claim, found.before, found.after) == ("1-minimal", Price(5, 4569, 12), Price(2, 50, 5))


@pytest.mark.parametrize("enough", [{"most": 0}, {"budget": 0.0}])
def test_what_may_not_be_tried_is_said_to_be_stopped(enough: dict[str, Any]) -> None:
    model = dining(5)
    shown = some_failure(model, DEADLOCK, 1)
    found = minimal(model, shown, DEADLOCK, limit=0, **enough)
    assert (found.claim, found.schedule, found.after) == ("stopped", shown, found.before)


class Interrupted(Playground):
    """Is interrupted when it is to play for the tenth time."""

    played = 0

    def play(self, wanted: Iterable[Label]) -> Played:
        self.played += 1
        if self.played == 10:
            raise KeyboardInterrupt
        return super().play(wanted)


def test_ctrl_c_while_trying_keeps_the_best_so_far(long: tuple[System, Schedule, Property]) -> None:
    model, shown, property = long
    with closing(Interrupted(model, property)) as ground:
        given = ground.play(shown)
        best, whole = one_minimal(ground, given)
        assert not whole
        assert best.failure == given.failure
        assert (Price.of(given.price), Price.of(best.price)) == (Price(5, 4569, 12), Price(2, 4525, 5))


def test_contexts_that_had_no_part_in_it_are_left_out() -> None:
    model = dining(4)
    first = model.actors[0]
    taken = always("T", (first,), lambda view: "taken by phil3" if view(first).owner == "phil3" else None)  # type: ignore[attr-defined]
    for seed in range(5):
        found = minimal(model, some_failure(model, taken, seed), taken, limit=1)
        assert [str(label) for label in found.schedule] == ["phil3: fork3.lock", "phil3: fork0.lock"]


def test_another_step_that_breaks_the_same_property_is_another_failure() -> None:
    model = dining(3)
    forks = model.actors
    held = always("T", forks, lambda view: "two" if sum(view(f).owner is not None for f in forks) == 2 else None)  # type: ignore[attr-defined]
    schedule = Schedule.of([("phil0", "fork0.lock"), ("phil2", "fork2.lock")])
    found = minimal(model, schedule, held)
    assert [str(label) for label in found.schedule] == ["phil0: fork0.lock", "phil2: fork2.lock"]
    alone = Schedule.of([("phil0", "fork0.lock"), ("phil0", "fork1.lock")])
    assert minimal(model, alone, held).schedule == alone


def test_a_violation_of_the_initial_state_takes_no_step() -> None:
    model = inc(2)
    (x,) = model.actors
    found = minimal(model, Schedule(), always("T", (x,), lambda view: "no"))
    assert (found.schedule, found.claim, found.after) == (Schedule(), "optimal", Price(0, 0, 0))


@pytest.mark.parametrize("steps", [(), (("phil0", "fork0.lock"),), (("phil0", "fork1.lock"),)])
def test_a_schedule_that_does_not_fail_is_refused(steps: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ReplayMismatch, match="expected a violation of deadlock by the whole schedule"):
        minimal(dining(3), Schedule.of(steps), DEADLOCK)

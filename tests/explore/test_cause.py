"""Why it fails: the order that decides, and the order that every failing execution has, against all executions."""

from __future__ import annotations

from contextlib import closing

import pytest

from aprt.core.effects import choose
from aprt.core.properties import DEADLOCK, Noted, Property, at_end
from aprt.core.schedule import Label, Schedule
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.explore.failures.critical import CriticalChoice, CriticalPair, Decisive
from aprt.explore.failures.failing import Playground
from aprt.explore.failures.failing_trace import FailingTrace, seen_by
from aprt.explore.failures.minimal import minimal
from aprt.explore.failures.necessary import Ordering, necessary_choices, necessary_order
from aprt.explore.failures.prospects import Prospects
from aprt.explore.learned.packing import INITIAL
from aprt.explore.replay import replay
from tests.explore.enumerator import executions, paths
from tests.explore.programs.cells import Cell, inc, longpad, popl
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining, nested
from tests.explore.programs.teardown import last_put, pointer_teardown
from tests.explore.test_minimal import ends_with

UAF = Property("UAF", "no use after free", (Noted(),))


class Why:
    """What is found out about the smallest schedule that violates a property."""

    def __init__(self, system: System, property: Property, limit: int = 100_000) -> None:
        shown = explore(system, [property]).findings[0].schedule
        self.schedule = minimal(system, shown, property).schedule
        with closing(Playground(system, property)) as ground:
            played = ground.play(self.schedule)
            trace = FailingTrace(ground, played, seen_by(system, property, self.schedule))
            prospects = Prospects(ground, trace, limit)
            decisive = Decisive(ground, trace, prospects)
            prospects.explore(INITIAL)
            self.pairs, self.choices = decisive.pairs(), decisive.choices()
            self.order = necessary_order(ground, trace, prospects)
            self.chosen = necessary_choices(ground, trace, prospects)
            self.failure, self.complete, self.states = trace.failure, prospects.complete, len(prospects)
            causes = trace.causes()
            self.dependent = {(a, b) for b in causes for a in trace.earlier(b)}


def told(pairs: tuple[CriticalPair, ...] | tuple[Ordering, ...]) -> set[str]:
    return {f"{pair.first} -> {pair.second}" for pair in pairs}


def test_the_necessary_order_of_the_popl_program() -> None:
    why = Why(popl(), ends_with(popl(), 2))
    known = {"A: x.write -> D: x.write", "C: z.write -> D: z.read", "D: y.read -> B: y.write"}
    assert (told(why.order), told(why.pairs)) == (known, known)
    assert {ordering.how for ordering in why.order} == {"done"}
    assert all(pair.proved for pair in why.pairs)
    assert why.complete


def test_of_a_use_after_free_the_free_comes_first() -> None:
    why = Why(pointer_teardown(), UAF)
    assert told(why.pairs) == {"owner: thing.free -> irq: thing.use"}
    assert why.order == (Ordering(Label("owner", "thing.free"), Label("irq", "thing.use"), "fails"),)


def test_a_reference_taken_from_a_count_of_zero_comes_after_the_put() -> None:
    why = Why(last_put(unless_zero=False), UAF)
    assert (
        told(why.order)
        == told(why.pairs)
        == {
            "owner: count.put -> reader: count.get",
            "owner: thing.free -> reader: thing.use",
        }
    )


def test_in_a_deadlock_what_is_waited_for_counts_as_the_later_step() -> None:
    why = Why(nested("AB", "BA"), DEADLOCK)
    assert told(why.pairs) == {"t0: A.lock -> t1: A.lock", "t1: B.lock -> t0: B.lock"}
    assert told(why.order) == told(why.pairs)
    assert {(pair.waits, pair.proved) for pair in why.pairs} == {(True, True)}
    assert {ordering.how for ordering in why.order} == {"waits"}
    around = {f"phil{(i + 1) % 5}: fork{(i + 1) % 5}.lock -> phil{i}: fork{(i + 1) % 5}.lock" for i in range(5)}
    assert told(Why(dining(5), DEADLOCK).order) == around


@pytest.mark.parametrize("system", [inc(2), longpad(20)])
def test_of_a_lost_update_both_have_read_before_either_writes(system: System) -> None:
    why = Why(system, ends_with(system, 1))
    assert told(why.order) == told(why.pairs) == {"t0: x.read -> t1: x.write", "t1: x.read -> t0: x.write"}


def test_what_is_so_in_every_execution_is_no_part_of_the_order() -> None:
    flag, x = Cell("flag"), Cell("x")

    async def first() -> None:
        await x.write(1)
        await flag.write(1)

    async def second() -> None:
        while not await flag.read():
            pass
        await x.add(1)

    system = System((flag, x), (Context("first", first), Context("second", second)))
    why = Why(system, ends_with(system, 2))
    assert (why.pairs, why.order, why.complete) == ((), (), True)


def test_a_choice_decides_when_nothing_else_that_could_be_chosen_fails() -> None:
    x = Cell("x")

    async def choosing() -> None:
        await x.write(await choose("what", 1, 2, 3))
        await choose("colour", "red", "blue")

    system = System((x,), (Context("c", choosing),))
    why = Why(system, at_end("T", (x,), lambda view: "odd" if view(x).value == 2 else None))
    assert why.choices == (
        CriticalChoice(Label("c", "choose what=2"), ("choose what=1", "choose what=3"), proved=True),
    )
    assert why.chosen == (Label("c", "choose what=2"),)
    either = Why(system, at_end("T", (x,), lambda view: "odd" if view(x).value != 2 else None))
    assert (either.choices, either.chosen) == ((), ())


def test_what_was_not_searched_to_the_end_is_not_said_to_be_proved() -> None:
    why = Why(dining(5), DEADLOCK, limit=20)
    assert not why.complete
    assert why.states < 40
    assert {pair.proved for pair in why.pairs} == {False}


def test_a_proved_pair_is_not_hidden_by_a_later_one_that_is_not_proved() -> None:
    x, y = Cell("x"), Cell("y")

    async def first() -> None:
        await x.write(1)
        await x.write(2)

    async def second() -> None:
        seen = await x.read()
        if seen == 1:
            for _ in range(50):
                await x.read()
        elif seen == 2:
            await y.write(1)

    system = System((x, y), (Context("first", first), Context("second", second)))
    property = at_end("T", (y,), lambda view: "y is 1" if view(y).value else None)
    schedule = explore(system, [property]).findings[0].schedule
    pairs = {}
    for limit in (20, 200):
        with closing(Playground(system, property)) as ground:
            trace = FailingTrace(ground, ground.play(schedule), seen_by(system, property, schedule))
            prospects = Prospects(ground, trace, limit)
            (_, reads), *_ = ground.enabled(INITIAL)[::-1]
            prospects.explore(ground.take(INITIAL, reads[0])[0])
            pairs[limit] = [(str(pair.first), pair.proved) for pair in Decisive(ground, trace, prospects).pairs()]
    assert pairs[20] == [("first: x.write #2", False), ("first: x.write", True)]
    assert pairs[200] == [("first: x.write #2", True)]


Run = tuple[frozenset[object], tuple[Label, ...]]
"""How an execution fails first, in two ways to tell it, and its steps until then."""


def run_of(system: System, property: Property, schedule: Schedule) -> Run:
    run = replay(system, schedule, (property,))
    if not run.findings:
        return frozenset(), schedule.labels
    steps = run.findings[0].schedule.labels
    if any(isinstance(check, Noted) for check in property.checks):
        return frozenset({(steps[-1].context, steps[-1].op), run.findings[0].text}), steps
    return frozenset({"deadlock" if run.ending == "deadlock" else "end"}), steps


def runs(system: System, property: Property) -> tuple[Run, ...]:
    """All executions of a small system."""
    schedules = (Schedule.of((s.info.context, s.info.op) for s in steps) for steps, _ in executions(system))
    return tuple(run_of(system, property, schedule) for schedule in schedules)


def ordered(steps: tuple[Label, ...], first: Label, second: Label) -> bool:
    return first in steps and second in steps and steps.index(first) < steps.index(second)


def holds(ordering: Ordering, steps: tuple[Label, ...]) -> bool:
    match ordering.how:
        case "done":
            return ordered(steps, ordering.first, ordering.second)
        case "fails":
            return ordering.first in steps[:-1]
        case _:
            return ordering.first in steps


def follows(ordering: Ordering, known: tuple[Ordering, ...], steps: tuple[Label, ...]) -> bool:
    """Whether it follows from known ones and the order of steps within each context."""
    todo, seen = [ordering.first], {ordering.first}
    while todo:
        here = todo.pop()
        own = [s for s in steps if s.context == here.context and steps.index(s) > steps.index(here)]
        for there in (*own, *(o.second for o in known if o.first == here)):
            if there == ordering.second:
                return True
            if there not in seen:
                seen.add(there)
                todo.append(there)
    return False


def always(ordering: Ordering, all_runs: tuple[Run, ...]) -> bool:
    """Whether every execution that comes to the second step has it."""
    return all(holds(ordering, steps) for _, steps in all_runs if ordering.second in steps)


def missing(why: Why, all_runs: tuple[Run, ...], failing: list[tuple[Label, ...]]) -> list[Ordering]:
    """The orderings of dependent steps that all failing executions have, others have not, and that were not found."""
    last = len(why.schedule) - 1 if isinstance(why.failure, tuple) else None
    pairs = [Ordering(why.schedule.labels[a], why.schedule.labels[b]) for a, b in why.dependent if b != last]
    trivial = tuple(pair for pair in pairs if always(pair, all_runs))
    necessary = [pair for pair in pairs if pair not in trivial and all(holds(pair, steps) for steps in failing)]
    return [pair for pair in necessary if not follows(pair, (*why.order, *trivial), why.schedule.labels)]


PROPERTIES = (DEADLOCK, Property("P9", "", (Noted(),)), Property("K3", "", (Noted(),)))


def test_the_necessary_order_of_random_programs_is_that_of_all_their_failing_executions() -> None:
    checked = orderings = 0
    for seed in range(150):
        system = generate(seed)
        if paths(system) > 250:
            continue
        for property in (*PROPERTIES, ends_with(system, 1)):
            if not explore(system, [property]).findings:
                continue
            why, all_runs = Why(system, property), runs(system, property)
            alike, _ = run_of(system, property, why.schedule)
            failing = [steps for failure, steps in all_runs if failure & alike]
            assert all(holds(ordering, steps) for ordering in why.order for steps in failing), seed
            assert missing(why, all_runs, failing) == [], seed
            checked += 1
            orderings += len(why.order)
    assert (checked, orderings) == (48, 10)

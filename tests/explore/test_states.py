"""The complete search: exact counts, shortest schedules, how it ends, and what it says about bad models."""

from __future__ import annotations

import random
from itertools import count
from typing import Any

import attrs
import pytest

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call, choose
from aprt.core.errors import ModelError, UserError
from aprt.core.finding import Finding
from aprt.core.properties import DEADLOCK, HANG, Always, AtEnd, Noted, Property, always, at_end
from aprt.core.schedule import Schedule
from aprt.core.system import System, View
from aprt.explore.explore import explore
from aprt.explore.result import Bounds, Exploration, Progress, Question
from aprt.explore.watchdog import Stop, Watchdog
from tests.explore.tiny import Lock, Number, Variable, dining, increments, system


def timeless(exploration: Exploration) -> Exploration:
    return attrs.evolve(exploration, seconds=0.0)


def answer(**fields: object) -> Exploration:
    """A complete exploration, but for the given fields."""
    nothing = {"stopped": None, "findings": (), "executions": 0, "ends": 0, "deadlocks": 0, "seconds": 0.0}
    return Exploration(**{"strategy": "states", "unexercised": ()} | nothing | fields)  # type: ignore[arg-type]


LOOPING = {2: (10, 14, 4), 3: (35, 75, 7), 4: (118, 340, 10), 5: (392, 1_415, 13), 6: (1_297, 5_622, 16)}


@pytest.mark.parametrize("n", LOOPING)
def test_looping_philosophers_have_the_known_states_and_one_deadlock(n: int) -> None:
    states, transitions, depth = LOOPING[n]
    expected = answer(states=states, transitions=transitions, depth=depth, deadlocks=1)
    assert timeless(explore(dining(n, looping=True))) == expected


@pytest.mark.parametrize(("n", "states"), [(2, 19), (3, 87), (4, 391), (5, 1_743)])
def test_philosophers_that_eat_once_have_the_known_states_one_end_and_one_deadlock(n: int, states: int) -> None:
    result = explore(dining(n, looping=False))
    assert (result.states, result.ends, result.deadlocks, result.complete) == (states, 1, 1, True)
    assert result.depth == 4 * n


def test_the_deadlock_comes_with_the_shortest_schedule_and_who_waits_for_what() -> None:
    result = explore(dining(2, looping=False), [DEADLOCK])
    schedule = Schedule.of([("p0", "fork0.lock"), ("p1", "fork1.lock")])
    assert result.findings == (Finding("deadlock", "p0 waits for fork1.lock, p1 waits for fork0.lock", schedule),)
    assert (result.complete, result.stopped) == (False, "violation")


def test_a_deadlock_is_counted_and_no_finding_unless_asked_for() -> None:
    result = explore(dining(2, looping=False), stop_on="all")
    assert (result.findings, result.deadlocks) == ((), 1)


def test_stop_on_all_goes_on_behind_the_violation() -> None:
    result = explore(dining(2, looping=False), [DEADLOCK], stop_on="all")
    assert (result.states, result.complete, len(result.findings)) == (19, True, 1)


def test_a_lost_update_is_found_in_an_end_state() -> None:
    racing, x = increments(2)
    complete = at_end("P1", (x,), lambda view: None if view(x).value == 2 else f"x is {view(x).value}")
    schedule = Schedule.of([("t0", "x.load"), ("t1", "x.load"), ("t0", "x.store"), ("t1", "x.store")])
    assert explore(racing, [complete]).findings == (Finding("P1", "x is 1", schedule),)


def test_a_violation_of_the_initial_state_has_an_empty_schedule() -> None:
    racing, x = increments(2)
    result = explore(racing, [always("P1", (x,), lambda view: "no" if view(x).value == 0 else None)])
    assert result.findings == (Finding("P1", "no", Schedule()),)
    assert (result.states, result.transitions) == (1, 0)


def test_a_finding_is_the_shortest_even_when_a_longer_one_is_seen_first() -> None:
    x = Variable("x")

    async def body() -> None:
        if await choose("way", "on", "off") == "on":
            await x.store(1)

    # "on" is expanded first and breaks the first check with two steps, then "off" breaks the second with one
    small = Always((x,), lambda view: "too big" if view(x).value else None)
    moved = AtEnd((x,), lambda view: None if view(x).value else "not moved")
    both = Property("P1", "either", (small, moved))
    expected = (Finding("P1", "not moved", Schedule.of([("t", "choose way=off")])),)
    assert explore(system(x, t=body), [both]).findings == expected
    assert explore(system(x, t=body), [both], stop_on="all").findings == expected


def test_every_option_of_a_choice_is_a_step_of_its_own() -> None:
    x = Variable("x")

    async def body() -> None:
        await x.store(await choose("value", 0, 1, 2))

    # before the choice, three choices made, three end values
    assert timeless(explore(system(x, t=body))) == answer(states=7, transitions=6, depth=2, ends=3)


def test_nothing_follows_an_oops_and_it_is_neither_end_nor_deadlock() -> None:
    x = Variable("x")

    async def thief() -> None:
        await x.take()
        await x.store(9)

    async def other() -> None:
        await x.load()

    result = explore(system(x, thief=thief, other=other), [Property("P2", "", (Noted(),))], stop_on="all")
    schedule = Schedule.of([("thief", "x.take")])
    # the oops before and after the other's load, which is possible only before the oops
    assert timeless(result) == answer(
        states=4,
        transitions=3,
        depth=2,
        oopses=2,
        findings=(Finding("P2", "thief takes from nothing", schedule),),
    )


def test_an_end_state_waits_for_what_daemons_can_still_do() -> None:
    x = Variable("x")

    async def hardware() -> None:
        while True:
            await x.until(1)
            await x.store(2)

    async def driver() -> None:
        await x.store(1)

    finished = at_end("P1", (x,), lambda view: None if view(x) == Number(2) else f"{view(x)}")
    result = explore(system(x, daemons="hardware", driver=driver, hardware=hardware), [finished], stop_on="all")
    assert timeless(result) == answer(states=4, transitions=3, depth=3, ends=1)


def spinning() -> System:
    """Two contexts; the second spins for ever if the first has been faster."""
    x = Variable("x")

    async def first() -> None:
        await x.store(1)

    async def second() -> None:
        if await x.load() == 1:
            while True:
                await x.load()

    return system(x, first=first, second=second)


def test_a_hang_is_the_shortest_way_to_where_no_end_is_in_reach() -> None:
    result = explore(spinning(), [DEADLOCK, HANG], stop_on="all")
    schedule = Schedule.of([("first", "x.store")])
    assert result.findings == (Finding("hang", "no end state can be reached: second is at x.load", schedule),)
    assert result.complete


def test_an_oops_is_no_hang() -> None:
    x = Variable("x")

    async def thief() -> None:
        await x.take()

    assert explore(system(x, thief=thief), [HANG]).findings == ()


def test_a_search_that_was_cut_says_nothing_about_hangs() -> None:
    result = explore(spinning(), [HANG], bounds=Bounds(max_depth=1))
    assert (result.findings, result.stopped) == ((), "max_depth")


@pytest.mark.parametrize("most", [200, 300])
def test_states_are_packed_anew_when_a_variable_has_many_values(most: int) -> None:
    x = Variable("x")

    async def counter() -> None:
        for _ in range(most):
            await x.give()

    async def other() -> None:
        await x.until(most)
        await x.load()

    limit = most - 3
    small = always("P1", (x,), lambda view: None if view(x).value < limit else f"{view(x).value}")
    counting = system(x, counter=counter, other=other)
    result = explore(counting, [small, HANG, DEADLOCK], stop_on="all")
    schedule = Schedule.of([("counter", "x.give")] * limit)
    # one after each step of the counter, and the two steps of the other behind the last
    assert timeless(result) == answer(
        states=most + 3,
        transitions=most + 2,
        depth=most + 2,
        ends=1,
        findings=(Finding("P1", str(limit), schedule),),
    )


def test_a_bound_on_states_is_exact() -> None:
    result = explore(dining(4, looping=False), bounds=Bounds(max_states=100))
    assert (result.states, result.complete, result.stopped) == (100, False, "max_states")
    assert explore(dining(4, looping=False), bounds=Bounds(max_states=391)).complete


def test_a_bound_on_depth_covers_all_that_is_so_near() -> None:
    result = explore(dining(2, looping=False), bounds=Bounds(max_depth=2))
    # after one step: 2 states; after two: 2 with both forks in one hand, 1 deadlock
    assert (result.states, result.deadlocks, result.depth) == (6, 1, 2)
    assert (result.complete, result.stopped) == (False, "max_depth")
    assert explore(dining(2, looping=False), bounds=Bounds(max_depth=8)).complete


def test_a_spent_budget_ends_the_search() -> None:
    result = explore(dining(4, looping=False), bounds=Bounds(budget=0.0))
    assert (result.states, result.complete, result.stopped) == (1, False, "budget")


def test_an_interrupted_search_answers_with_what_it_has() -> None:
    racing, x = increments(2)

    def impatient(view: View) -> None:
        if view(x).value == 2:
            raise KeyboardInterrupt

    result = explore(racing, [always("P1", (x,), impatient)])
    assert (result.complete, result.stopped, result.ends) == (False, "interrupted", 0)
    assert result.states > 5


def test_progress_is_reported_twice_a_second_until_the_budget_is_spent() -> None:
    seen: list[Progress] = []
    question = Question(spinning(), (), Bounds(budget=1.0), report=seen.append)
    ticks = count(0, 0.25)
    watchdog = Watchdog(question, clock=lambda: next(ticks))
    for i in range(3):
        watchdog.look(0, i, 10 * i, 1)
    with pytest.raises(Stop, match="budget"):
        watchdog.look(0, 3, 30, 1)
    assert seen == [Progress(0, 1, 10, 1, 0.5, left=0.5), Progress(0, 3, 30, 1, 1.0, left=0.0)]


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        ({}, True),
        ({"bounds": Bounds(max_states=10, max_depth=10)}, True),  # the search sees to these itself
        ({"bounds": Bounds(budget=1.0)}, False),
        ({"bounds": Bounds(max_length=10)}, False),
        ({"report": print}, False),
        ({"halt": lambda: False}, False),
    ],
)
def test_a_watchdog_is_idle_where_nothing_waits_for_what_it_sees(options: dict[str, Any], idle: bool) -> None:
    assert Watchdog(Question(spinning(), (), **options)).idle is idle


def test_time_and_budget_begin_when_what_was_saved_is_read_back() -> None:
    seen: list[Progress] = []
    times = iter([0.0, 0.2, 40.0, 90.0, 90.5, 90.9, 91.0])
    watchdog = Watchdog(Question(spinning(), (), Bounds(budget=1.0), report=seen.append), clock=lambda: next(times))
    watchdog.read(0.1)
    watchdog.read(0.6)
    watchdog.resume(7.0)
    watchdog.look(0, 1, 10, 1)
    assert watchdog.seconds == pytest.approx(7.9)
    with pytest.raises(Stop, match="budget"):
        watchdog.look(0, 3, 30, 1)
    assert seen == [
        Progress(0, 0, 0, 0, 40.0, read=0.6),
        Progress(0, 1, 10, 1, 7.5, left=0.5),
        Progress(0, 3, 30, 1, 8.0, left=0.0),
    ]


def test_a_variable_that_cannot_be_compared_keeps_states_apart_and_is_reported() -> None:
    x = Variable("x")

    async def hoarder() -> None:
        seen = []
        while True:
            seen.append(await x.load())

    result = explore(system(x, hoarder=hoarder), bounds=Bounds(max_states=10))
    assert result.states == 10
    place = f"{__file__}:{hoarder.__code__.co_firstlineno + 3}"
    assert result.unmerged == (f"{place}: local 'seen' holds a list", f"{place}: the value stack holds a list")


def test_behaviours_with_awaits_in_their_clean_up_are_dropped_in_silence() -> None:
    lock = Lock("lock")

    async def careful() -> None:
        await lock.lock()
        try:
            await lock.lock()
        finally:
            await lock.unlock()

    assert explore(system(lock, careful=careful)).deadlocks == 1


@attrs.frozen(eq=False)
class Faulty(Actor[Number]):
    """Handlers that break the rules."""

    def initial(self) -> Number:
        return Number()

    @handler()
    def crash(self, state: Number, by: Caller) -> Outcome[Number, None]:
        raise ZeroDivisionError("no")

    @handler()
    def dice(self, state: Number, by: Caller) -> Outcome[Number, float]:
        return state, random.random()

    @handler()
    def many(self, state: Number, by: Caller) -> Outcome[Number, list[int]]:
        return state, [1, 2]

    @handler(writes="value")
    def unhashable(self, state: Number, by: Caller) -> Outcome[Number, None]:
        return Number([]), None  # type: ignore[arg-type]


def test_mistakes_of_a_model_are_named() -> None:
    x, faulty = Variable("x"), Faulty("faulty")

    async def crash() -> None:
        await x.load()
        raise ZeroDivisionError("no")

    async def dice() -> None:
        await x.load()
        await x.store(random.randrange(1 << 60))

    async def stranger() -> None:
        await Variable("y").load()

    async def alike() -> None:
        await choose("one", 1, "1")

    class Sleep:
        def __await__(self):  # type: ignore[no-untyped-def]  # a behaviour that is not typed can do that
            yield "sleep"

    async def sleeper() -> None:
        await Sleep()

    class Pause:
        def __await__(self):  # type: ignore[no-untyped-def]  # as asyncio.sleep(0) does
            yield

    async def idler() -> None:
        await Pause()

    async def forgetful() -> object:
        return x.load()

    async def negligent() -> object:
        return idler()

    async def does(call: Call[Any]) -> None:
        await call

    for behaviour, message in (
        (crash, "t raised ZeroDivisionError('no') after x.load"),
        (dice, "t is not deterministic: after x.load it awaits x.store("),
        (stranger, "t does y.load, but the system has no y"),
        (alike, "t: options of choose one print alike: (1, '1')"),
        (sleeper, "t awaits 'sleep', which is no effect of aprt"),
        (idler, "t awaits None, which is no effect of aprt"),
        (forgetful, "t returned x.load, which was not sent: an await is missing"),
        (negligent, "t returned what idler() is to do, not done: an await is missing"),
        (lambda: does(faulty.crash()), "t: faulty.crash raised ZeroDivisionError('no') in state Number(value=0)"),
        (lambda: does(faulty.dice()), "the handler of faulty.dice is not deterministic in state Number(value=0)"),
        (lambda: does(faulty.many()), "faulty.many replies [1, 2], which is not hashable"),
        (lambda: does(faulty.unhashable()), "faulty has a state that is not hashable "),
    ):
        with pytest.raises(ModelError) as caught:
            explore(system(x, faulty, t=behaviour))
        assert str(caught.value).startswith(message)


def test_an_unknown_strategy_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UserError, match=r"^unknown strategy 'state' \(did you mean 'states'\?\)$"):
        explore(spinning(), strategy="state")

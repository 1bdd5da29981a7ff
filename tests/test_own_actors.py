"""What a program with actors of its own meets: results that can be read, and mistakes told in one line."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Callable
from math import nan
from typing import Any

import pytest

import aprt
from aprt import (
    DEADLOCK,
    HANG,
    LOCK_ORDER,
    LOCK_RELEASE,
    RULES,
    Actor,
    Caller,
    Context,
    Finding,
    ModelError,
    Mutex,
    Outcome,
    Schedule,
    System,
    UserError,
    always,
    at_end,
    choose,
    columns,
    explore,
    handler,
    replay,
    run,
    shrink,
)
from tests.counter import Counter

N = Counter("n")


async def bump() -> None:
    await N.store(await N.load() + 1)


LOST = at_end("lost", (N,), lambda view: None if view(N).value == 2 else f"n is {view(N).value}")
SYSTEM = System((N,), (Context("a", bump), Context("b", bump)))
RACE = ["a: n.load", "b: n.load", "a: n.store", "b: n.store"]

LEFT, RIGHT = Mutex("left"), Mutex("right")


async def there() -> None:
    await LEFT.lock()
    await RIGHT.lock()
    await RIGHT.unlock()
    await LEFT.unlock()


async def back() -> None:
    await RIGHT.lock()
    await LEFT.lock()
    await LEFT.unlock()
    await RIGHT.unlock()


EMBRACE = System((LEFT, RIGHT), (Context("a", there), Context("b", back)))


def lines(shown: object) -> list[str]:
    return str(shown).splitlines()


def test_a_schedule_prints_one_step_a_line() -> None:
    (finding,) = explore(SYSTEM, LOST).findings
    assert lines(finding.schedule) == RACE
    assert lines(Schedule()) == []


def test_a_finding_prints_what_is_wrong_and_its_schedule() -> None:
    (finding,) = explore(SYSTEM, LOST).findings
    assert lines(finding) == ["lost: n is 1", *(f"  {step}" for step in RACE)]


def test_a_finding_that_goes_on_for_ever_prints_which_steps_do() -> None:
    finding = Finding("spin", "round and round", Schedule.of([("a", "n.load")]), loop=1)
    assert lines(finding) == ["spin: round and round", "  a: n.load", "  the last 1 step again and again"]


def test_a_cycle_in_the_lock_order_prints_who_makes_it() -> None:
    (finding,) = explore(EMBRACE, LOCK_ORDER).findings
    assert lines(finding) == [
        "P20: possible circular locking dependency: left -> right -> left",
        "  a holds left and asks for right in there()",
        "  b holds right and asks for left in back()",
        "  a: left.lock",
        "  b: right.lock",
    ]


async def either() -> None:
    await (there() if await choose("way", "there", "back") == "there" else back())


EITHER = System((LEFT, RIGHT), (Context("a", either),))


def test_a_cycle_that_no_execution_shows_prints_a_schedule_for_each_part() -> None:
    (finding,) = explore(EITHER, LOCK_ORDER).findings
    assert lines(finding) == [
        "P20: possible circular locking dependency: left -> right -> left",
        "P20: a holds left and asks for right in there()",
        "  a: choose way=there",
        "  a: left.lock",
        "P20: a holds right and asks for left in back()",
        "  a: choose way=back",
        "  a: right.lock",
    ]


def test_an_exploration_prints_what_was_covered_and_the_findings() -> None:
    found = explore(SYSTEM, LOST)
    assert lines(found)[0] == f"not complete (violation): {found.states} states, {found.transitions} steps, 2 ends"
    assert lines(found)[1:] == lines(found.findings[0])
    assert lines(explore(EMBRACE)) == ["complete: 19 states, 22 steps, 1 end, 1 deadlock"]


def test_an_execution_prints_how_it_ended_and_what_it_broke() -> None:
    race = Schedule.of((step.split(": ")[0], step.split(": ")[1]) for step in RACE)
    assert lines(replay(SYSTEM, race, LOST)) == ["end after 4 steps", "lost: n is 1 (after 4 steps)"]
    embrace = Schedule.of([("a", "left.lock"), ("b", "right.lock")])
    assert lines(replay(EMBRACE, embrace)) == ["deadlock after 2 steps: a waits for right.lock, b waits for left.lock"]


def test_a_finding_is_shrunk_to_the_fewest_preemptions() -> None:
    round_about = Schedule.of(
        (context, f"n.{op}") for context, op in (("a", "load"), ("b", "load"), ("a", "store"), ("b", "store"))
    )
    (found,) = replay(SYSTEM, round_about, LOST).findings
    smaller = shrink(SYSTEM, found, (DEADLOCK, LOST))
    assert (found.schedule.switches, smaller.schedule.switches, smaller.text) == (3, 2, "n is 1")
    assert replay(SYSTEM, smaller.schedule, LOST).findings == (smaller,)


def test_what_cannot_be_shrunk_is_told() -> None:
    (found,) = explore(SYSTEM, LOST).findings
    for finding, properties, message in (
        (found, DEADLOCK, "the finding is one of 'lost', which is not among the properties"),
        (found.schedule, LOST, "finding: expected a Finding, such as explore(system, properties).findings[0], found "),
        (Finding("hang", "", found.schedule), HANG, "the finding of 'hang' goes on for ever; there is no smaller "),
    ):
        with pytest.raises(UserError) as raised:
            shrink(SYSTEM, finding, properties)  # type: ignore[arg-type]
        assert str(raised.value).startswith(message)


def test_a_cycle_in_the_lock_order_is_shrunk_where_one_schedule_shows_it_and_else_part_by_part() -> None:
    (whole,) = explore(EMBRACE, LOCK_ORDER).findings
    assert lines(shrink(EMBRACE, whole, LOCK_ORDER).schedule) == [
        "a: left.lock",
        "a: right.lock",
        "a: right.unlock",
        "a: left.unlock",
        "b: right.lock",
    ]
    (finding,) = explore(EITHER, LOCK_ORDER).findings
    with pytest.raises(
        UserError, match=r"no schedule shows all of the finding of 'P20'; shrink each of finding.each\(\)"
    ):
        shrink(EITHER, finding, LOCK_ORDER)
    assert [shrink(EITHER, part, LOCK_ORDER).schedule for part in finding.each()] == [
        part.schedule for part in finding.parts
    ]


def test_an_execution_is_shown_in_columns() -> None:
    execution = replay(SYSTEM, explore(SYSTEM, LOST).findings[0].schedule, LOST)
    shown = columns(execution.events, execution.findings)
    assert shown[0].split() == ["a", "b"]
    assert shown[-1] == "violates lost: n is 1"


def test_a_run_ends_at_the_first_violation() -> None:
    async def forever() -> None:
        while True:
            await N.add(1)

    small = always("small", (N,), lambda view: "too large" if view(N).value > 3 else None)
    execution = run(System((N,), (Context("c", forever),)), properties=small)
    assert lines(execution) == ["cut after 4 steps", "small: too large (after 4 steps)"]


def test_one_property_stands_for_a_sequence_of_one() -> None:
    assert explore(SYSTEM, LOST).findings == explore(SYSTEM, [LOST]).findings
    schedule = explore(SYSTEM, LOST).findings[0].schedule
    assert replay(SYSTEM, schedule, LOST) == replay(SYSTEM, schedule, (LOST,))
    assert run(SYSTEM, seed=1, properties=LOST) == run(SYSTEM, seed=1, properties=(LOST,))


def truth(view: Any) -> Any:
    return view(N).value < 9


PROPERTIES = "properties: expected properties, as always() and at_end() make them, found "

MISTAKES: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda explore: explore(LOST, SYSTEM), UserError, "system: expected a System, found Property(id='lost', "),
    (lambda explore: explore(SYSTEM, ("lost",)), UserError, PROPERTIES + "'lost'"),
    (lambda explore: explore(SYSTEM, 3), UserError, PROPERTIES + "3"),
    (
        lambda explore: explore(SYSTEM, bounds=100),
        UserError,
        "bounds: expected Bounds, as in Bounds(max_states=100_000), found 100",
    ),
    (
        lambda explore: explore(SYSTEM, bounds=aprt.Bounds(max_states=0)),
        UserError,
        "max_states: expected 1 or more, or None for no bound, found 0",
    ),
    (
        lambda explore: explore(SYSTEM, bounds=aprt.Bounds(budget=nan)),
        UserError,
        "budget: expected 0 or more, or None for no bound, found nan",
    ),
    (lambda explore: explore(SYSTEM, stop_on="al"), UserError, "stop_on: unknown 'al' (did you mean 'all'?)"),
    (lambda explore: explore(SYSTEM, loop="x"), UserError, "loop: unknown 'x' (known: auto, plain, compiled)"),
    (
        lambda explore: explore(SYSTEM, always("small", (N,), truth)),
        ModelError,
        "the check of small returned True; a check returns what is wrong, in words, or None",
    ),
]

CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: replay(SYSTEM, explore(SYSTEM, LOST).findings[0]),  # type: ignore[arg-type]
        UserError,
        "schedule: expected a Schedule, such as finding.schedule, found Finding(property='lost', ",
    ),
    (lambda: run(N), UserError, "system: expected a System, found Counter(name='n', "),  # type: ignore[arg-type]
    (
        lambda: run(SYSTEM, mode="gate"),  # type: ignore[arg-type]
        UserError,
        "mode: unknown 'gate' (did you mean 'gated'?)",
    ),
    (
        lambda: run(SYSTEM, properties=always("small", (N,), truth)),
        ModelError,
        "the check of small returned True; a check returns what is wrong, in words, or None",
    ),
    (
        lambda: always("x", N, lambda view: None),  # type: ignore[arg-type]
        UserError,
        "property x: reads: expected a tuple of actors, as in (device,), found Counter(name='n', lock_class=None)",
    ),
    (
        lambda: at_end("x", (N,), None),  # type: ignore[arg-type]
        UserError,
        "property x: test: expected a function of a view, found None",
    ),
    (
        lambda: System(N, ()),  # type: ignore[arg-type]
        UserError,
        "actors: expected a tuple of actors, as in (device,), found Counter(name='n', lock_class=None)",
    ),
    (
        lambda: System((N,), (3,)),  # type: ignore[arg-type]
        UserError,
        "contexts: expected a tuple of contexts, as in (Context('alice', close),), found (3,)",
    ),
    (
        lambda: handler(reads=("users", "freed")),  # type: ignore[arg-type]
        UserError,
        "reads: expected names in one string, with blanks between, as in 'users freed', found ('users', 'freed')",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_a_mistake_in_what_is_explored_is_one_line(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        call(explore)
    assert str(raised.value).startswith(text)


@pytest.mark.parametrize(("call", "error", "text"), CALLS)
def test_a_mistake_in_a_call_is_one_line(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(text)
    assert "\n" not in str(raised.value)


def test_a_method_that_lacks_the_decorator_is_told_where_the_class_is_made() -> None:
    with pytest.raises(ModelError) as raised:

        class Bare(Actor[int]):
            def initial(self) -> int:
                return 0

            def read(self, state: int, by: Caller) -> Outcome[int, int]:
                return state, state

    text = (
        "Bare.read has the parameters of a handler, and is no message; put @handler(...) before it, or begin its name"
    )
    assert str(raised.value) == f"{text} with _"


def test_a_method_that_only_handlers_call_may_take_what_they_take() -> None:
    class Helped(Actor[int]):
        def initial(self) -> int:
            return 0

        def _told(self, state: int, by: Caller) -> int:
            return state

        @handler(reads="*")
        def read(self, state: int, by: Caller) -> Outcome[int, int]:
            return state, self._told(state, by)

    assert Helped("h").messages() == ("read",)


def test_the_rules_of_locks_can_be_asked_for_alone_or_together() -> None:
    async def twice() -> None:
        await there()
        await LEFT.unlock()

    careless = System((LEFT, RIGHT), (Context("a", twice),))
    (alone,) = explore(careless, LOCK_RELEASE).findings
    assert (alone.property, alone.text) == ("K2", "a releases left, which nobody holds")
    assert explore(careless, RULES, stop_on="all").findings == (alone,)
    assert {LOCK_RELEASE, LOCK_ORDER} < set(RULES)


def test_completion_offers_what_is_exported() -> None:
    assert set(aprt.__all__) <= set(dir(aprt))
    assert {name for name in dir(aprt) if not name.startswith("_")} == set(aprt.__all__)


def test_help_shows_the_parameters_of_explore() -> None:
    assert inspect.signature(aprt.explore) == inspect.signature(aprt.explore.explore.explore)
    shown = pydoc.render_doc(aprt.explore, renderer=pydoc.plaintext)
    assert "explore(system: 'System', properties: 'Property | Iterable[Property]' = (), *" in shown
    assert "bounds: where to give up, as in `Bounds(max_states=100_000)`" in shown


def test_a_deadlock_prints_who_waits() -> None:
    (finding,) = explore(EMBRACE, DEADLOCK).findings
    assert lines(finding) == [
        "deadlock: a waits for right.lock, b waits for left.lock",
        "  a: left.lock",
        "  b: right.lock",
    ]

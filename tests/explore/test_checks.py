"""Checks in a search: what they see, when they are looked at, and that they say what the plain monitor says."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import pytest

from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.properties import (
    DEADLOCK,
    After,
    Always,
    AtEnd,
    Before,
    Finding,
    History,
    Noted,
    Property,
    Wrong,
    always,
    at_end,
)
from aprt.core.schedule import Schedule
from aprt.core.system import System, View
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from tests.explore.tiny import Lock, Number, Variable, executions, increments, system


def one(id: str, check: Always | Before | After | AtEnd | Noted | History) -> Property:
    return Property(id, id, (check,))


def test_before_sees_the_state_before_the_step_and_after_the_one_behind_it() -> None:
    x = Variable("x")
    seen: list[tuple[str, int, object]] = []

    async def body() -> None:
        await x.store(5)
        await x.load()

    def look(when: str) -> Callable[[View, Event], None]:
        def test(view: View, event: Event) -> None:
            seen.append((when, view(x).value, event.args))

        return test

    properties = (one("P1", Before(x, "store", (x,), look("before"))), one("P2", After(x, "store", (x,), look("after"))))
    explore(system(x, t=body), properties)
    assert seen == [("before", 0, (5,)), ("after", 5, (5,))]


def test_the_event_of_a_check_is_complete_but_for_its_place() -> None:
    racing, x = increments(1)
    seen: list[Event] = []
    explore(racing, [one("P1", After(x, "load", (), lambda view, event: seen.append(event)))])
    (event,) = seen
    (first, _) = next(executions(racing)).events
    assert event == first.__class__(-1, *(getattr(first, name) for name in first.__class__.__slots__[1:-1]))


def test_a_check_sees_what_contexts_hold_and_owe() -> None:
    x, lock = Variable("x"), Lock("lock")
    seen: list[tuple[bool, int]] = []

    async def body() -> None:
        await x.store(1)
        await lock.lock()
        await x.take()
        await lock.unlock()
        await x.give()

    explore(system(x, lock, t=body), [always("P1", (), lambda view: seen.append((view.held("lock"), view.inflight("x"))))])
    assert seen == [(False, 0), (True, 0), (True, 1), (False, 1)]  # and the last state is like the first


def test_a_check_is_evaluated_once_for_all_states_it_cannot_tell_apart() -> None:
    racing, x = increments(3)
    seen: list[int] = []
    explore(racing, [always("P1", (x,), lambda view: seen.append(view(x).value))])
    assert seen == [0, 1, 2, 3]


def test_a_check_cannot_read_what_it_does_not_declare() -> None:
    racing, x = increments(2)
    with pytest.raises(ModelError, match=r"^the check of P1 raised .*reads x, which it does not declare"):
        explore(racing, [at_end("P1", (), lambda view: str(view(x)))])


def test_a_property_of_another_system_is_refused() -> None:
    racing, _ = increments(2)
    with pytest.raises(ModelError, match="^property P1 looks at y, which is no actor of the system$"):
        explore(racing, [at_end("P1", (Variable("y"),), lambda view: None)])


def test_a_note_counts_for_the_property_it_names_and_only_when_that_looks_at_notes() -> None:
    lock = Lock("lock")

    async def body() -> None:
        await lock.unlock()

    misused = system(lock, t=body)
    finding = Finding("K2", "t does not own lock", Schedule.of([("t", "lock.unlock")]))
    assert explore(misused, [one("P1", Noted()), one("K2", Noted())]).findings == (finding,)
    assert explore(misused, [one("K2", AtEnd((), lambda view: None))]).findings == ()


def alternating(x: Variable) -> History:
    """Loads and stores take turns, a load first."""

    def advance(last: Hashable, event: Event) -> Hashable | Wrong:
        return Wrong(f"{event.op} after {last}") if event.op == last else event.op

    return History("store", (x,), advance)


def test_the_memory_of_a_history_is_part_of_the_state() -> None:
    racing, x = increments(2)
    plain, watched = explore(racing), explore(racing, [one("P1", alternating(x))], stop_on="all")
    schedule = Schedule.of([("t0", "x.load"), ("t1", "x.load")])
    assert watched.findings == (Finding("P1", "load after load", schedule),)
    # the orders load-store-load-store of t0-t1 and t1-t0 (5 and 4 states), and what follows a second load:
    # both have loaded (1 and x=0), one has stored (2), both have (1)
    assert (plain.states, watched.states) == (13, 13)


def test_a_history_is_not_called_for_other_actors_nor_after_it_went_wrong() -> None:
    x, y = Variable("x"), Variable("y")
    seen: list[tuple[Hashable, str]] = []

    async def body() -> None:
        await y.store(1)
        await x.load()
        await x.store(1)
        await y.load()
        await x.load()
        await x.load()

    def advance(count: Hashable, event: Event) -> Hashable | Wrong:
        seen.append((count, event.op))
        return (*count, event.op) if len(count) < 2 else Wrong("three")  # type: ignore[arg-type, misc]

    result = explore(system(x, y, t=body), [one("P1", History((), (x,), advance))], stop_on="all")
    assert seen == [((), "load"), (("load",), "store"), (("load", "store"), "load")]
    assert [(f.property, f.text, len(f.schedule)) for f in result.findings] == [("P1", "three", 5)]


def busy() -> tuple[System, tuple[Property, ...]]:
    """Two contexts that lock, take and give, and a third that meddles; properties of every kind, many violated."""
    x, lock = Variable("x"), Lock("lock")

    async def worker() -> None:
        await lock.lock()
        if await x.load() == 0:
            await x.give()
        await x.take()
        await lock.unlock()

    async def meddler() -> None:
        await x.store(2)
        await x.take()
        await lock.unlock()

    def text(view: View) -> str:
        return f"x is {view(x).value}, {view.inflight('x')} in flight, lock {view.held('lock')}"

    def unless(good: Callable[[View], bool]) -> Callable[[View], str | None]:
        return lambda view: None if good(view) else text(view)

    def with_event(good: Callable[[View], bool]) -> Callable[[View, Event], str | None]:
        return lambda view, event: None if good(view) else f"{event.context}: {text(view)}"

    properties = (
        one("P1", Always((x,), unless(lambda view: view(x).value + view.inflight("x") < 3))),
        one("P2", Noted()),
        one("P3", Before(x, "take", (x,), with_event(lambda view: view.held("lock")))),
        one("P4", After(x, "take", (x,), with_event(lambda view: view(x) != Number(0)))),
        one("P5", AtEnd((x,), unless(lambda view: view(x).value == 1))),
        one("P6", alternating(x)),
        one("K2", Noted()),
        one("never", Always((lock,), lambda view: None)),
        DEADLOCK,
    )
    return system(x, lock, a=worker, b=worker, meddler=meddler), properties


def test_every_finding_is_the_shortest_of_all_executions_and_repeats() -> None:
    model, properties = busy()
    shortest: dict[str, int] = {}
    for execution in executions(model, properties):
        for finding in execution.findings:
            length = len(finding.schedule)
            shortest[finding.property] = min(length, shortest.get(finding.property, length))
    found = explore(model, properties, stop_on="all").findings
    assert {finding.property: len(finding.schedule) for finding in found} == shortest
    for finding in found:
        assert finding in replay(model, finding.schedule, properties).findings


def test_stopping_at_the_first_violation_gives_the_shortest_of_all() -> None:
    model, properties = busy()
    every = explore(model, properties, stop_on="all").findings
    (first,) = explore(model, properties).findings
    assert first == every[0]
    assert [len(finding.schedule) for finding in every] == sorted(len(finding.schedule) for finding in every)

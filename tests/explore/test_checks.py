"""Checks in a search: what they see, when they are looked at, and that they say what the plain monitor says."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import attrs
import pytest

from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.properties import (
    DEADLOCK,
    After,
    Always,
    AtEnd,
    Before,
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
        def note(view: View, event: Event) -> None:
            seen.append((when, view(x).value, event.args))

        return note

    before, after = Before(x, "store", (x,), look("before")), After(x, "store", (x,), look("after"))
    explore(system(x, t=body), [one("P1", before), one("P2", after)])
    assert seen == [("before", 0, (5,)), ("after", 5, (5,))]


def test_the_event_of_a_check_is_complete_but_for_its_place() -> None:
    racing, x = increments(1)
    seen: list[Event] = []
    explore(racing, [one("P1", After(x, "load", (), lambda view, event: seen.append(event)))])
    (event,) = seen
    first = next(executions(racing)).events[0]
    assert event == attrs.evolve(first, index=-1)


def test_a_check_sees_what_contexts_hold_and_owe() -> None:
    x, lock = Variable("x"), Lock("lock")
    seen: list[tuple[bool, int]] = []

    async def body() -> None:
        await x.store(1)
        await lock.lock()
        await x.take()
        await lock.unlock()
        await x.give()

    def look(view: View) -> None:
        seen.append((view.held("lock"), view.inflight("x")))

    explore(system(x, lock, t=body), [always("P1", (), look)])
    assert seen == [(False, 0), (True, 0), (True, 1), (False, 1)]  # and the last state is like the first


def test_a_check_is_evaluated_once_for_all_states_it_cannot_tell_apart() -> None:
    racing, x = increments(3)
    seen: list[int] = []
    explore(racing, [always("P1", (x,), lambda view: seen.append(view(x).value))])
    assert seen == [0, 1, 2, 3]


def test_what_contexts_hold_tells_states_apart_only_for_a_check_that_looks() -> None:
    x, lock = Variable("x"), Lock("lock")
    seen: list[tuple[str, int, int]] = []

    async def body() -> None:
        await lock.lock()
        await x.store(1)
        await lock.unlock()

    def look(who: str, view: View) -> None:
        seen.append((who, view(x).value, sum(len(caller.held) for caller in view.callers) if who == "P2" else 0))

    properties = [always(id, (x,), partial(look, id)) for id in ("P1", "P2")]
    explore(system(x, lock, t=body), properties)
    assert sorted(seen) == [("P1", 0, 0), ("P1", 1, 0), ("P2", 0, 0), ("P2", 0, 1), ("P2", 1, 0), ("P2", 1, 1)]


@pytest.mark.parametrize("strategy", ["states", "dpor", "reduced", "random"])
@pytest.mark.parametrize("kind", [always, at_end])
def test_a_check_may_name_an_actor_twice(kind: Callable[..., Property], strategy: str) -> None:
    racing, x = increments(2)
    never_one = kind("P1", (x, x), lambda view: "x is 1" if view(x).value == 1 else None)
    assert [finding.text for finding in explore(racing, [never_one], strategy=strategy).findings] == ["x is 1"]


def test_a_check_cannot_read_what_it_does_not_declare() -> None:
    racing, x = increments(2)
    with pytest.raises(ModelError, match=r"^the check of P1 raised .*reads x, which it does not declare"):
        explore(racing, [at_end("P1", (), lambda view: str(view(x)))])


def test_a_property_of_another_system_is_refused() -> None:
    racing, _ = increments(2)
    with pytest.raises(ModelError, match=r"^property P1 looks at y, which is no actor of the system$"):
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
    x = Variable("x")

    async def reader() -> None:
        await x.load()

    first_come = History("", (x,), lambda memory, event: event.context if memory == "" else memory)
    readers = system(x, a=reader, b=reader)
    plain, watched = explore(readers), explore(readers, [one("P1", first_come)])
    # none, a, b, both; "both" is two states when it matters who came first
    assert (plain.states, plain.ends) == (4, 1)
    assert (watched.states, watched.ends) == (5, 2)


def test_a_history_sees_the_order_of_events() -> None:
    racing, x = increments(2)
    schedule = Schedule.of([("t0", "x.load"), ("t1", "x.load")])
    found = explore(racing, [one("P1", alternating(x))]).findings
    assert found == (Finding("P1", "load after load", schedule),)


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
    """Two contexts that lock, take and give, and a third that meddles; properties of every kind, all but one broken."""
    x, lock = Variable("x"), Lock("lock")

    async def worker() -> None:
        await lock.lock()
        if await x.load() == 0:
            await x.give()
        else:
            await x.take()
            await x.take()
        await lock.unlock()

    async def meddler() -> None:
        await lock.unlock()
        await x.store(2)
        await lock.lock()

    def text(view: View) -> str:
        return f"x is {view(x).value}, {view.inflight('x')} in flight, lock {view.held('lock')}"

    def unless(good: Callable[[View], bool]) -> Callable[[View], str | None]:
        return lambda view: None if good(view) else text(view)

    def with_event(good: Callable[[View], bool]) -> Callable[[View, Event], str | None]:
        return lambda view, event: None if good(view) else f"{event.context}: {text(view)}"

    properties = (
        one("P1", Always((x,), unless(lambda view: view(x).value < 3))),
        one("P2", Noted()),
        one("P3", Before(x, "give", (x,), with_event(lambda view: view(x) == Number(0)))),
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
    assert shortest.keys() == {p.id for p in properties} - {"never"}
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

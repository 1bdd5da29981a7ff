"""The oracle itself, on programs small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aprt import BLOCK, Actor, Caller, Context, ModelError, Mutex, Outcome, System, choose, handler
from aprt.core.system import Behaviour
from aprt.explore.commuting.independence import foata
from aprt.kernel.mutex import MutexState
from tests.explore.enumerator import Reachable, Traces, executions, interleavings, paths, reachable, traces
from tests.explore.programs.cells import Cell, CellState, casw, inc, popl
from tests.explore.programs.generated import generate
from tests.explore.programs.locking import dining, nested


class Bell(Actor[bool]):
    """`answer` blocks until somebody did `ring`."""

    def initial(self) -> bool:
        return False

    @handler(writes="*")
    def ring(self, state: bool, by: Caller) -> Outcome[bool, None]:
        return True, None

    @handler(writes="*")
    def answer(self, state: bool, by: Caller) -> Outcome[bool, None]:
        return (False, None) if state else BLOCK


def alone(behaviour: Callable[[], Behaviour], *actors: Actor[Any]) -> System:
    return System(actors, (Context("t", behaviour),))


def test_every_execution_of_abba_is_listed_with_its_ending() -> None:
    listed = [("".join(s.info.context[1] for s in steps), how) for steps, how in executions(nested("AB", "BA"))]
    assert listed == [
        ("00001111", "end"),
        ("00010111", "end"),  # t1 takes B while t0 still holds A
        ("01", "deadlock"),
        ("10", "deadlock"),
        ("11101000", "end"),
        ("11110000", "end"),
    ]


def test_what_abba_reaches() -> None:
    free, t0, t1 = MutexState(), MutexState("t0"), MutexState("t1")
    assert reachable(nested("AB", "BA")) == Reachable(
        values=frozenset({(free, free), (t0, free), (t0, t0), (free, t1), (t1, t1), (t0, t1)}),
        ends=frozenset({(free, free)}),
        deadlocks=frozenset({(t0, t1)}),
        oopses=frozenset(),
        worlds=19,
        stuck=1,
        depth=8,
        shortest={"deadlock": 2},
    )


def test_every_option_of_a_choice_is_an_execution() -> None:
    x = Cell("x")

    async def pick() -> None:
        await x.write(await choose("value", 1, 2, 3))

    assert reachable(alone(pick, x)).ends == {(CellState(1),), (CellState(2),), (CellState(3),)}
    assert traces(alone(pick, x)) == Traces(complete=3)


def test_choices_of_different_contexts_commute() -> None:
    async def pick() -> None:
        await choose("bit", 0, 1)

    system = System((), (Context("a", pick), Context("b", pick)))
    assert (traces(system), paths(system)) == (Traces(complete=4), 8)


def test_an_end_waits_for_what_daemons_can_still_do_but_not_for_their_return() -> None:
    bell = Bell("bell")

    async def ring() -> None:
        await bell.ring()

    async def answer() -> None:
        while True:
            await bell.answer()

    system = System((bell,), (Context("ringer", ring), Context("porter", answer, daemon=True)))
    assert [(len(steps), how) for steps, how in executions(system)] == [(2, "end")]
    waited_for = System((bell,), (Context("ringer", ring), Context("porter", answer)))
    assert [(len(steps), how) for steps, how in executions(waited_for)] == [(2, "deadlock")]


def test_nothing_follows_an_oops() -> None:
    mutex, x = Mutex("mutex"), Cell("x")

    async def lock_twice() -> None:
        await mutex.lock()
        await mutex.lock()
        await x.write(1)

    system = alone(lock_twice, mutex, x)
    assert traces(system) == Traces(oopsed=1, broken=1)
    assert reachable(system) == Reachable(
        values=frozenset({(MutexState(), CellState()), (MutexState("t"), CellState())}),
        ends=frozenset(),
        deadlocks=frozenset(),
        oopses=frozenset({(MutexState("t"), CellState())}),
        worlds=3,
        stuck=0,
        depth=2,
        shortest={"K1": 2},
    )


def test_writing_the_value_that_is_there_is_a_write() -> None:
    x = Cell("x")

    async def clear() -> None:
        await x.write(0)

    assert traces(System((x,), (Context("a", clear), Context("b", clear)))) == Traces(complete=2)


def test_a_failed_compare_and_swap_is_a_read() -> None:
    x = Cell("x")

    async def swap() -> None:
        await x.cas(1, 2)

    assert traces(System((x,), (Context("a", swap), Context("b", swap)))) == Traces(complete=1)


@pytest.mark.parametrize("system", [inc(3), casw(3), popl(), dining(3), nested("GK", "KM", "MG")])
def test_as_many_traces_as_foata_normal_forms_among_all_executions(system: System) -> None:
    forms = {(foata(step.info for step in steps), how) for steps, how in executions(system)}
    found = traces(system)
    assert len(forms) == found.complete + found.deadlocked


def small_programs(count: int) -> list[System]:
    """The first random programs with 100 to 2,000 executions."""
    found: list[System] = []
    seeds = iter(range(1_000))
    while len(found) < count:
        system = generate(next(seeds))
        if 100 <= paths(system) <= 2_000:
            found.append(system)
    return found


def test_paths_and_executions_are_counted_alike_on_random_programs() -> None:
    for system in small_programs(5):
        assert paths(system) == interleavings(system)


def test_all_executions_of_a_trace_lead_to_one_world_on_random_programs() -> None:
    for system in small_programs(5):
        worlds: dict[object, set[object]] = {}
        for steps, _ in executions(system):
            worlds.setdefault(foata(step.info for step in steps), set()).add(steps[-1].after)
        assert {len(ends) for ends in worlds.values()} == {1}
        found = traces(system)
        assert len(worlds) == found.complete + found.deadlocked + found.oopsed


def test_a_loop_without_end_is_refused_at_the_limit() -> None:
    x = Cell("x")

    async def spin() -> None:
        while True:
            await x.read()

    for count in (reachable, traces, paths, interleavings):
        with pytest.raises(ModelError, match="gave up after 100 worlds"):
            count(alone(spin, x), limit=100)


def test_a_behaviour_that_awaits_no_effect_is_a_mistake_in_the_model() -> None:
    class Other:
        def __await__(self) -> Any:
            yield "something else"

    async def wrong() -> None:
        await Other()

    with pytest.raises(ModelError, match="t awaits 'something else', which is no effect"):
        reachable(alone(wrong))

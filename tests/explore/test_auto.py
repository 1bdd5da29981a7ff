"""The automatic choice: states where they fit, the portfolio where they do not, and why."""

from __future__ import annotations

from functools import partial
from itertools import count
from types import SimpleNamespace

import attrs
import pytest

from aprt.core.properties import DEADLOCK, HANG
from aprt.core.system import Context, System
from aprt.explore import auto
from aprt.explore.explore import explore
from aprt.explore.result import Bounds, Exploration
from tests.explore.programs.cells import Cell
from tests.explore.programs.locking import dining
from tests.explore.programs.two_phase import two_phase_commit


def many_states(*, shared: bool) -> System:
    """13 ** 8 of them; one trace, or, with a shared cell, as many as a walk can take ways."""

    async def write(cell: Cell) -> None:
        for i in range(12):
            await cell.write(i)

    cells = tuple(Cell(f"x{i}") for i in range(8))
    contexts = (Context(f"t{i}", partial(write, cells[0] if shared else cell)) for i, cell in enumerate(cells))
    return System(cells, tuple(contexts))


def same(a: Exploration, b: Exploration) -> bool:
    return attrs.evolve(a, seconds=0.0, picked=None) == attrs.evolve(b, seconds=0.0, picked=None)


@pytest.mark.parametrize("stop_on", ["first", "all"])
def test_a_small_system_is_searched_by_states_and_costs_nothing_more(stop_on: str) -> None:
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on=stop_on)  # type: ignore[arg-type]
    assert same(chosen, explore(dining(5), [DEADLOCK], stop_on=stop_on))  # type: ignore[arg-type]
    assert chosen.picked == "it ended after few states"
    stopped = explore(dining(5), [DEADLOCK], strategy="auto", stop_on=stop_on, bounds=Bounds(max_states=5))  # type: ignore[arg-type]
    assert stopped.picked == "it was stopped after few states"


def test_what_fits_into_memory_is_searched_by_states_after_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    chosen = explore(dining(5), strategy="auto")
    assert same(chosen, explore(dining(5)))
    assert chosen.picked == "there seem to be 1,301 states or more and 57 traces or fewer"


def test_a_slow_machine_sees_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    clock = count(step=100)
    monkeypatch.setattr(auto, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    chosen = explore(dining(5), strategy="auto")
    assert chosen.picked == "there seem to be 1,301 states or more and 57 traces or fewer"


def test_few_traces_are_searched_by_dpor() -> None:
    chosen = explore(many_states(shared=False), strategy="auto")
    assert (chosen.strategy, chosen.executions, chosen.complete) == ("dpor", 1, True)
    assert chosen.picked is not None
    assert chosen.picked.endswith(" states or more and 1 traces or fewer")


def test_what_dpor_cannot_check_is_left_to_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 1)
    assert explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all").strategy == "dpor"
    assert explore(dining(5), [DEADLOCK, HANG], strategy="auto", stop_on="all").strategy == "states"


def test_executions_without_end_are_left_to_states(monkeypatch: pytest.MonkeyPatch) -> None:
    async def poll() -> None:
        while await flag.read() == 0:
            pass

    async def work() -> None:
        for cell in cells:
            await cell.write(1)
        await flag.write(1)

    monkeypatch.setattr(auto, "_SMALL", 10)
    monkeypatch.setattr(auto, "_PER_TRACE", 0)
    flag, cells = Cell("flag"), tuple(Cell(f"x{i}") for i in range(20))
    system = System((flag, *cells), (Context("poll", poll), Context("work", work)))
    assert explore(system, strategy="dpor").stopped == "endless"
    chosen = explore(system, strategy="auto")
    assert (chosen.strategy, chosen.complete) == ("states", True)


def test_what_does_not_fit_is_left_to_reduced_when_few_states_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 100)
    monkeypatch.setattr(auto, "_LARGE", 200)
    monkeypatch.setattr(auto, "_PER_TRACE", 1_000_000)
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all")
    assert (chosen.strategy, chosen.complete, len(chosen.findings)) == ("reduced", True, 1)
    assert chosen.picked is not None
    assert chosen.picked.endswith(", too many to keep")
    assert explore(dining(5), [DEADLOCK, HANG], strategy="auto", stop_on="all", runs=5).strategy == "portfolio"


def test_what_does_not_fit_is_left_to_the_portfolio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 10_000)
    monkeypatch.setattr(auto, "_LARGE", 30_000)
    monkeypatch.setattr(auto, "_REDUCED", 1_000)
    chosen = explore(many_states(shared=True), strategy="auto", runs=20)
    assert (chosen.strategy, chosen.executions, chosen.complete) == ("portfolio", 20, False)
    assert chosen.picked is not None
    assert chosen.picked.endswith(" and countless traces, too many to keep")


def test_when_the_states_are_too_many_before_there_was_a_look_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_LARGE", 1_000)
    monkeypatch.setattr(auto, "_REDUCED", 100)
    chosen = explore(dining(5), strategy="auto", runs=20)
    assert (chosen.strategy, chosen.picked) == ("portfolio", "there are more than 1,000 states, too many to keep")


def test_states_that_turn_out_to_be_too_many_are_left_to_the_portfolio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_LARGE", 1_500)
    monkeypatch.setattr(auto, "_REDUCED", 100)
    monkeypatch.setattr(auto, "_PER_TRACE", 1_000)
    assert explore(dining(5), strategy="auto", runs=20).strategy == "portfolio"


def test_what_was_found_before_the_states_were_too_many_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_LARGE", 1_700)
    monkeypatch.setattr(auto, "_REDUCED", 10)
    assert explore(dining(5), [DEADLOCK], strategy="portfolio", stop_on="all", runs=1).findings == ()
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all", runs=1)
    assert chosen.strategy == "portfolio"
    assert chosen.findings == explore(dining(5), [DEADLOCK]).findings


def test_symmetry_is_for_states() -> None:
    chosen = explore(two_phase_commit(3), strategy="auto", symmetry=True)
    assert same(chosen, explore(two_phase_commit(3), symmetry=True))
    assert (chosen.strategy, chosen.picked) == ("states", "no other strategy knows symmetry")


def test_a_bound_on_states_is_kept() -> None:
    chosen = explore(many_states(shared=True), strategy="auto", bounds=Bounds(max_states=100))
    assert (chosen.strategy, chosen.states, chosen.stopped) == ("states", 100, "max_states")


def test_a_budget_is_for_all_of_it() -> None:
    chosen = explore(many_states(shared=True), strategy="auto", bounds=Bounds(budget=0.0))
    assert (chosen.strategy, chosen.stopped) == ("states", "budget")
    assert chosen.seconds < 1


def test_an_interrupt_in_the_middle_of_the_look_keeps_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(question: object, least: int) -> auto.Look:
        raise KeyboardInterrupt

    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_look", interrupt)
    chosen = explore(many_states(shared=True), strategy="auto")
    alone = explore(many_states(shared=True), bounds=Bounds(max_depth=chosen.depth))
    assert (chosen.strategy, chosen.stopped, chosen.states) == ("states", "interrupted", alone.states)
    assert chosen.states >= 1_000

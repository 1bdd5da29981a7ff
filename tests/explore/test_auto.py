"""The automatic choice: states where they fit, the portfolio where they do not, and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from types import SimpleNamespace

import attrs
import pytest

from aprt.core.properties import DEADLOCK, HANG, LIVELOCK
from aprt.core.system import Context, System
from aprt.explore import auto
from aprt.explore.explore import explore
from aprt.explore.persistent_sets import reduced
from aprt.explore.result import Bounds, Exploration, Question
from aprt.explore.sampling import outlook
from aprt.explore.stateful.states import Search
from aprt.explore.traces import dpor
from aprt.explore.watchdog import Stop
from tests.explore.programs.cells import Cell, lastzero
from tests.explore.programs.locking import dining
from tests.explore.programs.tables import indexer
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
    assert chosen.picked == "there seem to be 203,482 states or more, and by traces it took 1 execution"


def test_few_traces_that_probes_have_counted_are_searched_by_dpor_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 10)
    chosen = explore(dining(5), strategy="auto")
    assert (chosen.strategy, chosen.complete, chosen.traces, chosen.transitions) == ("dpor", True, 31, 605)
    assert chosen.picked == "there seem to be 1,301 states or more and 57 traces or fewer"


@pytest.mark.parametrize(
    ("n", "traces", "picked"),
    [
        (10, 3_328, "there seem to be 425,997 states or more, and by traces it took 3,328 executions"),
        (12, 15_360, "there seem to be 5,032,587 states or more, and by traces it took 15,360 executions"),
    ],
)
def test_traces_that_probes_cannot_count_are_searched_by_dpor_when_they_are_few(
    n: int, traces: int, picked: str
) -> None:
    chosen = explore(lastzero(n), strategy="auto")
    assert (chosen.strategy, chosen.complete, chosen.traces, chosen.picked) == ("dpor", True, traces, picked)


def test_an_array_that_threads_share_takes_no_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlook, "outlook", None)
    chosen = explore(indexer(12), strategy="auto")
    assert (chosen.strategy, chosen.complete, chosen.traces) == ("dpor", True, 8)
    assert chosen.picked == "there seem to be 284,711 states or more, and by traces it took 8 executions"


def test_executions_that_are_longer_than_its_states_are_worth_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    assert explore(dining(5), strategy="auto").strategy == "states"
    monkeypatch.setattr(auto, "_PER_STEP", 1)
    assert explore(dining(5), strategy="auto").strategy == "dpor"


def test_a_bound_on_the_length_of_executions_stops_dpor_between_two() -> None:
    whole, cut = (explore(dining(5), strategy="dpor", bounds=Bounds(max_length=most)) for most in (600, 599))
    assert (whole.stopped, whole.executions, whole.depth) == (None, 31, 20)
    assert (cut.stopped, cut.executions, cut.depth) == ("max_length", 30, 20)


def test_a_bound_on_the_length_of_executions_is_kept_by_whoever_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 1)
    enough, few = (explore(dining(5), strategy="auto", bounds=Bounds(max_length=most)) for most in (600, 599))
    assert (enough.strategy, enough.executions) == ("dpor", 31)
    assert (few.strategy, few.complete) == ("states", True)


def test_what_stopped_dpor_is_not_told_as_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 1)
    monkeypatch.setattr(dpor, "search", partial(_stopped_at_once, dpor.search))
    chosen = explore(dining(5), strategy="auto")
    assert (chosen.strategy, chosen.stopped) == ("dpor", "budget")
    assert chosen.picked == "there seem to be 1,152 states or more, and by traces it was stopped after 1 execution"


def test_a_violation_that_dpor_met_before_it_was_given_up_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 50)
    monkeypatch.setattr(auto, "_PER_STEP", 0.125)
    bounds = Bounds(max_states=100)
    assert explore(dining(5), [DEADLOCK], stop_on="all", bounds=bounds).findings == ()
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all", bounds=bounds)
    assert (chosen.strategy, chosen.stopped, [f.property for f in chosen.findings]) == (
        "dpor",
        "max_states",
        ["deadlock"],
    )
    assert chosen.picked == "there seem to be 51 states or more, and by traces it was stopped after 16 executions"
    bounds = Bounds(max_states=100, max_length=300)
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all", bounds=bounds)
    assert (chosen.strategy, chosen.stopped, [f.property for f in chosen.findings]) == (
        "dpor",
        "max_states",
        ["deadlock"],
    )
    assert chosen.picked == "16 executions showed what is wrong before states were searched in their place"


def test_a_violation_that_dpor_met_is_kept_when_few_states_matter_and_time_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 50)
    monkeypatch.setattr(auto, "_PER_STEP", 0.125)
    monkeypatch.setattr(auto, "_LARGE", 100)
    monkeypatch.setattr(reduced, "search", partial(_stopped_at_once, reduced.search))
    chosen = explore(dining(5), [DEADLOCK], strategy="auto", stop_on="all")
    assert (chosen.strategy, chosen.stopped, [f.property for f in chosen.findings]) == (
        "reduced",
        "budget",
        ["deadlock"],
    )


def _stopped_at_once(search: Callable[[Question], Exploration], question: Question) -> Exploration:
    return search(attrs.evolve(question, bounds=Bounds(budget=0.0)))


def test_up_to_a_depth_states_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 50)
    monkeypatch.setattr(auto, "_PER_STEP", 0.001)
    bounds = Bounds(max_depth=10)
    chosen = explore(dining(5), strategy="auto", bounds=bounds)
    assert (chosen.strategy, chosen.stopped, chosen.states) == (
        "states",
        "max_depth",
        explore(dining(5), bounds=bounds).states,
    )


def test_dpor_is_tried_once_more_before_lots_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_LARGE", 1_500)
    monkeypatch.setattr(auto, "_REDUCED", 100)
    monkeypatch.setattr(auto, "_PER_TRACE", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 2.2)
    chosen = explore(dining(5), strategy="auto")
    assert (chosen.strategy, chosen.complete, chosen.traces) == ("dpor", True, 31)
    assert chosen.picked == "there seem to be 1,500 states or more, and by traces it took 31 executions"


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


def test_what_is_asked_besides_is_judged_by_states_although_dpor_has_answered_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 1)
    asked = explore(dining(5), [DEADLOCK], besides=LIVELOCK, strategy="auto", stop_on="all")
    assert (asked.strategy, asked.complete, asked.unjudged) == ("states", True, None)
    assert asked.picked == "livelock takes all states"


@pytest.mark.parametrize("end", ["max_states", "budget", "interrupted"])
def test_the_answer_of_dpor_stands_where_it_takes_too_much_to_judge_what_is_asked_besides(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(search: Search, here: int, transitions: int) -> None:
        if search.depth > 12 and end == "interrupted":
            raise KeyboardInterrupt
        if search.depth > 12:
            raise Stop(end)

    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 1)
    monkeypatch.setattr(Search, "look", stopped)
    found = explore(dining(5), [DEADLOCK], besides=LIVELOCK, strategy="auto", stop_on="all")
    assert (found.strategy, found.complete, found.unjudged) == ("dpor", True, end)
    assert [finding.property for finding in found.findings] == ["deadlock"]
    assert found.interrupted is (end == "interrupted")
    named = explore(dining(5), [DEADLOCK, LIVELOCK], strategy="auto", stop_on="all", runs=5)
    assert (named.complete, named.stopped) == (False, "runs" if end == "max_states" else end)


def test_what_is_asked_besides_is_passed_over_where_states_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 100)
    monkeypatch.setattr(auto, "_LARGE", 200)
    monkeypatch.setattr(auto, "_PER_TRACE", 1_000_000)
    found = explore(dining(5), [DEADLOCK], besides=LIVELOCK, strategy="auto", stop_on="all")
    assert (found.strategy, found.complete, found.unjudged) == ("reduced", True, "max_states")
    assert [finding.property for finding in found.findings] == ["deadlock"]


@pytest.mark.parametrize("strategy", ["dpor", "reduced", "random"])
def test_a_strategy_that_cannot_judge_what_is_asked_besides_passes_it_over(strategy: str) -> None:
    found = explore(dining(3), [DEADLOCK], besides=LIVELOCK, strategy=strategy, stop_on="all")
    plain = explore(dining(3), [DEADLOCK], strategy=strategy, stop_on="all")
    assert (found.unjudged, found.complete, found.executions) == ("strategy", plain.complete, plain.executions)
    assert found.findings == plain.findings


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


@pytest.mark.parametrize("end", ["interrupted", "budget"])
def test_what_stops_a_later_strategy_leaves_the_states_that_were_seen_before(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 1)

    def stopped(question: Question) -> Exploration:
        return attrs.evolve(whole(attrs.evolve(question, bounds=Bounds(max_length=1))), stopped=end)

    whole = dpor.search
    monkeypatch.setattr(dpor, "search", stopped)
    chosen = explore(dining(5), strategy="auto")
    assert (chosen.strategy, chosen.stopped, chosen.executions) == ("dpor", end, 1)
    assert (chosen.states, chosen.transitions, chosen.depth) == (1_152, 3_140, 20)


def test_an_interrupt_in_the_middle_of_the_probes_keeps_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(question: object, least: int) -> outlook.Outlook:
        raise KeyboardInterrupt

    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(outlook, "outlook", interrupt)
    chosen = explore(many_states(shared=True), strategy="auto")
    alone = explore(many_states(shared=True), bounds=Bounds(max_depth=chosen.depth))
    assert (chosen.strategy, chosen.stopped, chosen.states) == ("states", "interrupted", alone.states)
    assert chosen.states >= 1_000

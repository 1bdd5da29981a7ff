"""Livelocks: loops from which nothing leads to an end, found in the whole state graph and shown by one round."""

from __future__ import annotations

from functools import partial, partialmethod
from itertools import count
from pathlib import Path

import pytest

from aprt.core.errors import UserError
from aprt.core.properties import DEADLOCK, HANG, LIVELOCK, Eventually, Property, always
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.explore.reachability import FollowedGraph, Following
from aprt.explore.result import Bounds, Exploration, LoopName
from aprt.explore.saved.file import SaveFile
from aprt.explore.stateful.loop import FreshLoop
from aprt.explore.stateful.loop_plain import PlainLoop
from aprt.explore.watchdog import Look, Stop, Watchdog
from aprt.kernel.cell import Cell
from aprt.kernel.mutex import Mutex
from aprt.verdict.ask import ask
from aprt.view.paint import Paint
from aprt.view.verdict_text import verdict_text
from tests.verdict.cases import case_of

GO, MUTEX = Cell("go", 0), Mutex("m")
LOCKED = always("locked", (MUTEX,), lambda view: "it is" if view(MUTEX).owner else None)
GOES = Property("goes", "", (Eventually((GO,), lambda view: None if view(GO).value else "it does not go"),))


async def spins() -> None:
    while await GO.read() == 0:
        pass


async def sets() -> None:
    await MUTEX.lock()
    await GO.write(1)
    await MUTEX.unlock()


async def forgets() -> None:
    await MUTEX.lock()


async def writes_and_takes_back() -> None:
    await GO.write(1)
    await GO.write(0)


def of(**contexts: object) -> System:
    return System((GO, MUTEX), tuple(Context(name, body) for name, body in contexts.items()))  # type: ignore[arg-type]


def said(found: Exploration) -> list[tuple[str, str, int, list[str]]]:
    return [(f.property, f.text, f.loop, [str(label) for label in f.schedule]) for f in found.findings]


NEVER = "spinner goes round for ever, and nothing ends it"


@pytest.mark.parametrize("loop", ["plain", "compiled"])
def test_who_spins_with_nobody_to_end_it_is_shown_by_one_round(loop: LoopName) -> None:
    if loop == "compiled":
        pytest.importorskip("numba")
    found = explore(of(spinner=spins), (DEADLOCK, LIVELOCK), stop_on="all", loop=loop)
    assert said(found) == [("livelock", NEVER, 1, ["spinner: go.read", "spinner: go.read #2"])]
    assert found.complete


def test_who_waits_for_another_that_will_come_does_not_hang() -> None:
    assert not explore(of(spinner=spins, setter=sets), (DEADLOCK, LIVELOCK)).findings


def test_a_livelock_that_only_some_executions_come_to_begins_behind_the_step_that_seals_it() -> None:
    (finding,) = explore(of(spinner=spins, writer=writes_and_takes_back), (LIVELOCK,)).findings
    assert [str(label) for label in finding.schedule] == [
        "spinner: go.read",
        "writer: go.write",
        "writer: go.write #2",
        "spinner: go.read #2",
    ]
    assert finding.loop == 1


def test_what_ends_in_a_deadlock_is_none_and_a_hang_is_either() -> None:
    stuck = of(one=forgets, other=forgets)
    assert [f.property for f in explore(stuck, (DEADLOCK, HANG, LIVELOCK), stop_on="all").findings] == [
        "hang",
        "deadlock",
    ]


def test_two_that_keep_each_other_going_round_are_both_named() -> None:
    (finding,) = explore(of(one=spins, other=spins), (LIVELOCK,)).findings
    assert finding.text == "one and other go round for ever, and nothing ends it"


@pytest.mark.parametrize("strategy", ["dpor", "reduced"])
def test_strategies_without_a_state_graph_refuse_the_question(strategy: str) -> None:
    with pytest.raises(UserError, match="livelock asks what can be reached"):
        explore(of(spinner=spins), (LIVELOCK,), strategy=strategy)


def test_symmetry_refuses_it_too() -> None:
    with pytest.raises(UserError, match="livelock is shown by a loop of states, which symmetry does not keep apart"):
        explore(of(spinner=spins), (LIVELOCK,), symmetry=True)


@pytest.mark.parametrize("stopped", ["budget", "interrupted"])
def test_what_was_found_is_kept_when_the_search_for_loops_is_stopped(
    stopped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time spent when all states are known; with Ctrl-C then. What is asked besides is passed over."""
    clock = [0.0]

    def following(self: PlainLoop, look: Look) -> Following:
        clock[0] = 100.0
        if stopped == "interrupted":
            raise KeyboardInterrupt
        return whole(self, look)

    whole = PlainLoop.following
    monkeypatch.setattr(PlainLoop, "following", following)
    monkeypatch.setattr(Watchdog, "__init__", partialmethod(Watchdog.__init__, clock=lambda: clock[0]))
    program, bounds = of(spinner=spins, one=forgets, other=forgets), Bounds(budget=10)
    asked = (LOCKED, LIVELOCK)
    found = explore(program, asked, stop_on="all", bounds=bounds)
    assert (found.complete, found.stopped, [f.property for f in found.findings]) == (False, stopped, ["locked"])
    clock[0] = 0.0
    found = explore(program, LOCKED, besides=LIVELOCK, stop_on="all", bounds=bounds)
    assert (found.complete, found.unjudged, [f.property for f in found.findings]) == (True, stopped, ["locked"])
    assert found.interrupted is (stopped == "interrupted")


def test_a_kept_search_that_is_interrupted_while_it_looks_for_loops_goes_on_with_that(tmp_path: Path) -> None:
    program, left = of(spinner=spins, one=forgets, other=forgets), 0
    for looks in count():
        halt = partial(next, iter([False] * looks), True)
        with SaveFile(tmp_path / f"{looks}", {"scenario": "a test"}) as file:
            first = explore(program, LOCKED, besides=LIVELOCK, stop_on="all", save=file, halt=halt)
        with SaveFile(tmp_path / f"{looks}") as file:
            second = explore(program, LOCKED, besides=LIVELOCK, stop_on="all", save=file)
        assert [(f.property, f.loop) for f in second.findings] == [("locked", 0), ("livelock", 1)]
        assert (second.complete, second.unjudged, second.states) == (True, None, 6)
        if not first.interrupted:
            break
        left += first.complete
    assert left == 16


@pytest.mark.parametrize(
    ("property", "loop", "behind"),
    [(LIVELOCK, "plain", 14), (LIVELOCK, "compiled", 13), (GOES, "plain", 15), (GOES, "compiled", 16)],
)
def test_the_budget_ends_the_search_for_a_loop_too(
    property: Property, loop: LoopName, behind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """behind: how often it looks when all states are expanded."""
    if loop == "compiled":
        pytest.importorskip("numba")
    looks = []

    def look(watchdog: Watchdog, *counts: int) -> None:
        looks.append(counts)
        if len(looks) == last[0]:
            raise Stop("budget")

    program, last = of(one=spins, other=spins), [0]
    monkeypatch.setattr(Watchdog, "look", look)
    assert [f.property for f in explore(program, property, loop=loop).findings] == [property.id]
    before = looks.index((0, 4, 8, 3))
    assert looks[before:] == [(0, 4, 8, 3)] * behind
    for last[0] in range(before + 1, len(looks) + 1):
        looks.clear()
        found = explore(program, property, loop=loop)
        assert (found.stopped, found.findings, found.states) == ("budget", (), 4)


def test_the_graph_is_made_once_for_all_that_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def graph(self: FreshLoop, look: Look) -> FollowedGraph:
        made.append(whole(self, look))
        return made[-1]

    whole = FreshLoop.graph
    monkeypatch.setattr(FreshLoop, "graph", graph)
    found = explore(of(spinner=spins), (HANG, GOES, LIVELOCK), stop_on="all")
    assert [f.property for f in found.findings] == ["hang", "goes", "livelock"]
    assert [one.count for one in made] == [found.states]


def test_a_verdict_goes_once_more_round_on_trio_and_says_so() -> None:
    verdict = ask(case_of(of(spinner=spins), LIVELOCK))
    assert (verdict.word, verdict.shown[0].finding.loop) == ("VIOLATED", 1)
    assert "  and so on: the last step again and again, for ever\n" in verdict_text(verdict, Paint())

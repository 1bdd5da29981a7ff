"""What strategy auto picks is what it picks without a crew; the crew does it where it can."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from aprt.core.errors import WorkersLost
from aprt.core.properties import DEADLOCK, HANG, LIVELOCK, Property
from aprt.core.system import System
from aprt.explore import auto
from aprt.explore.explore import explore
from aprt.explore.parallel import partition
from aprt.explore.parallel.crew import Crew
from aprt.explore.parallel.local import LocalCrew
from aprt.explore.result import Bounds, Exploration, Origin
from tests.explore import work
from tests.explore.programs.locking import dining
from tests.explore.work import NoCrew, Unlucky


def hanging() -> tuple[System, tuple[Property, ...]]:
    return dining(5), (DEADLOCK, HANG)


def asked(origin: Origin, crew: Crew | None = None, **options: Any) -> Exploration:
    system, properties = origin()
    return explore(system, properties, strategy="auto", stop_on="all", crew=crew, origin=origin, **options)


def told(found: Exploration) -> dict[str, Any]:
    """What a crew tells like one process, whatever the strategy is."""
    names = (
        "strategy",
        "stopped",
        "traces",
        "ends",
        "deadlocks",
        "oopses",
        "depth",
        "unasked",
        "unexercised",
        "picked",
    )
    return {name: getattr(found, name) for name in names} | {"violated": {f.property for f in found.findings}}


def counted(found: Exploration) -> dict[str, Any]:
    """What it counts besides, but for traces that are shared."""
    return told(found) | {name: getattr(found, name) for name in ("states", "transitions", "executions")}


PHILOSOPHERS = partial(work.origin, "locking:dining", 7)


def test_a_small_system_is_for_one_process() -> None:
    assert counted(asked(PHILOSOPHERS, NoCrew())) == counted(asked(PHILOSOPHERS))


def test_states_that_fit_are_shared_after_a_look(monkeypatch: pytest.MonkeyPatch, crew: LocalCrew) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(partition, "compiles", lambda question: False)
    watched = Unlucky(crew, 0)
    shared, alone = asked(PHILOSOPHERS, watched), asked(PHILOSOPHERS)
    assert watched.sent > 0
    assert counted(shared) == counted(alone)
    assert (shared.strategy, shared.states, shared.complete) == ("states", 34_527, True)


@pytest.mark.parametrize(("budget", "unjudged"), [(None, None), (1_000.0, "strategy")])
def test_what_is_asked_besides_is_for_one_process_unless_a_budget_makes_it_hurry(
    budget: float | None, unjudged: str | None, monkeypatch: pytest.MonkeyPatch, crew: LocalCrew
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(partition, "compiles", lambda question: False)
    watched = Unlucky(crew, 0)
    found = asked(PHILOSOPHERS, watched, besides=LIVELOCK, bounds=Bounds(budget=budget))
    assert (watched.sent > 0, found.unjudged) == (budget is not None, unjudged)
    assert (found.strategy, found.states, found.complete) == ("states", 34_527, True)


def test_traces_that_are_few_are_shared(monkeypatch: pytest.MonkeyPatch, crew: LocalCrew) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 0)
    watched, origin = Unlucky(crew, 0), partial(work.origin, "mailboxes:fan_in", 3, 3)
    shared, alone = asked(origin, watched), asked(origin)
    assert watched.sent > 0
    assert told(shared) == told(alone)
    assert (shared.strategy, shared.traces, shared.complete) == ("dpor", 1_680, True)
    bounded = asked(origin, NoCrew(), bounds=Bounds(max_states=100_000))
    assert counted(bounded) == counted(alone)


def test_a_crew_that_breaks_down_over_traces_does_not_go_on_with_states(
    monkeypatch: pytest.MonkeyPatch, crew: LocalCrew
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_PER_STEP", 1_000)
    monkeypatch.setattr(auto, "_PER_TRACE", 0)
    with pytest.raises(WorkersLost, match=r"^3 workers died over "):
        asked(partial(work.origin, "mailboxes:fan_in", 3, 3), Unlucky(crew, None))


def test_traces_that_turn_out_to_be_few_are_for_one_process() -> None:
    origin = partial(work.origin, "cells:lastzero", 10)
    found = asked(origin, NoCrew())
    assert (found.strategy, found.traces, found.complete) == ("dpor", 3_328, True)
    assert counted(found) == counted(asked(origin))


def test_states_that_are_too_many_end_like_those_of_one_process(
    monkeypatch: pytest.MonkeyPatch, crew: LocalCrew
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    monkeypatch.setattr(auto, "_LARGE", 16_000)
    monkeypatch.setattr(auto, "_REDUCED", 10)
    monkeypatch.setattr(auto, "_PER_STEP", 100)
    monkeypatch.setattr(partition, "compiles", lambda question: False)
    watched = Unlucky(crew, 0)
    shared, alone = asked(PHILOSOPHERS, watched, runs=5), asked(PHILOSOPHERS, runs=5)
    assert watched.sent > 0
    assert counted(shared) == counted(alone)
    assert (shared.strategy, shared.executions, shared.complete) == ("portfolio", 5, False)


def test_hangs_are_looked_for_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_SMALL", 1_000)
    found = asked(hanging, NoCrew())
    assert (found.strategy, found.states, found.complete) == ("states", 1_743, True)
    assert counted(found) == counted(asked(hanging))

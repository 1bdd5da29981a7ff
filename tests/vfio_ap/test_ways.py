"""H1-H16: each breaks its property by the steps its row names, and holds, complete, with its cure."""

from __future__ import annotations

from functools import cache, partial

import attrs
import pytest

from aprt.core.events import Event
from aprt.core.schedule import Schedule
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.verdict.case import Case
from aprt.verdict.tokens import token_of
from aprt.vfio_ap.v4.era import V4
from aprt.vfio_ap.v4.ways import WAYS, Way
from tests.vfio_ap.machines import ask, broken
from tests.vfio_ap.way_steps import event_text, shows

NAMES = [way.scenario.name for way in WAYS]


@cache
def shortest(number: int) -> tuple[Event, ...]:
    """The events of the shortest schedule that breaks the way's property, replayed; its last step breaks it."""
    way = WAYS[number - 1]
    model = way.build(V4.settings(way.scenario))
    chosen = model.select((way.breaks,))
    found = explore(model.system, chosen)
    (finding,) = found.findings
    again = replay(model.system, finding.schedule, chosen)
    assert again.findings == (finding,)
    return again.events


def test_there_are_sixteen_each_a_scenario_of_the_era() -> None:
    assert [way.number for way in WAYS] == list(range(1, 17))
    assert [f"h{n}" for n in range(1, 17)] == NAMES
    assert set(NAMES) <= set(V4.scenarios)
    for way in WAYS:
        assert V4.scenarios[way.scenario.name].properties == (way.breaks,)
        lines = way.story.splitlines()
        assert len(lines) <= 3
        assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_a_way_is_taken_by_the_steps_that_make_it_that_way(way: Way) -> None:
    assert shows(way, shortest(way.number)) is None


# which property, steps of the shortest schedule, and states and end states with the cure in
TABLE = [
    (1, "P2", 50, 24446, 4),
    (2, "P9", 28, 15534, 2),
    (3, "P1", 26, 188, 2),
    (4, "P1", 27, 216, 2),
    (5, "P1", 46, 1106, 3),
    (6, "P9", 16, 188, 2),
    (7, "P1", 52, 1006, 3),
    (8, "P9", 31, 403, 2),
    (9, "P1", 70, 141, 1),
    (10, "P1", 63, 113, 1),
    (11, "P17", 22, 132, 2),
    (12, "P13", 30, 35, 1),
    (13, "P8", 37, 11029, 3),
    (14, "P8", 17, 302, 2),
    (15, "P9", 22, 1198, 4),
    (16, "P16", 8, 8, 1),
]


@pytest.mark.parametrize(("number", "breaks", "steps", "states", "ends"), TABLE, ids=NAMES)
def test_a_way_breaks_its_property_in_so_many_steps_and_holds_with_its_cure(
    number: int, breaks: str, steps: int, states: int, ends: int
) -> None:
    way = WAYS[number - 1]
    assert (way.breaks, len(shortest(number))) == (breaks, steps)
    cured = ask("+".join((way.scenario.name, *way.cure)), way.breaks)
    assert (cured.stopped, cured.findings, cured.states, cured.ends) == (None, (), states, ends)
    assert (cured.deadlocks, cured.unmerged) == (0, ())


NEEDED = [(way, left_out) for way in WAYS for left_out in way.cure if len(way.cure) > 1]


@pytest.mark.parametrize(("way", "left_out"), NEEDED, ids=[f"{w.scenario.name}-{out}" for w, out in NEEDED])
def test_no_part_of_a_cure_can_be_left_out(way: Way, left_out: str) -> None:
    rest = [word for word in way.cure if word != left_out]
    assert broken("+".join((way.scenario.name, *rest)), way.breaks) == {way.breaks}


def test_no_schedule_is_that_of_another_way() -> None:
    shown = [(n, way.number) for n in range(1, 17) for way in WAYS if shows(way, shortest(n)) is None]
    assert shown == [(n, n) for n in range(1, 17)]


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_the_token_of_a_way_has_fewer_than_60_letters(way: Way) -> None:
    case = Case.parse(f"v4/{way.scenario.name}", {"v4": V4})
    schedule = Schedule(tuple(event.label for event in shortest(way.number)))
    token = token_of(case, case.model().system, schedule)
    assert token is not None
    assert token.startswith(f"aprt2:{case}:")
    assert len(token) < 60


def test_no_two_rows_describe_the_same_situation() -> None:
    builds = [(w.build.func, w.build.args) if isinstance(w.build, partial) else (w.build, ()) for w in WAYS]
    rows = [(w.preset, w.breaks, w.contains, w.absent) for w in WAYS]
    assert len(set(zip(builds, rows, strict=True))) == 16


def test_shows_names_the_step_that_is_missing() -> None:
    way, events = WAYS[2], shortest(3)
    assert shows(way, ()) == "no step vm0.process.close(vm)* (after those before it)"
    assert shows(way, events[:-1]) == "no step vm0.gisa_int.begin_destroy* (after those before it)"
    assert shows(attrs.evolve(way, contains=tuple(reversed(way.contains))), events) == (
        "no step vm0.process.close(vm)* (after those before it)"
    )


def test_shows_names_the_step_that_must_not_be_there() -> None:
    way = attrs.evolve(WAYS[2], absent=("vm0.put*",))
    assert shows(way, shortest(3)) == "step vm0.put() = False must not be there"


def test_each_event_matches_at_most_one_of_the_steps() -> None:
    once = attrs.evolve(WAYS[2], contains=("vm0.gisa_int.begin_destroy*",) * 2, absent=())
    assert shows(once, shortest(3)) == "no step vm0.gisa_int.begin_destroy* (after those before it)"


def test_the_text_of_an_event_is_operation_arguments_and_reply() -> None:
    assert event_text(shortest(3)[-1]) == "vm0.gisa_int.begin_destroy() = vm0.gisa"

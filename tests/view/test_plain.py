"""A run without a terminal: what its lines tell, and when."""

from __future__ import annotations

import pytest

from aprt.core.errors import ModelError
from aprt.core.execution import Execution
from aprt.core.properties import always
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.runtime.run import replay, run
from aprt.verdict.case import Case
from aprt.verdict.live import Plan, run_live
from aprt.view.plain import EVERY, SHORT, TURNS, PlainView, story
from aprt.view.watch import watch
from tests.runtime.systems import Counter, adders
from tests.toy import ERAS
from tests.view.test_live import clock

LOST = Case.parse("toy/lost-update", ERAS).model()
N = Counter("n")


async def twice() -> None:
    await N.add(1)
    await N.add(1)


async def once() -> None:
    await N.add(1)


async def much(turns: int) -> None:
    for _ in range(turns):
        await twice()
        await once()


def alternating(steps: int) -> tuple[System, Execution]:
    """A run in which two contexts add in turn: 0, 1, 0, 1, ..."""
    system = adders(2, steps // 2)
    return system, replay(system, Schedule.of([(f"c{i % 2}", "n.add") for i in range(steps)]))


@pytest.mark.parametrize("steps", [3, SHORT])
def test_a_short_run_is_told_step_by_step(steps: int) -> None:
    lines: list[str] = []
    live = watch("n", adders(1, steps), (), Plan(), console=None, say=lines.append, note=lines.append)
    assert [int(line.split()[0]) for line in lines] == list(range(steps))
    assert lines[1] == "   1      n.add(1) = 2"
    assert len(live.execution.events) == steps


def test_a_longer_run_is_told_turn_by_turn() -> None:
    system = System((N,), (Context("much", lambda: much(40)),))
    lines = story(system, run(system))
    assert lines[:3] == [
        "      0-1  much  twice(): ... n.add(1) = 2",
        "        2        once(): n.add(1) = 3",
        "      3-4        twice(): ... n.add(1) = 5",
    ]
    assert len(lines) == 80


def test_a_turn_ends_where_another_context_takes_over() -> None:
    lines = story(*alternating(SHORT + 2))
    assert len(lines) == SHORT + 2
    assert lines[0].split()[:2] == ["0", "c0"]
    assert lines[1].split()[:2] == ["1", "c1"]


def test_of_very_many_turns_the_last_are_told() -> None:
    lines = story(*alternating(TURNS + 10))
    assert lines[0] == "(10 turns before)"
    assert (len(lines), lines[1].split()[0], lines[-1].split()[0]) == (1 + TURNS, "10", str(TURNS + 9))


def test_the_last_steps_of_a_long_run_that_broke_something_are_told_too() -> None:
    system = adders(1, SHORT + 50)
    small = always("S", (N,), lambda view: "large" if view(N).value == SHORT + 10 else None)
    lines = story(system, run(system, properties=(small,), stop_on_finding=True))
    assert lines[0].split()[0] == f"0-{SHORT + 9}"
    assert lines[1:3] == ["", "the last 20 steps"]
    assert (len(lines), lines[3].split()[0], lines[-1].split()[0]) == (23, str(SHORT - 10), str(SHORT + 9))


def test_progress_is_noted_every_few_seconds() -> None:
    lines: list[str] = []
    notes: list[str] = []
    # asked at the start, and then for each step
    view = PlainView(adders(1, 3), Plan(), lines.append, notes.append, clock=clock(0, 1, EVERY, EVERY, EVERY + 1))
    view.finish(run_live(adders(1, 3), (), Plan(), on_event=view.hear))
    assert notes == ["2 steps, 0 steps/s"]
    assert len(lines) == 3


def test_of_several_runs_only_the_last_one_is_told() -> None:
    lines: list[str] = []
    live = watch(
        "n", LOST.system, LOST.select(["T1"]), Plan(runs=50), console=None, say=lines.append, note=lines.append
    )
    assert live.runs > 1
    assert len(lines) == len(live.execution.events) == 4


def test_a_run_that_is_held_to_a_speed_is_told_as_it_goes() -> None:
    lines: list[str] = []
    heard: list[int] = []
    view = PlainView(adders(1, 3), Plan(), lines.append, lines.append, stepwise=True)

    def stop() -> bool:
        heard.append(len(lines))
        return False

    with view:
        view.finish(run_live(adders(1, 3), (), Plan(), on_event=view.hear, stop=stop))
    assert heard == [1, 2, 3]
    assert len(lines) == 3


def test_after_a_crash_the_steps_before_it_are_told() -> None:
    async def work() -> None:
        await N.add(41)
        await N.explode()

    lines: list[str] = []
    with pytest.raises(ModelError, match="boom"):
        watch("n", System((N,), (Context("c", work),)), (), Plan(), console=None, say=lines.append, note=lines.append)
    assert lines == ["   0  c  n.add(41) = 41"]

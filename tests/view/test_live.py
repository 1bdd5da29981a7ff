"""The live view: what is redrawn, when, by whom, and what is on the screen in the end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
import trio
from rich.console import Console
from rich.text import Text

from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.schedule import Schedule
from aprt.core.system import System, View
from aprt.runtime.observer import Watch
from aprt.runtime.stage import Stage
from aprt.verdict.case import Case
from aprt.verdict.live import LiveRun, Plan, run_live
from aprt.view.frame import LATELY, Frame, fit, shelved, spread
from aprt.view.live import RATE, LiveView
from aprt.view.tables import tables_of
from aprt.view.tables.kinds import Actors
from aprt.view.tables.sheet import FIRST, NEXT, Cell, Column, Sheet
from aprt.view.watch import NAP, Pace, terminal
from tests.counter import Count
from tests.runtime.systems import Counter, abba, adders
from tests.toy import ERAS
from tests.view.pictures import console, initial, printed
from tests.view.test_tables import machine

HEAD = (Cell("head"),)
LOST = Case.parse("toy/lost-update", ERAS).model()


def clock(*times: float) -> Callable[[], float]:
    """Tells these times, and the last one ever after."""

    def told() -> Iterator[float]:
        yield from times
        while True:
            yield times[-1]

    return told().__next__


def embrace(view: LiveView, *, steps: int = 2) -> None:
    """Left takes A, right takes B, with the view beside."""

    async def run() -> None:
        async with Stage(abba()) as stage:
            schedule = Schedule.of([("left", "A.lock"), ("right", "B.lock")][:steps])
            execution = await stage.replay(schedule, Watch(on_event=view.hear))
            with trio.move_on_after(0):
                await view.beside(stage)
            view.finish(LiveRun(attrs.evolve(execution, events=execution.events), 0, 1, False))

    with view:
        trio.run(run)


@pytest.mark.parametrize("width", [80, 50])
def test_the_last_picture_of_an_embrace_is_that_of_the_stored_text(width: int) -> None:
    view = LiveView("toy/abba", abba(), Plan(), console(width), clock(0))
    embrace(view)
    stored = Path(__file__).parent / "stored" / f"embrace-{width}.txt"
    assert printed(view.shown, width) == stored.read_text(encoding="utf-8").splitlines()


def test_a_terminal_without_unicode_gets_ascii() -> None:
    paper = Console(file=Ascii(), width=60, height=60, force_terminal=True, color_system=None, legacy_windows=False)
    embrace(LiveView("toy/abba", abba(), Plan(), paper, clock(0)))
    text = paper.file
    assert isinstance(text, Ascii)
    assert "+- contexts ---" in text.getvalue()
    assert text.getvalue().isascii()


class Ascii(StringIO):
    encoding = "ascii"  # type: ignore[assignment]


def test_only_tables_whose_inputs_changed_are_made_again() -> None:
    system = System((Counter("n"), Counter("m")), adders(1).contexts)
    frame = Frame(tables_of(system), console(80))
    before = initial(system)
    frame.draw(before, HEAD, [])
    assert (frame.made["actors"], frame.made["contexts"], frame.made["mailboxes"]) == (1, 1, 1)
    same = attrs.evolve(before, snapshot=attrs.evolve(before.snapshot, states=dict(before.snapshot.states)))
    frame.draw(same, [Cell("another head")], [])
    assert set(frame.made.values()) == set(frame.rendered.values()) == {1}
    other = Counter("n").initial()
    changed = attrs.evolve(other, value=5)
    frame.draw(initial(system, {"n": changed}), HEAD, [])
    assert dict(frame.made) == {"contexts": 1, "actors": 2, "mailboxes": 1, "last steps": 1}
    # the contexts stand beside the actors, which have become wider
    assert dict(frame.rendered) == {"contexts": 2, "actors": 2, "mailboxes": 1, "last steps": 1}


def test_a_table_that_gets_another_place_is_rendered_but_not_made_again() -> None:
    system = abba()
    frame = Frame(tables_of(system), console(80))
    frame.draw(initial(system), HEAD, [])
    made = dict(frame.made)
    frame.draw(initial(system), HEAD, [], height=10)
    assert dict(frame.made) == made
    assert frame.rendered["contexts"] == 2


def test_a_view_redraws_only_when_steps_were_taken_and_starts_no_thread() -> None:
    system, threads, frames = adders(2, 3), [], []
    view = LiveView("n", system, Plan(), console(80), clock(0))

    def hear(event: Event) -> None:
        view.hear(event)
        threads.append(threading.active_count())

    async def beside(stage: Stage) -> None:
        view._stage = stage
        for _ in range(5):
            view.refresh()
            frames.append(view.shown)
        await trio.sleep_forever()

    before = threading.active_count()
    with view:
        live = run_live(system, (), Plan("free"), on_event=hear, beside=beside)
        assert view.shown is frames[0]
        view.finish(live)
    assert [frame is frames[0] for frame in frames] == [True] * 5
    assert (len(threads), set(threads)) == (6, {before})


def test_a_view_looks_as_often_as_its_rate_says() -> None:
    looks: list[float] = []

    class Looking(LiveView):
        def refresh(self) -> None:
            looks.append(trio.current_time())

    async def watch_a_second() -> None:
        async with Stage(abba()) as stage:
            with trio.move_on_after(0.95):
                await Looking("n", abba(), Plan(), console(80), clock(0)).beside(stage)

    trio.run(watch_a_second, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(looks) == RATE
    assert [round(b - a, 6) for a, b in pairwise(looks)] == [1 / RATE] * (RATE - 1)


def test_a_view_that_is_slow_to_draw_looks_less_often() -> None:
    looks: list[float] = []

    class Looking(LiveView):
        def refresh(self) -> None:
            looks.append(trio.current_time())

    async def watch() -> None:
        async with Stage(abba()) as stage:
            with trio.move_on_after(2):
                # the clock is asked at the start, and before and after each look
                view = Looking("n", abba(), Plan(), console(80), clock(0, 0, 0.05, 1, 1.1, 2))
                await view.beside(stage)

    trio.run(watch, clock=trio.testing.MockClock(autojump_threshold=0))
    assert [round(time, 6) for time in looks[:4]] == [0, 0.5, 1.5, 1.6]


def test_each_run_of_a_plan_begins_with_an_empty_log() -> None:
    plan = Plan("gated", seed=3, runs=4)
    view = LiveView("n", adders(1, 2), plan, console(80), clock(0, 2))
    with view:
        view.finish(run_live(adders(1, 2), (), plan, on_event=view.hear, beside=view.beside))
    lines = printed(view.shown, 80)
    assert lines[0] == "n  2 steps, run 4 of 4, seed 6, picked at random, 4 steps/s"
    assert [line.split()[-5:-1] for line in lines if "n.add(1)" in line] == [
        ["0", "c0", "n.add(1)", "1"],
        ["1", "c0", "n.add(1)", "2"],
    ]
    assert lines[-1] == "no property was broken in this run; all is done"


def test_a_crash_leaves_the_state_it_happened_in_on_the_screen_and_the_cursor_visible() -> None:
    n = Counter("n")

    async def work() -> None:
        await n.add(41)
        await n.explode()

    system = System((n,), (attrs.evolve(adders(1).contexts[0], start=work),))
    paper = console(80)
    view = LiveView("n", system, Plan(), paper, clock(0))
    with pytest.raises(ModelError, match="boom"), view:
        run_live(system, (), Plan("gated"), on_event=view.hear, beside=view.beside)
    assert any("Count(value=41)" in line for line in printed(view.shown, 80))
    text = paper.file
    assert isinstance(text, StringIO)
    assert text.getvalue().endswith("\x1b[?25h")


def test_a_finding_is_told_below_the_tables() -> None:
    paper, plan = console(80), Plan(runs=50)
    view = LiveView("toy/lost-update", LOST.system, plan, paper, clock(0))
    with view:
        view.finish(run_live(LOST.system, LOST.select(["T1"]), plan, on_event=view.hear, beside=view.beside))
    assert printed(view.shown, 80)[-1] == "VIOLATED T1: counter is 1"


def test_how_it_ended_is_left_to_the_answer_where_one_follows() -> None:
    paper, plan = console(80), Plan(runs=50)
    view = LiveView("toy/lost-update", LOST.system, plan, paper, clock(0), outcome=False)
    with view:
        view.finish(run_live(LOST.system, LOST.select(["T1"]), plan, on_event=view.hear, beside=view.beside))
    lines = printed(view.shown, 80)
    assert lines[-1] == "how it was in the end"
    assert not any("VIOLATED" in line for line in lines)


@pytest.mark.parametrize(("height", "lines"), [(100, 39), (40, 23), (24, 12), (16, 8)])
def test_the_last_picture_leaves_room_for_the_answer(height: int, lines: int) -> None:
    system, plan = machine(), Plan(max_steps=30)
    view = LiveView("a machine", system, plan, console(100, height), clock(0), outcome=False)
    with view:
        view.finish(run_live(system, (), plan, on_event=view.hear, beside=view.beside))
    shown = printed(view.shown, 100)
    assert (len(shown), shown[0][:9], shown[-1][:21]) == (lines, "a machine", "how it was in the end")


def test_a_pace_holds_each_step_until_its_time_and_makes_up_for_nothing() -> None:
    slept: list[float] = []
    pace = Pace(4, clock(10.0, 10.1, 11.0, 11.05), slept.append)
    for _ in range(3):
        pace.hold()
    assert [round(time, 6) for time in slept] == [0.15, 0.0, 0.2]


def test_without_a_speed_nothing_is_held() -> None:
    slept: list[float] = []
    Pace(0, clock(0.0), slept.append).hold()
    assert slept == []


def test_a_slow_run_looks_often_whether_it_is_to_stop() -> None:
    slept: list[float] = []
    Pace(0.5, clock(10.0, 10.0), slept.append).hold()
    assert slept == [NAP, NAP, NAP, NAP]
    slept.clear()
    Pace(0.01, clock(10.0, 10.0), slept.append, stop=lambda: len(slept) == 3).hold()
    assert slept == [NAP, NAP, NAP]


def test_a_pipe_is_no_terminal_even_if_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", StringIO())
    assert terminal("auto") is None


@pytest.mark.parametrize(
    ("color", "no_color", "coloured"), [("auto", "1", False), ("always", "1", True), ("never", "", False)]
)
def test_colour_is_as_asked_for_and_else_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, color: str, no_color: str, coloured: bool
) -> None:
    class Tty(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Tty())
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    paper = terminal(color)
    assert paper is not None
    paper.print(Text("FREED", "bold red"))
    assert ("\x1b[1;31m" in sys.stderr.getvalue()) is coloured  # type: ignore[attr-defined]
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(color) is None


def test_tables_stand_side_by_side_where_they_fit() -> None:
    assert shelved([("a", 40), ("b", 39), ("c", 10), ("d", 90), ("e", 5)], 80) == [["a", "b"], ["c"], ["d"], ["e"]]
    assert spread([40, 30], 80) == [45, 34]


def test_what_does_not_fit_is_taken_from_the_highest_then_frames_go_then_shelves() -> None:
    assert fit([5, 1, 10], None) == ([5, 1, 10], True)
    assert fit([5, 1, 10], 22) == ([5, 1, 7], True)
    assert fit([5, 1, 10], 15) == ([5, 1, 6], False)
    assert fit([5, 4, 2, 10], 12) == ([3, 3, 0, 3], False)


@pytest.mark.parametrize(
    ("width", "height", "lines", "foot"),
    [
        (100, 60, 38, "foot"),
        (100, 24, 22, "foot"),
        (100, 14, 14, "foot; no room for vms, mdevs, gib, vcpus, driver, ap bus, locks, mailboxes"),
        (60, 6, 6, "foot; no room for 10 tables"),
    ],
)
def test_a_frame_is_never_higher_than_the_screen_and_names_what_it_leaves_out(
    width: int, height: int, lines: int, foot: str
) -> None:
    system = machine()
    frame = Frame(tables_of(system), console(width))
    shown = printed(frame.draw(initial(system), HEAD, [[Cell("foot")]], height), width)
    assert (len(shown), shown[0], shown[-1]) == (lines, "head", foot)


def test_a_title_without_room_is_cropped_and_never_wrapped() -> None:
    system = adders(1)
    frame = Frame(tables_of(system), console(20))
    shown = printed(frame.draw(initial(system), [Cell("a title"), Cell(" that is too long")], []), 20)
    assert shown[0] == "a title that is to.."


def test_a_state_that_only_looks_the_same_is_looked_at_but_not_drawn_again() -> None:
    system = System((Counter("n"),), ())
    frame = Frame(tables_of(system), console(80))
    for _ in range(2):
        frame.draw(initial(system, {"n": Count(value=1)}), HEAD, [])
    assert (frame.made["actors"], frame.rendered["actors"]) == (2, 1)


def test_rows_that_changed_lately_come_first_while_there_is_no_room_for_all() -> None:
    counters = tuple(Counter(f"n{i}") for i in range(5))

    def sheet(view: View) -> Sheet:
        cells = tuple((Cell(n.name), Cell(str(view(n).value))) for n in counters)
        ranks = tuple(FIRST if view(n).value > 9 else NEXT for n in counters)
        return Sheet("counters", (Column("N"), Column("VALUE")), cells, ranks)

    frame = Frame((Actors("counters", counters, sheet),), console(40))
    values = {n.name: Count(10 if n.name == "n0" else 0) for n in counters}

    def shown(**changed: int) -> list[str]:
        values.update({name: Count(value) for name, value in changed.items()})
        drawn = frame.draw(initial(System(counters, ()), values), HEAD, [], 5)
        return [line.split()[0] for line in printed(drawn, 40)[2:]]

    assert shown() == ["n0", "n1", "+3"]
    assert shown(n3=1) == ["n0", "n3", "+3"]
    assert shown(n4=1) == ["n3", "n4", "+3"]
    for _ in range(LATELY):
        shown()
    assert shown(n2=1) == ["n0", "n2", "+3"]

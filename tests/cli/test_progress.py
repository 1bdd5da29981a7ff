"""What the progress line says of the time that is left."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest

from aprt.cli.progress import ProgressLine
from aprt.explore.result import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("expected", "budget", "left"),
    [
        (400.0, None, ", about 30 s left"),
        (110.0, None, ", about 1 s left"),
        (101.0, None, ", nearly done"),
        (100.0, None, ", nearly done"),
        (99.0, None, ""),  # it takes longer than was expected, and nobody knows how long
        (None, None, ""),
        (400.0, 31.0, ", about 30 s left"),
        (400.0, 29.0, ", at most 29 s left"),
        (400.0, 0.5, ", nearly done"),
        (99.0, 12.0, ", at most 12 s left"),
        (None, 12.0, ", at most 12 s left"),
    ],
)
def test_the_time_that_is_left_is_told_as_far_as_it_is_known(
    expected: float | None, budget: float | None, left: str
) -> None:
    terminal = Terminal()
    ProgressLine(terminal)(Progress(100, 2_000, 3_000, 9, 10.0, expected, left=budget))
    assert terminal.getvalue() == f"\r100 runs, 2,000 states, 3,000 steps, depth 9, 10 s (10 runs/s){left}\x1b[K"


def test_a_search_that_counts_no_runs_or_no_states_tells_of_the_others() -> None:
    terminal = Terminal()
    ProgressLine(terminal)(Progress(0, 2_000, 3_000, 9, 10.0))
    ProgressLine(terminal)(Progress(100, 0, 3_000, 9, 10.0))
    assert terminal.getvalue().split("\r")[1:] == [
        "2,000 states, 3,000 steps, depth 9, 10 s (200 states/s)\x1b[K",
        "100 runs, 3,000 steps, depth 9, 10 s (10 runs/s)\x1b[K",
    ]


def test_how_much_of_a_saved_search_is_read_back_is_told() -> None:
    terminal = Terminal()
    ProgressLine(terminal)(Progress(0, 0, 0, 0, 9.0, read=0.404))
    assert terminal.getvalue() == "\rreading back, 40 %\x1b[K"


def test_on_a_terminal_it_is_told_at_once_that_the_loop_is_compiled() -> None:
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        ProgressLine(stream)(Progress(0, 0, 0, 0, 9.0, compiling=True))
    assert terminal.getvalue() == "\rcompiling the fast loop: some seconds, the first time\x1b[K"
    assert log.getvalue() == ""


def test_on_a_terminal_the_line_is_wiped_also_when_an_error_ends_the_search() -> None:
    terminal = Terminal()
    with suppress(ValueError), ProgressLine(terminal) as progress:
        progress.tell("1 of 3")
        raise ValueError("broken")
    assert terminal.getvalue() == "\r1 of 3\x1b[K\r\x1b[K"


def test_without_a_terminal_only_the_summary_is_left_of_a_short_search() -> None:
    log = io.StringIO()
    with ProgressLine(log) as progress:
        progress.tell("1 of 3")
        progress.sum_up("3 of 3")
    assert log.getvalue() == "aprt: 3 of 3\n"


def test_nothing_is_left_to_tell_before_anything_is_done() -> None:
    assert Progress(0, 0, 0, 0, 1.0, 50.0).eta is None

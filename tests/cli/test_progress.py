"""What the progress line says of the time that is left."""

from __future__ import annotations

import io

import pytest

from aprt.cli.progress import ProgressLine
from aprt.explore.result import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("expected", "left"),
    [
        (400.0, ", about 30 s left"),
        (110.0, ", about 1 s left"),
        (101.0, ", nearly done"),
        (100.0, ", nearly done"),
        (99.0, ""),  # it takes longer than was expected, and nobody knows how long
        (None, ""),
    ],
)
def test_the_time_that_is_left_is_told_as_far_as_it_is_known(expected: float | None, left: str) -> None:
    terminal = Terminal()
    ProgressLine(terminal)(Progress(100, 2_000, 3_000, 9, 10.0, expected))
    assert terminal.getvalue() == f"\r100 runs, 2,000 states, 3,000 steps, depth 9, 10 s (200 states/s){left}\x1b[K"


def test_nothing_is_left_to_tell_before_anything_is_done() -> None:
    assert Progress(0, 0, 0, 0, 1.0, 50.0).eta is None

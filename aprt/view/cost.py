"""What watching costs: how many steps a run takes with the live view beside it, or with detectors, and without."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

import attrs
from rich.console import Console

from aprt.core.events import Event
from aprt.core.system import System
from aprt.verdict.live import Beside, Plan, run_live
from aprt.view.live import LiveView

WIDTH, HEIGHT = 100, 30  # of the terminal that is drawn on
_MANY = 1_000_000_000


@attrs.frozen
class Speed:
    """Steps taken in so many seconds of processor time, and how many frames were drawn meanwhile."""

    steps: int = 0
    seconds: float = 0.0
    frames: int = 0

    @property
    def rate(self) -> float:
        return self.steps / self.seconds if self.seconds else 0.0

    def plus(self, other: Speed) -> Speed:
        return Speed(self.steps + other.steps, self.seconds + other.seconds, self.frames + other.frames)


def alone_and_watched(
    title: str, system: System, plan: Plan, terminal: TextIO, pairs: int, seconds: float
) -> tuple[Speed, Speed]:
    """The speed of runs without and with a view on `terminal`, `seconds` of each in turn, `pairs` times.

    In turn, so that a busy machine slows down both; in processor time, so that it does so little.
    """
    alone, watched = Speed(), Speed()
    for _ in range(pairs):
        alone = alone.plus(_speed(system, plan, seconds, lambda event: None))
        paper = Console(file=terminal, width=WIDTH, height=HEIGHT, force_terminal=True, color_system="truecolor")
        with LiveView(title, system, plan, paper) as view:
            speed = _speed(system, plan, seconds, view.hear, view.beside)
        watched = watched.plus(attrs.evolve(speed, frames=view.frames))
    return alone, watched


def alone_and_detected(system: System, plan: Plan, pairs: int, seconds: float) -> tuple[Speed, Speed]:
    """The speed of runs without and with the detectors of the plan, measured as for the view."""
    alone, detected = Speed(), Speed()
    for _ in range(pairs):
        alone = alone.plus(_speed(system, attrs.evolve(plan, detect=()), seconds, lambda event: None))
        detected = detected.plus(_speed(system, plan, seconds, lambda event: None))
    return alone, detected


def _speed(
    system: System, plan: Plan, seconds: float, hear: Callable[[Event], None], beside: Beside | None = None
) -> Speed:
    steps = 0

    def count(event: Event) -> None:
        nonlocal steps
        steps += 1
        hear(event)

    begin = time.process_time()
    run_live(
        system,
        (),
        attrs.evolve(plan, runs=_MANY),
        on_event=count,
        stop=lambda: time.process_time() - begin >= seconds,
        beside=beside,
    )
    return Speed(steps, time.process_time() - begin)

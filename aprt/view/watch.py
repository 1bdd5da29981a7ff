"""Running a plan live and showing it meanwhile, as tables on a terminal (`view.live`) or in lines (`view.plain`)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console

from aprt.core.events import Event
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.runtime.stage import Stage
from aprt.verdict.live import LiveRun, Plan, run_live
from aprt.view.live import LiveView
from aprt.view.plain import PlainView

NAP: Final = 0.5  # seconds that a slow run sleeps before it looks whether it is to stop


class Show(Protocol):
    """A way of showing a plan while it is run; a context manager around the run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def hear(self, event: Event) -> None:
        """Each event as it happens."""

    async def beside(self, stage: Stage) -> None:
        """A task of the run that may look at its stage, until it is cancelled."""

    def finish(self, live: LiveRun) -> None:
        """How it ended."""


def watch(
    title: str,
    system: System,
    properties: Sequence[Property],
    plan: Plan,
    *,
    console: Console | None,
    say: Callable[[str], None],
    note: Callable[[str], None],
    speed: float = 0,
    outcome: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> LiveRun:
    """`verdict.live.run_live` with tables on `console`; with None, in lines.

    say: prints a line of the run, note: a line of progress. speed: steps a second, 0 as fast as it goes.
    outcome: as for `LiveView`.
    """
    show: Show = PlainView(system, plan, say, note, stepwise=bool(speed))
    if console is not None:
        show = LiveView(title, system, plan, console, outcome=outcome)
    pace = Pace(speed, stop=stop)

    def hear(event: Event) -> None:
        show.hear(event)
        pace.hold()

    with show:
        live = run_live(system, properties, plan, on_event=hear, stop=stop, beside=show.beside)
        show.finish(live)
    return live


def terminal(color: str = "auto") -> Console | None:
    """stderr as a console for tables, or None if it is no terminal that can show them. color: as `--color`."""
    console = Console(stderr=True, no_color={"always": False, "never": True}.get(color), highlight=False)
    # rich calls a pipe a terminal when FORCE_COLOR is set
    return console if sys.stderr.isatty() and not console.is_dumb_terminal else None


class Pace:
    """Holds a run to `speed` steps a second; 0 lets it go. stop: asked whether to wait no longer.

    It stops all tasks and not only one: a run in which one task sleeps goes on without it, and one in which all
    tasks sleep is taken for stalled.
    """

    def __init__(
        self,
        speed: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._time = 1 / speed if speed else 0.0
        self._clock, self._sleep, self._stop = clock, sleep, stop
        self._next = clock()

    def hold(self) -> None:
        """After each step."""
        if not self._time:
            return
        now = self._clock()
        self._next = max(self._next + self._time, now)
        left = self._next - now
        while left > NAP and not self._stop():
            self._sleep(NAP)
            left -= NAP
        if not self._stop():
            self._sleep(left)

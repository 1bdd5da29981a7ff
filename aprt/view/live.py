"""The live view: tables of a running system on a terminal.

The tables are refreshed by a trio task beside those of the run, at most `RATE` times a second, less often where
drawing is slow, and only when steps were taken; never by a thread, which would starve beside a busy run and see
half-made values. The task looks at snapshots, which the observer draws from what it was told, so what is shown is
always a state that the system was in.
The last picture stays on the screen, and leaves room for the answer that is printed below it.
"""

from __future__ import annotations

import textwrap
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

import trio
from rich.console import Console

from aprt.core.amount import count
from aprt.core.events import Event
from aprt.core.system import System
from aprt.runtime.stage import Stage
from aprt.verdict.live import LiveRun, Plan
from aprt.view.frame import Frame, Row
from aprt.view.replay_text import ending_text
from aprt.view.screen import Screen
from aprt.view.tables import tables_of
from aprt.view.tables.drawing import Ready
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import Cell
from aprt.view.words import manner, not_asked

RATE: Final = 10  # refreshes a second, at most
SHARE: Final = 0.1  # of the time that drawing may take, at most
REMEMBERED: Final = 10  # events in the table of the last steps
BELOW: Final = 12  # lines of the screen that the last picture leaves to the answer, unless that is most of them


class LiveView:
    """Tables on a terminal: a context manager around the run.

    outcome: whether how the run ended stands below the last picture; False where the answer says it.
    frame: the tables, with counts of what was redrawn. frames: how often anything was drawn. shown: what is on the
    screen, None before there is anything.
    """

    def __init__(
        self,
        title: str,
        system: System,
        plan: Plan,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        outcome: bool = True,
    ) -> None:
        self.frame = Frame(tables_of(system), console)
        self._title, self._plan, self._console, self._clock = title, plan, console, clock
        self._outcome = outcome
        self._screen = Screen(console)
        self.shown: Ready | None = None
        self._stage: Stage | None = None
        self._events: deque[Event] = deque(maxlen=REMEMBERED)
        self._last: dict[str, Event] = {}
        self._alive = {name for name, state in system.initial().items() if getattr(state, "live", False)}
        self._lived = set(self._alive)
        self.frames = 0
        self._runs, self._steps, self._drawn = 0, 0, -1
        self._begin = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self.refresh()
        finally:
            self._screen.leave()

    def hear(self, event: Event) -> None:
        """Remember it; nothing is drawn."""
        if event.index == 0:
            self._runs += 1
            self._events.clear()
            self._last.clear()
            self._lived = set(self._alive)
        self._steps += 1
        self._events.append(event)
        self._last[event.context] = event
        if event.changed and event.actor is not None and getattr(event.state, "live", False):
            self._lived.add(event.actor)

    async def beside(self, stage: Stage) -> None:
        self._stage = stage
        while True:
            begin = self._clock()
            self.refresh()
            await trio.sleep(max(1 / RATE, (self._clock() - begin) / SHARE))

    def refresh(self) -> None:
        """Show how things are, unless that is shown already."""
        if self._steps != self._drawn:
            frame = self._draw([[Cell("nothing broken so far", "dim")]], self._console.height)
            if frame is not None:
                self._screen.show(frame)

    def finish(self, live: LiveRun) -> None:
        self.frame.release()
        foot = _outcome(live, self._console.width) if self._outcome else [[Cell("how it was in the end", "dim")]]
        frame = self._draw(foot, max(self._console.height - BELOW, self._console.height // 2))
        if frame is not None:
            self._screen.finish(frame)

    def _draw(self, foot: Sequence[Row], height: int) -> Ready | None:
        if self._stage is None:
            return None
        picture = Picture(self._stage.snapshot(), tuple(self._events), self._last, self._lived)
        self.shown = self.frame.draw(picture, self._head(), foot, height)
        self._drawn = self._steps
        self.frames += 1
        return self.shown

    def _head(self) -> Row:
        words = [count(len(self._events) and self._events[-1].index + 1, "step")]
        if self._plan.runs > 1:
            words.append(f"run {self._runs} of {self._plan.runs}")
        words += [f"seed {self._plan.seed + max(0, self._runs - 1)}", manner(self._plan.mode)]
        seconds = self._clock() - self._begin
        if seconds >= 1:
            words.append(f"{self._steps / seconds:,.0f} steps/s")
        return Cell(self._title, "bold"), Cell(f"  {', '.join(words)}")


def _outcome(live: LiveRun, width: int) -> list[Row]:
    """The verdict lines. A run that breaks nothing is no proof, and is not called one."""
    execution = live.execution
    if not execution.findings:
        ending = "interrupted" if live.stopped else ending_text(execution)
        style = "green" if execution.ending == "end" else "yellow"
        text = not_asked(live.unasked) if live.unasked else f"no property was broken in this run; {ending}"
        return [[Cell(line, style)] for line in textwrap.wrap(text, width)]
    rows: list[Row] = []
    for finding in execution.findings:
        first, *more = textwrap.wrap(f"{finding.property}: {finding.text}", width - len("VIOLATED "))
        rows += [[Cell("VIOLATED", "bold red"), Cell(f" {first}")], *([Cell(f"         {line}")] for line in more)]
    return rows

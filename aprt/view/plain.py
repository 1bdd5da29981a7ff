"""A live run where there is no terminal: in lines that can be read afterwards.

A short run has a line for each step. A longer one has a line for each turn, which lasts as long as one context goes on
in one function. Meanwhile there is a line of progress now and then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from types import TracebackType
from typing import Final, Self

from aprt.core.amount import count
from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.system import System
from aprt.runtime.stage import Stage
from aprt.verdict.live import LiveRun, Plan
from aprt.view.replay_text import EventLines, event_lines
from aprt.view.words import step

SHORT: Final = 100  # steps of a run that is told step by step
TURNS: Final = 500  # lines of a longer one
TAIL: Final = 20  # steps at its end, if it broke something
EVERY: Final = 5.0  # seconds between two lines of progress


class PlainView:
    """Tells the last run of a plan when it is over; with `stepwise`, the only run of a plan step by step meanwhile.

    say: prints a line of the run, note: a line of progress. After an error the last steps before it are told.
    """

    def __init__(
        self,
        system: System,
        plan: Plan,
        say: Callable[[str], None],
        note: Callable[[str], None],
        stepwise: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system, self._plan, self._say, self._note, self._clock = system, plan, say, note, clock
        self._lines = EventLines(system) if stepwise and plan.runs == 1 else None
        self._last: deque[Event] = deque(maxlen=TAIL)
        self._runs = self._steps = 0
        self._begin = self._noted = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._lines is None:
            self._tell(event_lines(self._system, self._last))

    def hear(self, event: Event) -> None:
        if event.index == 0:
            self._runs += 1
            self._last.clear()
        self._steps += 1
        self._last.append(event)
        if self._lines is not None:
            self._tell(self._lines.of(event))
        elif self._clock() - self._noted >= EVERY:
            self._progress(event)

    async def beside(self, stage: Stage) -> None:
        """Nothing: lines need no task beside the run."""

    def finish(self, live: LiveRun) -> None:
        if self._lines is None:
            self._tell(story(self._system, live.execution))

    def _tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._say(line)

    def _progress(self, event: Event) -> None:
        self._noted = self._clock()
        run = f"run {self._runs} of {self._plan.runs}, " if self._plan.runs > 1 else ""
        rate = self._steps / (self._noted - self._begin)
        self._note(f"{run}{count(event.index + 1, 'step')}, {rate:,.0f} steps/s")


def story(system: System, execution: Execution) -> list[str]:
    """The lines of an execution: its steps, or its turns if there are many; then the last steps before what broke."""
    events = execution.events
    if len(events) <= SHORT:
        return event_lines(system, events)
    lines = _turns(system, events)
    if len(lines) > TURNS:
        lines = [f"({count(len(lines) - TURNS, 'turn')} before)", *lines[-TURNS:]]
    if execution.findings:
        lines += ["", f"the last {TAIL} steps", *event_lines(system, events[-TAIL:])]
    return lines


def _place(event: Event) -> tuple[str, list[str]]:
    """What a turn stays in: its context, and the outermost functions."""
    return event.context, without_helpers(event.chain)[:2]


def _turns(system: System, events: Sequence[Event]) -> list[str]:
    """A line per turn: its steps, its context, the function and the last thing that it did."""
    width = max(len(context.name) for context in system.contexts)
    lines, before = [], ""
    for (context, chain), turn in groupby(events, _place):
        first, *more = turn
        last = more[-1] if more else first
        steps = f"{first.index}-{last.index}" if more else f"{first.index}"
        function = f"{chain[-1]}(): " if chain else ""
        name = context if context != before else ""
        lines.append(f"{steps:>9}  {name.ljust(width)}  {function}{'... ' if more else ''}{step(last)}")
        before = context
    return lines

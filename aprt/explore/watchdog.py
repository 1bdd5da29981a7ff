"""When a search gives up, and how it tells how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

from aprt.explore.result import Progress, Question

_INTERVAL = 0.5  # seconds between two reports

_T = TypeVar("_T")


class Stop(Exception):
    """Ends a search from the inside. reason: as in `Exploration.stopped`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unread(Exception):
    """Ends a search that is told to halt while it still reads back what is saved of it: it has no answer then."""


Look: TypeAlias = Callable[[], None]
"""Called often by whatever takes long, and may raise `Stop` to end it."""


def unwatched() -> None:
    """A `Look` that never ends anything."""


def looking(items: Iterable[_T], look: Look) -> Iterator[_T]:
    """These items, also those added to a list meanwhile; `look` is called before the first and every 256th."""
    for number, item in enumerate(items):
        if not number & 255:
            look()
        yield item


def until_stopped(search: Callable[[], str | None]) -> str | None:
    """Runs a search. Gives why it ended: what it returns (None: at its end), or what stopped it, Ctrl-C too."""
    try:
        return search()
    except Stop as stop:
        return stop.reason
    except KeyboardInterrupt:
        return "interrupted"


class Watchdog:
    """Measures the time of one search, from when it is made. clock: in seconds. expected: as in `Progress`.

    earlier: seconds that the search took before this watchdog was made. saved: those of them that an earlier process
    took, when the search is resumed. idle: whether `look` has nothing to do: nobody wants reports, and no bound of time
    or length, nor `halt`, can end the search.
    """

    def __init__(
        self, question: Question, expected: float | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.expected = question.expected if expected is None else expected
        self._report, self._bounds, self._halt = question.report, question.bounds, question.halt
        bound = self._bounds.budget is not None or self._bounds.max_length is not None
        self.idle = self._report is None and self._halt is None and not bound
        self._clock, self._start = clock, clock()
        self.earlier = self.saved = 0.0
        self._reported = self._start

    @property
    def seconds(self) -> float:
        """How long the search has taken so far, with what is `earlier`."""
        return self.earlier + self._clock() - self._start

    def read(self, share: float) -> None:
        """Call it often while a saved search is read back. share: how much of it is. Raises: `Unread`."""
        now = self._clock()
        if self._report is not None and now - self._reported >= _INTERVAL:
            self._reported = now
            self._report(Progress(0, 0, 0, 0, now - self._start, read=share))
        if self._halt is not None and self._halt():
            raise Unread

    def compiling(self) -> None:
        """A function is about to be compiled: nobody will call `look` until that is done."""
        if self._report is not None:
            self._report(Progress(0, 0, 0, 0, self.seconds, compiling=True))

    def resume(self, seconds: float) -> None:
        """All is read back: from now on time counts, also for the budget. seconds: how long the search took before."""
        self.earlier = self.saved = seconds
        self._start = self._clock()

    def look(self, executions: int, states: int, transitions: int, depth: int) -> None:
        """Call it often. Raises: `Stop` when a bound is met, or the search is told to halt."""
        now, budget = self._clock(), self._bounds.budget
        taken = now - self._start
        if self._report is not None and now - self._reported >= _INTERVAL:
            self._reported = now
            left = None if budget is None else max(0.0, budget - taken)
            seconds = self.earlier + taken
            self._report(Progress(executions, states, transitions, depth, seconds, self.expected, left=left))
        if self._halt is not None and self._halt():
            raise Stop("interrupted")
        if budget is not None and taken >= budget:
            raise Stop("budget")
        if self._bounds.max_length is not None and executions * depth > self._bounds.max_length:
            raise Stop("max_length")

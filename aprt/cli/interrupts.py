"""Ctrl-C during a command: it ends a search, and anywhere else it waits, so that what is known still gets printed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeAlias

from aprt.cli.leaving import leave

_Handler: TypeAlias = "Callable[[int, FrameType | None], Any] | int | None"

_SOON: Final = 0.005  # seconds until the next try, where a search cannot be ended safely at the moment


class Interrupts:
    """Two nested context managers in one object: `with Interrupts() as i: ...; with i.allowed: search()`.

    In the outer block SIGINT is only remembered (`pending`). In the inner one it raises KeyboardInterrupt: at once if
    one is pending already, and not before a trio run is over. A second SIGINT does what SIGINT did before the outer
    block, so that nobody has to wait for a program that hangs. Code that swallows the KeyboardInterrupt goes on, unless
    it looks at `pending` itself. The answer is to be printed inside the outer block:
    after it, SIGINT no longer ends the process.
    """

    def __init__(self) -> None:
        self.pending = False
        self.allowed = _Allowed(self)
        self.open = False

    def __enter__(self) -> Self:
        self._alarm: _Handler = signal.signal(signal.SIGALRM, self._end)
        self._before: _Handler = signal.signal(signal.SIGINT, self._hear)
        self._told, sys.unraisablehook = sys.unraisablehook, self._swallowed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN if self._before is leave else self._before)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._alarm)
        sys.unraisablehook = self._told

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.pending:
            signal.signal(signal.SIGINT, self._before)
            signal.raise_signal(signal.SIGINT)
        self.pending = True
        self._end(number, frame)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.open and _in_trio():
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        elif self.open:
            raise KeyboardInterrupt

    def _swallowed(self, lost: sys.UnraisableHookArgs) -> None:
        """The KeyboardInterrupt was raised in a finalizer, where Python drops exceptions: raise it again soon."""
        if isinstance(lost.exc_value, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        else:
            self._told(lost)


def _in_trio() -> bool:
    """Whether an exception raised now would come up in the middle of trio's own code, which it could break."""
    if "aprt.runtime.run" not in sys.modules:
        return False
    from aprt.runtime.run import is_running

    return is_running()


class _Allowed:
    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def __enter__(self) -> None:
        self._interrupts.open = True
        if self._interrupts.pending:
            self._interrupts.open = False
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupts.open = False

"""Ctrl-C: inside a search it ends the search; anywhere else it waits, so that what is known still gets printed."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Two nested context managers in one object: `with Interrupts() as i: ...; with i.allowed: search()`.

    In the outer block SIGINT is only remembered (`pending`), in the inner one it raises KeyboardInterrupt, at once
    if one is pending. A second SIGINT always raises: nobody has to wait for a program that hangs.
    """

    def __init__(self) -> None:
        self.pending = False
        self.allowed = _Allowed(self)
        self.open = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        again, self.pending = self.pending, True
        if self.open or again:
            raise KeyboardInterrupt


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

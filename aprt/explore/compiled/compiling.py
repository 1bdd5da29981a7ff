"""Tells when a function is being compiled: that takes seconds, and comes once, as what is compiled is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from numba.core import event


class _Listener(event.Listener):
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def on_start(self, event: event.Event) -> None:
        self._tell()

    def on_end(self, event: event.Event) -> None:
        """Nothing to tell: the search goes on."""


@contextmanager
def compiling(tell: Callable[[], None]) -> Iterator[None]:
    """As long as it is open, call this whenever a function is about to be compiled that was not kept."""
    with event.install_listener("numba:compile", _Listener(tell)):
        yield

"""What wants to hear how one execution goes, from whichever driver: the monitor of properties, the detectors."""

from __future__ import annotations

from typing import Protocol

from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.step import Ask


class Listener(Protocol):
    """Called in the order in which things happen; what it answers is for others to use.

    A driver that lets contexts run by themselves may report a request late, when other contexts have gone on: it
    belongs to the last step of its own context (`core.monitor`).
    """

    def feed(self, event: Event) -> object:
        """The next step."""

    def ask(self, ask: Ask) -> object:
        """What a context asks for after its last step, or at first."""

    def finish(self, ending: Ending, blocked: Blocked = ()) -> object:
        """The execution is over; blocked: as in `Execution`."""

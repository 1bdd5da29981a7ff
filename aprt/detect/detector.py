"""What all detectors have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.step import Ask
from aprt.detect.detection import Detection
from aprt.detect.history import History


class Detector:
    """Hears one execution. found: all that it has to say so far, in an order that depends on the schedule only.

    `feed`, `ask` and `finish` answer what is new in it. A detection that was told early may have more to say at the
    end, when its place in `found` is taken by one that does.
    """

    kind: ClassVar[str]

    def __init__(self, history: History) -> None:
        self.history = history
        self.found: tuple[Detection, ...] = ()

    def feed(self, event: Event) -> Sequence[Detection]:
        """The next step; it is in the history already."""
        return ()

    def ask(self, ask: Ask) -> Sequence[Detection]:
        """What a context asks for next; it is in the history already."""
        return ()

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        """The execution is over."""
        return ()

    @property
    def across(self) -> Sequence[Detection]:
        """What this execution shows only together with earlier ones, as far as those were heard to their end."""
        return ()

    def add(self, *detections: Detection) -> Sequence[Detection]:
        self.found += detections
        return detections

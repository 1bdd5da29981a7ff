"""All detectors by kind, and the set of them that hears an execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.errors import UserError
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.step import Ask
from aprt.core.suggestion import did_you_mean
from aprt.core.system import System
from aprt.detect.atomic import AtomicDetector
from aprt.detect.detection import Detection
from aprt.detect.detector import Detector
from aprt.detect.guarded import GuardDetector
from aprt.detect.history import History
from aprt.detect.hung import HungDetector
from aprt.detect.kinds import KINDS
from aprt.detect.leaks import LeakDetector
from aprt.detect.lifetime import LifetimeDetector
from aprt.detect.lock_order import LockOrderDetector
from aprt.detect.parts import Parts
from aprt.detect.races import RaceDetector
from aprt.detect.refcounts import RefcountDetector
from aprt.detect.stuck import StuckDetector
from aprt.detect.unlocks import UnlockDetector
from aprt.detect.wakeups import WakeupDetector

_MAKERS: Final[Mapping[str, Callable[[History], Detector]]] = MappingProxyType(
    {
        made.kind: made
        for made in (
            LockOrderDetector,
            HungDetector,
            WakeupDetector,
            StuckDetector,
            AtomicDetector,
            RaceDetector,
            GuardDetector,
            UnlockDetector,
            LifetimeDetector,
            LeakDetector,
            RefcountDetector,
        )
    }
)


class Detectors:
    """A listener (`core.listener`): detectors of some kinds, all of them by default, for one execution after the other.

    Raises: `UserError` for an unknown kind.
    """

    def __init__(self, system: System, kinds: Iterable[str] = KINDS) -> None:
        self.kinds = tuple(_known(kinds))
        self._parts = Parts(system)
        self.begin()

    def begin(self) -> None:
        """The next execution; the first one has begun."""
        self._history = History(self._parts)
        self._detectors = tuple(_MAKERS[kind](self._history) for kind in self.kinds)
        self._feed = [one.feed for one in self._detectors if type(one).feed is not Detector.feed]
        self._ask = [one.ask for one in self._detectors if type(one).ask is not Detector.ask]

    @property
    def found(self) -> tuple[Detection, ...]:
        """What was detected in this execution, by kind.

        The same for every execution of a schedule, with one exception: when an execution is cut at a finding, the
        request that its last step led to is not heard.
        """
        return tuple(detection for detector in self._detectors for detection in detector.found)

    @property
    def across(self) -> tuple[Detection, ...]:
        """What all executions heard so far show together, and this one alone does not, by kind.

        A step of another execution has no index (`Site`).
        """
        return tuple(detection for detector in self._detectors for detection in detector.across)

    def feed(self, event: Event) -> list[Detection]:
        """The next step. Returns what is new."""
        self._history.feed(event)
        return [detection for feed in self._feed for detection in feed(event)]

    def ask(self, ask: Ask) -> list[Detection]:
        """What a context asks for next. Returns what is new."""
        self._history.ask(ask)
        return [detection for hear in self._ask for detection in hear(ask)]

    def finish(self, ending: Ending, blocked: Blocked = ()) -> list[Detection]:
        """The execution is over. Returns what is new, or can be told in full only now."""
        return [detection for detector in self._detectors for detection in detector.finish(ending, blocked)]


def _known(kinds: Iterable[str]) -> Iterable[str]:
    wanted = set(kinds)
    for kind in wanted:
        if kind not in KINDS:
            raise UserError(f"unknown detector {kind!r}{did_you_mean(kind, KINDS)}")
    return (kind for kind in KINDS if kind in wanted)

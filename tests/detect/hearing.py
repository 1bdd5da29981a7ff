"""How tests of detectors run a small system: along turns, on the explorer and on trio, which must detect the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.schedule import Schedule
from aprt.core.step import Ask
from aprt.core.system import Behaviour, Context, System
from aprt.detect.detection import Detection
from aprt.detect.detectors import Detectors
from aprt.detect.kinds import KINDS
from aprt.explore.replay import replay as told
from aprt.explore.stepper import Stepper
from aprt.runtime.run import replay as live

MANY = 1_000


class Heard:
    """A listener that notes after how many steps each detection is first told."""

    def __init__(self, system: System, kinds: Iterable[str] = KINDS) -> None:
        self.detectors = Detectors(system, kinds)
        self.steps = 0
        self.first: list[tuple[int, Detection]] = []

    def feed(self, event: Event) -> None:
        self.steps += 1
        self._note(self.detectors.feed(event))

    def ask(self, ask: Ask) -> None:
        self._note(self.detectors.ask(ask))

    def finish(self, ending: Ending, blocked: Blocked = ()) -> None:
        self._note(self.detectors.finish(ending, blocked))

    def _note(self, detections: Iterable[Detection]) -> None:
        self.first += ((self.steps, detection) for detection in detections)


def system(actors: Iterable[Actor[object]], daemons: str = "", **contexts: Callable[[], Awaitable[object]]) -> System:
    """daemons: the names of those contexts that are."""

    def started(name: str, start: Callable[[], Awaitable[object]]) -> Context:
        behaviour: Callable[[], Behaviour] = start  # type: ignore[assignment]
        return Context(name, behaviour, name in daemons.split())

    return System(tuple(actors), tuple(started(name, start) for name, start in contexts.items()))


def turns(system: System, text: str) -> Schedule:
    """`a b*3 a*`: a step of a, three of b, then a as long as it can."""
    with Stepper(system) as stepper:
        for turn in text.split():
            context, star, times = turn.partition("*")
            for _ in range(int(times or (MANY if star else 1))):
                options = stepper.options(context)
                if star and not times and not options:
                    break
                stepper.step(context, options[0])
        return Schedule(tuple(event.label for event in stepper.events))


def detected(system: System, text: str, *kinds: str) -> tuple[Detection, ...]:
    """What the detectors (all, if none is named) see along these turns."""
    schedule = turns(system, text)
    explored, ran = Detectors(system, kinds or KINDS), Detectors(system, kinds or KINDS)
    told(system, schedule, (), (explored,))
    live(system, schedule, (), (ran,))
    assert explored.found == ran.found
    return explored.found

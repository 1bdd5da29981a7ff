"""Data races: two contexts access the same data, one of them changes it, and nothing orders the two.

A message to an actor is an access to those fields of its state that its handler declares. It reads what is in `reads`.
It writes what is in `writes` if it changed the state, or if it reads nothing: who does not look stores in any case,
maybe the value that is there. Fields that are no plain memory (`Actor.atomic`) do not count. Atomic operations
(`Handler.atomic`) race with plain accesses only, as marked ones do for KCSAN. Which of the two came first does not
matter: a race is seen also where the executions in which the accesses meet were never run.

The life of an object (`live`) is left to `detect.lifetime`.

Mirrors: kernel/kcsan/core.c, by what is a race (tools/memory-model/Documentation/access-marking.txt); by how it is
found, Flanagan and Freund, FastTrack (PLDI 2009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeAlias

import attrs

from aprt.core.events import Event
from aprt.core.system import System
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History
from aprt.detect.parts import Parts

ALL = "*"
LIFE = "live"

_Way: TypeAlias = tuple[str, bool]  # a message, and whether it was a write


@attrs.frozen
class Race(Detection):
    """first, second: the accesses, in the order of this execution.

    fields: those on which they conflict, sorted. written: of each access, which of these it wrote; it read the others.
    """

    kind: ClassVar[str] = "race"

    first: Event
    second: Event
    fields: tuple[str, ...]
    written: tuple[frozenset[str], frozenset[str]]

    @property
    def text(self) -> str:
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for field in self.fields:
            alike[self._done_to(field)].append(field)
        told = (f"{_bracketed(fields)} is {done}" for done, fields in alike.items())
        return f"{self.first.actor}{','.join(told)}, in no order"

    @property
    def objects(self) -> tuple[str, ...]:
        return (str(self.first.actor),)

    @property
    def sites(self) -> tuple[Site, ...]:
        first, second = ("write" if written else "read" for written in self.written)
        return Site.of(first, self.first), Site.of(second, self.second)

    def _done_to(self, field: str) -> str:
        accesses = zip((self.first, self.second), self.written, strict=True)
        return " and ".join(
            f"{'written' if field in wrote else 'read'} by {event.context}" for event, wrote in accesses
        )


@attrs.frozen
class _Access:
    event: Event
    reads: frozenset[str]
    writes: frozenset[str]
    plain: bool

    def wrote(self, fields: frozenset[str]) -> frozenset[str]:
        """Which of these it wrote."""
        return fields if ALL in self.writes else fields & self.writes

    def common(self, other: _Access) -> frozenset[str]:
        """The fields on which two accesses conflict; a written one is read, too."""
        return _meet(self.writes, other.reads) | _meet(self.reads, other.writes)


class RaceDetector(Detector):
    """Tells each pair of messages of two contexts once, with their latest accesses before it is seen."""

    kind = Race.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._latest: defaultdict[str, dict[str, dict[_Way, _Access]]] = defaultdict(dict)
        self._told: set[frozenset[tuple[str, str, tuple[str, ...]]]] = set()
        self._plain = {name for name, actor in history.parts.actors.items() if ALL not in actor.atomic}

    def feed(self, event: Event) -> Sequence[Detection]:
        if event.actor is None or event.actor not in self._plain:
            return ()
        handler = self.history.parts.handlers[event.actor, event.op]
        writes = handler.writes if event.changed or not handler.reads else frozenset[str]()
        access = _Access(event, handler.reads | writes, writes, not handler.atomic)
        latest = self._latest[event.actor]
        found = [
            race
            for context, ways in latest.items()
            if context != event.context
            for other in ways.values()
            if (race := self._race(other, access)) is not None
        ]
        latest.setdefault(event.context, {})[event.op, bool(writes)] = access
        return self.add(*found) if found else ()

    def _race(self, first: _Access, second: _Access) -> Race | None:
        if not (first.writes or second.writes) or not (first.plain or second.plain):
            return None
        if self.history.ordered(first.event):
            return None
        fields = first.common(second) - {LIFE, *self.history.parts.actors[str(first.event.actor)].atomic}
        pair = frozenset((e.context, e.label.op, e.chain) for e in (first.event, second.event))
        if not fields or pair in self._told:
            return None
        self._told.add(pair)
        written = first.wrote(fields), second.wrote(fields)
        return Race(second.event.index, first.event, second.event, tuple(sorted(fields)), written)


def races(system: System, events: Iterable[Event]) -> tuple[Race, ...]:
    """The races of one execution of `system`."""
    history = History(Parts(system))
    detector = RaceDetector(history)
    for event in events:
        history.feed(event)
        detector.feed(event)
    return tuple(race for race in detector.found if isinstance(race, Race))


def _bracketed(fields: Sequence[str]) -> str:
    return "" if fields == [ALL] else f" ({', '.join(fields)})"


def _meet(these: frozenset[str], those: frozenset[str]) -> frozenset[str]:
    if ALL in these:
        return those
    return these if ALL in those else these & those

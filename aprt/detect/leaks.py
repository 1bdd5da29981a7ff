"""Leaks: what is held when nothing happens any more, although nobody has it on record; objects that nobody owns.

What is taken and given back is told by notes (`core.notes.Owes`), who has it on record by `Actor.owns`. A resource is
leaked when an end state is reached and more of it is granted than live actors have on record and daemons have in hand.
An object is leaked when it lives in the end, somebody owned it once, and nobody does any more. What is owned at the
start counts as granted; what was leaked before the start is not told.

Form of a report: mm/kmemleak.c: print_unreferenced().
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import ClassVar

import attrs

from aprt.core.amount import count
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.notes import Owes
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History


@attrs.frozen
class Leak(Detection):
    """resource: as notes name it, or the name of an object. held, owned: how often, by who grants and on record.

    taken: the latest step that took it, or made the object. lost: the latest that changed who owns it, and left fewer.
    """

    kind: ClassVar[str] = "leak"

    resource: Hashable
    held: int
    owned: int
    taken: Event | None
    lost: Event | None

    @property
    def text(self) -> str:
        if isinstance(self.resource, str):
            return f"{self.resource} is alive and nobody owns it"
        return f"{_named(self.resource)} is held {count(self.held, 'time')}, {self.owned} on record"

    @property
    def objects(self) -> tuple[str, ...]:
        return (_named(self.resource),)

    @property
    def sites(self) -> tuple[Site, ...]:
        taken = () if self.taken is None else (Site.of("taken", self.taken),)
        return taken if self.lost is None else (*taken, Site.of("lost", self.lost))


class LeakDetector(Detector):
    """Keeps accounts of what is granted and of who owns what."""

    kind = Leak.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._owners = history.parts.owners
        self._owned = {name: Counter(self._owns(name)) for name in self._owners}
        self._ever = {resource for owned in self._owned.values() for resource in owned}
        self._granted: Counter[Hashable] = Counter()
        for owned in self._owned.values():
            self._granted.update({r: n for r, n in owned.items() if r not in history.states})
        self._taken: dict[Hashable, Event] = {}
        self._lost: dict[Hashable, Event] = {}

    def feed(self, event: Event) -> Sequence[Detection]:
        if event.actor in self._owners:
            if event.changed:
                self._records(event.actor, event)
        elif event.notes:
            for note in event.notes:
                if isinstance(note, Owes):
                    self._granted[note.resource] += note.count
                    if note.count > 0:
                        self._taken[note.resource] = event
        return ()

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        if ending != "end":
            return ()
        owned: Counter[Hashable] = Counter(r for name in self._owners for r in self._owns(name))
        for caller in self.history.callers.values():
            if caller.context in self.history.parts.daemons:
                owned.update(dict(caller.owed))
        last = len(self.history.events) - 1
        found = [
            Leak(last, resource, held, owned[resource], self._taken.get(resource), self._lost.get(resource))
            for resource, held in (*self._granted.items(), *self._objects())
            if held > owned[resource]
        ]
        return self.add(*sorted(found, key=lambda leak: leak.text))

    def _objects(self) -> list[tuple[Hashable, int]]:
        """The objects that somebody owned once, and that live."""
        return [(name, 1) for name in self._ever if name in self.history.states and self._lives(str(name))]

    def _records(self, name: str, event: Event) -> None:
        now = Counter(self._owns(name))
        before, self._owned[name] = self._owned[name], now
        self._ever.update(now)
        for resource in before - now:
            self._lost[resource] = event

    def _owns(self, name: str) -> tuple[Hashable, ...]:
        return self.history.parts.actors[name].owns(self.history.states[name]) if self._lives(name) else ()

    def _lives(self, name: str) -> bool:
        return bool(getattr(self.history.states.get(name), "live", True))


def _named(resource: Hashable) -> str:
    return " ".join(map(str, resource)) if isinstance(resource, tuple) else str(resource)

"""Guarded-by: data that is touched without the lock which its handler names.

That is noted when the message is handled (P22), whether or not anybody else is near. Told with it is the latest access
of another context to the same data.

Mirrors: include/linux/lockdep.h: lockdep_assert_held().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from aprt.core.events import Event
from aprt.core.notes import Broken
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector

GUARDED = "P22"


@attrs.frozen
class Unguarded(Detection):
    """here: the access. other: the latest of another context to the same data, if there was one."""

    kind: ClassVar[str] = "guard"

    text: str
    here: Event
    other: Event | None

    @property
    def objects(self) -> tuple[str, ...]:
        return (str(self.here.actor),)

    @property
    def sites(self) -> tuple[Site, ...]:
        other = () if self.other is None else (Site.of("before", self.other),)
        return (*other, Site.of("here", self.here))


class GuardDetector(Detector):
    """Tells each message of a context to an actor once."""

    kind = Unguarded.kind

    def feed(self, event: Event) -> Sequence[Detection]:
        if not event.notes:
            return ()
        notes = [note for note in event.notes if isinstance(note, Broken) and note.property == GUARDED]
        known = {one.text for one in self.found}
        return self.add(
            *(Unguarded(event.index, n.text, event, self._other(event)) for n in notes if n.text not in known)
        )

    def _other(self, event: Event) -> Event | None:
        handlers, name = self.history.parts.handlers, str(event.actor)
        here = handlers[name, event.op]
        touched = here.reads | here.writes
        for other in reversed(self.history.events[:-1]):
            if other.actor == name and other.context != event.context:
                there = handlers[name, other.op]
                if "*" in (fields := there.reads | there.writes) or "*" in touched or fields & touched:
                    return other
        return None

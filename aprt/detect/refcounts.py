"""Reference counts: a reference taken from nothing, put below nothing, or put last under a lock that its end needs.

Handlers note all three (K3, P21); told with them is who put the reference before that, and who took the lock.

Mirrors: lib/refcount.c: refcount_warn_saturate().
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import attrs

from aprt.core.events import Event
from aprt.core.notes import Broken, Oops, Took
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector


@attrs.frozen
class BadCount(Detection):
    """sites: where the reference was last put, and the lock taken, as far as there is one; at last the step itself."""

    kind: ClassVar[str] = "refcount"

    text: str
    object: str
    sites: tuple[Site, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        return (self.object,)


class RefcountDetector(Detector):
    """Looks back from what handlers note."""

    kind = BadCount.kind

    def feed(self, event: Event) -> Sequence[Detection]:
        if not event.notes:
            return ()
        return self.add(*self._bad(event))

    def _bad(self, event: Event) -> Iterator[BadCount]:
        for note in event.notes:
            match note:
                case Broken(property="K3", text=text):
                    yield self._count(text, event, self._puts(event))
                case Oops(property="P21", text=text):
                    yield self._count(text, event, self._ending(event))
                case _:
                    pass

    def _count(self, text: str, event: Event, before: tuple[Site, ...]) -> BadCount:
        return BadCount(event.index, text, str(event.actor), (*before, Site.of("here", event)))

    def _puts(self, event: Event) -> tuple[Site, ...]:
        """The step that left the count as it was found here."""
        handlers, name = self.history.parts.handlers, str(event.actor)
        counted = handlers[name, event.op].writes
        for other in reversed(self.history.events[:-1]):
            if other.actor == name and other.changed and handlers[name, other.op].writes & counted:
                return (Site.of("last put", other),)
        return ()

    def _ending(self, event: Event) -> tuple[Site, ...]:
        """Where the lock was taken, and where the last reference was put."""
        mine = [other for other in self.history.events[:-1] if other.context == event.context]
        took = [(other, note.hold) for other in mine for note in other.notes if isinstance(note, Took)]
        locks = [Site.of("took", other) for other, hold in took if hold.lock == event.actor]
        ends = [Site.of("last put", other) for other, hold in took if hold.mode == "destroy"]
        return (*locks[-1:], *ends[-1:])

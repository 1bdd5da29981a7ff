"""Unlock balance: a lock that is given back by a context which does not hold it.

Handlers note it (K2); told with it is the step before it at which somebody took that lock, or gave it back, be that
wrong as well.

Mirrors: kernel/locking/lockdep.c: print_unlock_imbalance_bug().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from aprt.core.events import Event
from aprt.core.lock_misuse import before_misuse, takes
from aprt.core.notes import Broken
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector


@attrs.frozen
class BadUnlock(Detection):
    """before: where the lock was taken or given back last, if it was. here: the unlock."""

    kind: ClassVar[str] = "unlock"

    text: str
    lock: str
    before: Site | None
    here: Site

    @property
    def objects(self) -> tuple[str, ...]:
        return (self.lock,)

    @property
    def sites(self) -> tuple[Site, ...]:
        return (self.here,) if self.before is None else (self.before, self.here)


class UnlockDetector(Detector):
    """Tells each wrong unlock."""

    kind = BadUnlock.kind

    def feed(self, event: Event) -> Sequence[Detection]:
        if not event.notes:
            return ()
        texts = [note.text for note in event.notes if isinstance(note, Broken) and note.property == "K2"]
        if not texts:
            return ()
        last = before_misuse(self.history.events, event)
        before = None if last is None else Site.of("taken" if takes(last) else "given back", last)
        lock, here = str(event.actor), Site.of("here", event)
        return self.add(*(BadUnlock(event.index, text, lock, before, here) for text in texts))

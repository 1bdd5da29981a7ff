"""Sleeping in atomic context: asked for while a spinlock is held or a timer callback runs, slept for or not.

It is wrong to ask, so the request is told, even where it is answered at once or never (P23, `core.obligations`).

Mirrors: kernel/sched/core.c: __might_sleep().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from aprt.core.notes import Broken, Took
from aprt.core.obligations import may_sleep
from aprt.core.step import Ask
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector


@attrs.frozen
class SleepInAtomic(Detection):
    """lock: the innermost that forbids to sleep. took: where it was taken. here: the request."""

    kind: ClassVar[str] = "atomic-sleep"

    text: str
    lock: str
    took: Site | None
    here: Site

    @property
    def objects(self) -> tuple[str, ...]:
        return self.here.op.rpartition(".")[0], self.lock

    @property
    def sites(self) -> tuple[Site, ...]:
        return (self.here,) if self.took is None else (self.took, self.here)


class AtomicDetector(Detector):
    """Tells each message that a context asks for under a lock once."""

    kind = SleepInAtomic.kind

    def ask(self, ask: Ask) -> Sequence[Detection]:
        lock = ask.by.atomic
        if lock is None:
            return ()
        actor = ask.call.actor
        notes = may_sleep(actor, actor.handler(ask.call.op), ask.by)
        known = {(one.text, one.sites[-1].op) for one in self.found}
        index = self.history.last[ask.by.context]
        here = Site.asking("asks", ask, index)
        texts = [note.text for note in notes if isinstance(note, Broken) and (note.text, here.op) not in known]
        return self.add(
            *(SleepInAtomic(index, text, lock.lock, self._took(ask.by.context, lock.lock), here) for text in texts)
        )

    def _took(self, context: str, lock: str) -> Site | None:
        for event in reversed(self.history.events):
            if event.context == context and any(isinstance(n, Took) and n.hold.lock == lock for n in event.notes):
                return Site.of("took", event)
        return None

"""Lost wake-ups: a context sleeps for good, and who should have woken it did so before it was there to be woken.

Sleeping is a message that `orders="acquire"`, waking one that `orders="release"`. A wake-up that changes nothing found
nobody and is forgotten. It is the lost one of a sleeper that came after it, that nobody has woken since and that has
looked at nothing since: who was told something after the wake-up may know what it would have been woken for, and sleep
for another reason.

Left out: what a sleeper waits for is not known, so any answer counts as a look. One that asked for something else
between the wake-up and its sleep is not told of.

The pattern: kernel/sched/wait.c, of prepare_to_wait(): the condition is to be looked at after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from aprt.core.effects import Call
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector


@attrs.frozen
class LostWakeup(Detection):
    """woke: the wake-up that found nobody, the latest one. came: the sleeper's last step, on the queue or before it."""

    kind: ClassVar[str] = "lost-wakeup"

    queue: str
    woke: Event
    came: Event
    sleeps: Site

    @property
    def text(self) -> str:
        return f"{self.sleeps.context} sleeps on {self.queue} for good: {self.woke.context} woke it before it was there"

    @property
    def objects(self) -> tuple[str, ...]:
        return self.queue, self.sleeps.context

    @property
    def sites(self) -> tuple[Site, ...]:
        return Site.of("woke", self.woke), Site.of("came", self.came), self.sleeps


class WakeupDetector(Detector):
    """Looks back from who sleeps when nothing goes on."""

    kind = LostWakeup.kind

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        if ending != "deadlock":
            return ()
        found = [lost for context, _ in blocked if (lost := self._lost(context)) is not None]
        return self.add(*found)

    def _lost(self, context: str) -> LostWakeup | None:
        ask = self.history.asks[context]
        queue, handlers = ask.call.actor.name, self.history.parts.handlers
        if handlers[queue, ask.call.op].orders != "acquire":
            return None
        mine = [event for event in self.history.events if event.context == context]
        if not mine:
            return None
        came = next((event for event in reversed(mine) if event.actor == queue), mine[-1])
        knows = [event.index for event in mine if _answered(event) or _is(event, ask.call)]
        for event in reversed(self.history.events[max(knows, default=-1) + 1 : came.index]):
            if event.actor == queue and not event.changed and handlers[queue, event.op].orders == "release":
                sleeps = Site.asking("sleeps", ask, self.history.last[context])
                return LostWakeup(self.history.events[-1].index, queue, event, came, sleeps)
        return None


def _answered(event: Event) -> bool:
    return event.actor is not None and event.reply is not None


def _is(event: Event, call: Call[Any]) -> bool:
    return (event.actor, event.op) == (call.actor.name, call.op)

"""Lost wake-ups: a context sleeps for good, and who should have woken it did so before it was there to be woken.

A message that `orders="acquire"` is sleeping, one that `orders="release"` is waking. A wake-up that changes nothing
found nobody, and is forgotten. It is the lost one of a sleeper when

- the sleeper came to the queue after it, and nobody has woken the sleeper since;
- the sleeper does not know what it was about.

A wake-up is about the fields that the waker has changed since it last woke this queue. A sleeper knows what it was
about if it has read one of them after that change; then it sleeps for another reason. If it never read any of them,
nobody can tell what the wake-up meant for it, and any answer that it got afterwards counts as knowing.

The pattern: kernel/sched/wait.c, of prepare_to_wait(): the condition is to be looked at after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from aprt.core.declarations import changed_fields
from aprt.core.effects import Call
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.notes import Gave, Took
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
        woken = max((event.index for event in mine if _is(event, ask.call)), default=-1)
        looks = [event for event in mine[::-1] if event.index > woken and event.actor and event.reply is not None]
        for event in reversed(self.history.events[woken + 1 : came.index]):
            if self._wakes(event, queue) and not event.changed and not self._knows(looks, event):
                sleeps = Site.asking("sleeps", ask, self.history.last[context])
                return LostWakeup(self.history.events[-1].index, queue, event, came, sleeps)
        return None

    def _wakes(self, event: Event, queue: str) -> bool:
        return event.actor == queue and self.history.parts.handlers[queue, event.op].orders == "release"

    def _knows(self, looks: Sequence[Event], woke: Event) -> bool:
        """Whether one of these, the steps that told a sleeper something, told it what a wake-up was about."""
        changed = self._about(woke)
        seen = [
            look.index > index
            for look in looks
            for (actor, field), index in changed.items()
            if actor == look.actor and self._reads(look, field)
        ]
        return any(seen) if seen else any(look.index > woke.index for look in looks)

    def _about(self, woke: Event) -> dict[tuple[str, str], int]:
        """By actor and field, the waker's last change of it since it woke the queue before.

        Locks that it took and gave back do not count: nobody is woken for those.
        """
        found: dict[tuple[str, str], int] = {}
        for event in reversed(self.history.events[: woke.index]):
            if event.context != woke.context or event.actor is None:
                continue
            if self._wakes(event, str(woke.actor)):
                break
            if event.changed and not any(isinstance(note, Took | Gave) for note in event.notes):
                for field in changed_fields(self._before(event), event.state):
                    found.setdefault((event.actor, field), event.index)
        return found

    def _before(self, event: Event) -> Any:
        """What the actor of a step was just before it."""
        for earlier in reversed(self.history.events[: event.index]):
            if earlier.actor == event.actor:
                return earlier.state
        return self.history.parts.system.initial()[str(event.actor)]

    def _reads(self, event: Event, field: str) -> bool:
        reads = self.history.parts.handlers[str(event.actor), event.op].reads
        return field in reads or "*" in reads or (field == "*" and bool(reads))


def _is(event: Event, call: Call[Any]) -> bool:
    return (event.actor, event.op) == (call.actor.name, call.op)

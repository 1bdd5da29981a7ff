"""Stuck messages: what lies in a mailbox when nothing happens any more, so that nobody is ever going to read it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import attrs

from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History
from aprt.detect.queues import Known


@attrs.frozen
class Stuck(Detection):
    """messages: as they lie in the mailbox, the oldest first. sent: who sent each; None: nobody did in this run."""

    kind: ClassVar[str] = "stuck-message"

    mailbox: str
    messages: tuple[Hashable, ...]
    sent: tuple[Event | None, ...]

    @property
    def text(self) -> str:
        count = "a message" if len(self.messages) == 1 else f"{len(self.messages)} messages"
        return f"{count} in {self.mailbox} that nobody will read: {', '.join(map(str, self.messages))}"

    @property
    def objects(self) -> tuple[str, ...]:
        return (self.mailbox,)

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site("sent", -1, "", "") if e is None else Site.of("sent", e) for e in self.sent)


class StuckDetector(Detector):
    """Remembers who sent what lies in each queue, and looks when all is over."""

    kind = Stuck.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._sent: dict[str, Known[Event | None]] = {
            name: Known(self._messages(name), None) for name in history.parts.queues
        }

    def feed(self, event: Event) -> Sequence[Detection]:
        if event.actor in self._sent and event.changed:
            sent = self._sent[event.actor]
            _, came = sent.change(self._messages(event.actor))
            for message in came:
                sent.add(message, event)
        return ()

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        if ending not in ("end", "deadlock"):
            return ()
        last = len(self.history.events) - 1
        left = [(name, sent, tuple(self._messages(name))) for name, sent in self._sent.items()]
        return self.add(*(Stuck(last, name, there, sent.of(there)) for name, sent, there in left if there))

    def _messages(self, name: str) -> Sequence[Hashable]:
        return self.history.parts.queues[name].messages(self.history.states[name])

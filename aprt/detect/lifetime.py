"""Use after free, double free, invalid free: with who made the object, who freed it, and who uses it.

A use of a freed object, which is noted when the message is handled, is told with the history of the object. So is a use
that came before the object was freed, if nothing orders the two: it could as well have come after. An object is an
actor whose state says whether it is `live`. Hardware, which knows no life time, does not count as a user of a live
object.

Mirrors: mm/kasan/report.c: kasan_report(), kasan_report_invalid_free(); mm/kasan/generic.c: the tracks of who
allocated and who freed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import attrs

from aprt.core.events import Event
from aprt.core.notes import Broken, Note, Oops
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History

Bug: TypeAlias = Literal["use-after-free", "double-free", "invalid-free", "null-ptr-deref", "possible use-after-free"]

FREE = "free"


@attrs.frozen
class BadAccess(Detection):
    """use: the access. made, freed: who made the object last and who freed it, None when nobody did in this execution.

    note: what the handler said; empty for what is only possible.
    """

    kind: ClassVar[str] = "use-after-free"

    bug: Bug
    use: Event
    made: Event | None
    freed: Event | None
    note: str = ""

    @property
    def text(self) -> str:
        if self.bug == "possible use-after-free" and self.freed is not None:
            return (
                f"possible use-after-free of {self.use.actor}: {self.use.context} uses it and {self.freed.context} "
                "frees it, in no order"
            )
        if self.use.op == FREE:
            return f"{self.bug} of {self.use.actor} by {self.use.context}"
        note = self.note.removeprefix("use after free: ").removeprefix("null-ptr-deref: ")
        return f"{self.bug} by {self.use.context}: {note}"

    @property
    def objects(self) -> tuple[str, ...]:
        return (str(self.use.actor),)

    @property
    def sites(self) -> tuple[Site, ...]:
        use = Site.of("freed again" if self.bug == "double-free" else "used", self.use)
        if self.bug == "null-ptr-deref":
            return (use,)
        made = Site("made", -1, "", "") if self.made is None else Site.of("made", self.made)
        return (made, use) if self.freed is None else (made, Site.of("freed", self.freed), use)


class Lives:
    """Who made each object last, and who freed it; what began alive was made by nobody. states: the initial ones."""

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._live = {name: state.live for name, state in states.items() if hasattr(state, "live")}
        self.made: dict[str, Event] = {}
        self.freed: dict[str, Event] = {}

    def live(self, name: str) -> bool | None:
        """Whether the object of that name is alive; None when it is none."""
        return self._live.get(name)

    def feed(self, event: Event) -> None:
        """The next step."""
        if event.changed and event.actor in self._live:
            was, now = self._live[event.actor], event.state.live
            self._live[event.actor] = now
            if now != was:
                (self.made if now else self.freed)[event.actor] = event


class LifetimeDetector(Detector):
    """Follows the life of every object, and its uses."""

    kind = BadAccess.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._lives = Lives(history.states)
        self._uses: dict[str, dict[tuple[str, str], Event]] = {}

    def feed(self, event: Event) -> Sequence[Detection]:
        name, found = event.actor, []
        if event.notes:
            found = [bad for note in event.notes if (bad := self._noted(event, note)) is not None]
        if name is not None and self._lives.live(name) is not None:
            self._lives.feed(event)
            found += self._used(name, event)
        return self.add(*found) if found else ()

    def _used(self, name: str, event: Event) -> list[BadAccess]:
        """What is possible now that the object was freed; a use of one that lives is remembered."""
        if self._lives.made.get(name) is event:
            self._uses.pop(name, None)
        elif self._lives.freed.get(name) is event:
            return [self._bad("possible use-after-free", use) for use in self._late(name)]
        elif self._lives.live(name) and not self.history.parts.handlers[name, event.op].on_freed:
            self._uses.setdefault(name, {})[event.context, event.op] = event
        return []

    def _late(self, name: str) -> list[Event]:
        """The latest uses, by each context, that the end of the object, just now, is not ordered with."""
        unordered = [use for use in self._uses.pop(name, {}).values() if not self.history.ordered(use)]
        latest = {use.context: use for use in sorted(unordered, key=lambda use: use.index)}
        return list(latest.values())

    def _noted(self, event: Event, note: Note) -> BadAccess | None:
        if not isinstance(note, Broken | Oops):
            return None
        if "null-ptr-deref" in note.text:
            return self._bad("null-ptr-deref", event, note.text)
        name = str(event.actor)
        if note.property != "P9" and self._lives.live(name) is not False:
            return None
        if event.op != FREE:
            return self._bad("use-after-free", event, note.text)
        return self._bad("double-free" if name in self._lives.freed else "invalid-free", event, note.text)

    def _bad(self, bug: Bug, use: Event, note: str = "") -> BadAccess:
        name = str(use.actor)
        made, freed = self._lives.made.get(name), self._lives.freed.get(name)
        return BadAccess(self.history.events[-1].index, bug, use, made, freed, note)

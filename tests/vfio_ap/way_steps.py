"""Whether a schedule is that of a way: the steps that its row names, in order, and none that it excludes."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from aprt.core.events import Event
from aprt.vfio_ap.v4.ways import Way


def event_text(event: Event) -> str:
    """An event as the globs of a way see it: `actor.message(args) = reply`."""
    args = ", ".join(str(arg) for arg in event.args)
    return f"{event.label.op}({args}) = {event.reply}"


def shows(way: Way, events: Iterable[Event]) -> str | None:
    """Why the events are not this way; None when they are."""
    texts = [event_text(event) for event in events]
    at = 0
    for glob in way.contains:
        while at < len(texts) and not fnmatchcase(texts[at], glob):
            at += 1
        if at == len(texts):
            return f"no step {glob} (after those before it)"
        at += 1
    stray = [(glob, text) for glob in way.absent for text in texts if fnmatchcase(text, glob)]
    return f"step {stray[0][1]} must not be there" if stray else None

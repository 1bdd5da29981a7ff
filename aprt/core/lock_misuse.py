"""Where a lock that is misused was taken, or given back: what lockdep names besides the place of the mistake."""

from __future__ import annotations

from collections.abc import Sequence

from aprt.core.events import Event
from aprt.core.notes import Broken, Oops, Took


def before_misuse(events: Sequence[Event], step: Event) -> Event | None:
    """The one of the events before a step that explains why it is wrong; None where it is not, or nothing does.

    Where a context asks for a lock that it holds (K1), the step with which it took that lock. Where one gives back a
    lock that it does not hold (K2), the last one with which anybody took the lock, or gave it back, wrongly as well.
    """
    broken = {note.property for note in step.notes if isinstance(note, Broken | Oops)}
    earlier = (event for event in reversed(events[: step.index]) if event.actor == step.actor and event.notes)
    if "K1" in broken:
        return next((event for event in earlier if event.context == step.context and takes(event)), None)
    if "K2" in broken:
        return next((event for event in earlier if event.changed), None)
    return None


def takes(event: Event) -> bool:
    """Whether a step took a lock."""
    return any(isinstance(note, Took) for note in event.notes)

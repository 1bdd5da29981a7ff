"""Whether a search put a property to the test at all.

A property that holds because nothing it speaks of ever happened says nothing about the system. It was *exercised*
when a step happened that it is about: one of those it names in `about` or, if it names none, one that some check of
it looks at. A check of the handling of a message looks at that message, a check of states at every step that
changes an actor it reads, a history at the messages of the actors it concerns, the lock order at a lock that is taken
while another is held, all others at any step.
"""

from __future__ import annotations

from collections.abc import Iterable

from aprt.core.events import Event
from aprt.core.notes import Took
from aprt.core.properties import After, Always, AtEnd, Before, Check, History, LockOrder, NoEdges, Property


def unexercised(properties: Iterable[Property], events: Iterable[Event]) -> tuple[str, ...]:
    """The numbers of the properties that none of these steps is about, in the order given."""
    steps = _Steps(events)
    return tuple(property.id for property in properties if not steps.exercise(property))


class _Steps:
    """What happened: the messages that were handled, the actors that handled one, and those that changed."""

    def __init__(self, events: Iterable[Event]) -> None:
        events = tuple(events)
        self._handled = {(event.actor, event.op) for event in events}
        self._asked = {event.actor for event in events}
        self._changed = {event.actor for event in events if event.changed}
        self._nested = any(event.caller.held and _takes(event) for event in events)

    def exercise(self, property: Property) -> bool:
        if property.about:
            return any((actor.name, op) in self._handled for actor, op in property.about)
        return any(self._reach(check) for check in property.checks)

    def _reach(self, check: Check) -> bool:
        match check:
            case Before() | After():
                return (check.actor.name, check.op) in self._handled
            case Always(reads) | AtEnd(reads) if reads:
                return any(actor.name in self._changed for actor in reads)
            case LockOrder() | NoEdges():
                return self._nested
            case History():
                return any(actor.name in self._asked for actor in check.concerns)
            case _:
                return bool(self._asked)


def _takes(event: Event) -> bool:
    return any(isinstance(note, Took) for note in event.notes)

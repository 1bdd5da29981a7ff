"""Happens-before over the events of one execution: the order that synchronisation makes, by vector clocks.

These are ordered:

- the steps of one context;
- what was done before a lock was released and what is done after it was taken, but readers only after writers;
- the sending of a message and its receiving; in a mailbox with room for n, the receiving of a message and the sending
  of the n-th after it;
- what handlers declare (`orders`, `acquires`): wake-ups, completions, work items, timers, the last reference.

Two steps are not ordered by going to the same actor, or there would be no races.

Source: Lamport, Time, clocks, and the ordering of events (1978); Flanagan and Freund, FastTrack (PLDI 2009),
section 2, from whose clocks these differ in that every step has a number of its own.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any, TypeAlias

import attrs

from aprt.core.actor import Ordering
from aprt.core.events import Event
from aprt.core.notes import Gave, Hold, Took
from aprt.detect.parts import Parts
from aprt.detect.queues import Known, Queue

Clock: TypeAlias = list[int]
"""By place of the context: how many of its steps happened before."""


@attrs.frozen
class Stamp:
    """When a step was done: as which one of the context at that place, counted from 1."""

    place: int
    count: int


@attrs.define
class _Published:
    """What those who held a lock had done when they gave it back, by how they had it."""

    writers: Clock
    readers: Clock


@attrs.define
class _Transfer:
    """The vector clocks that go with what is in a queue.

    sent: for each message, what its sender had done. room: for each free place, what the context that freed it had
    done; None without bound.
    """

    sent: Known[Clock]
    room: deque[Clock] | None


class HappensBefore:
    """The order of the steps that were fed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._handlers = parts.handlers
        self._places = {context: place for place, context in enumerate(parts.contexts)}
        size = len(self._places)
        self._now: list[Clock] = [[0] * size for _ in range(size)]
        self._locks: defaultdict[str, _Published] = defaultdict(lambda: _Published([0] * size, [0] * size))
        states = parts.system.initial() if parts.queues else {}
        self._queues = {name: self._queue(queue, states[name]) for name, queue in parts.queues.items()}

    def feed(self, event: Event) -> Stamp:
        """The next step. Returns when it was done."""
        place = self._places[event.context]
        now = self._now[place]
        now[place] += 1
        if event.actor is not None and (event.notes or (event.actor, event.op) in self._parts.synchronising):
            self._synchronise(event, event.actor, now)
        return Stamp(place, now[place])

    def ordered(self, stamp: Stamp, context: str) -> bool:
        """Whether that step happened before the last one of `context`, or is it."""
        return self._now[self._places[context]][stamp.place] >= stamp.count

    def _synchronise(self, event: Event, actor: str, now: Clock) -> None:
        orders = self._handlers[actor, event.op].orders
        self._acquire(event, orders, now)
        if event.changed and actor in self._queues:
            self._transfer(event, self._queues[actor], now)
        self._release(event, orders, now)

    def _acquire(self, event: Event, orders: Ordering | None, now: Clock) -> None:
        taken = [note.hold for note in event.notes if isinstance(note, Took)]
        if not taken and (waited := self._parts.acquired(event)) is not None:
            taken = [waited]
        if orders in ("acquire", "both") and event.reply is not False:
            taken.append(self._own(event))
        for hold in taken:
            published = self._locks.get(hold.lock)
            if published is not None:
                _join(now, published.writers)
                if not hold.shared:
                    _join(now, published.readers)

    def _release(self, event: Event, orders: Ordering | None, now: Clock) -> None:
        for note in event.notes:
            if isinstance(note, Gave):
                shared = any(hold.lock == note.lock and hold.shared for hold in event.caller.held)
                published = self._locks[note.lock]
                _join(published.readers if shared else published.writers, now)
        if orders in ("release", "both"):
            _join(self._locks[self._own(event).lock].writers, now)

    def _own(self, event: Event) -> Hold:
        return self._parts.actors[str(event.actor)].hold()

    def _transfer(self, event: Event, queue: _Transfer, now: Clock) -> None:
        """Messages that came, and messages that went, whichever handler did it."""
        gone, came = queue.sent.change(self._parts.queues[str(event.actor)].messages(event.state))
        for clock in gone:
            _join(now, clock)
            if queue.room is not None:
                queue.room.append(now[:])
        for message in came:
            if queue.room:
                _join(now, queue.room.popleft())
            queue.sent.add(message, now[:])

    def _queue(self, queue: Queue, state: Any) -> _Transfer:
        nothing = [0] * len(self._places)
        there = queue.messages(state)
        free = None if queue.room is None else deque(nothing for _ in range(queue.room - len(there)))
        return _Transfer(Known(there, nothing), free)


def _join(clock: Clock, other: Clock) -> None:
    for place, count in enumerate(other):
        if count > clock[place]:
            clock[place] = count

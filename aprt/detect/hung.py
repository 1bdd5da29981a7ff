"""Hung tasks: who waits for whom. A circle of them is told when it closes, whatever goes on elsewhere.

A context that asks for a lock which cannot be given waits for those who hold it. What counts as a lock is what the lock
order knows (`core.lock_order`): also the end of a work item, a flag, what somebody has promised to complete. A reader
that has to wait although only readers hold the lock waits for the writers that wait.

A circle closes with the last step that one of its contexts takes. A lock is given back only by its holder, where K2
holds, so nobody on the circle goes on again, whatever others do. A promise may be kept by others as well (`Hold.mode`),
so a circle with a promise in it is told only when nobody at all can go on.

Who waits for a context on a circle, however indirectly, is its **tail**, which grows as long as others go on. Whoever
else waits when nobody can go on waits for something that nobody is going to do.

Form of a report: kernel/hung_task.c. The circle's: Coffman, Elphick and Shoshani, System deadlocks (1971).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar

import attrs

from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending
from aprt.core.lock_misuse import before_misuse
from aprt.core.notes import Hold, Oops, Took
from aprt.core.step import Ask
from aprt.detect.detection import Detection, Site
from aprt.detect.detector import Detector
from aprt.detect.history import History


@attrs.frozen
class Wait:
    """A context that waits. lock: what for, if that is a lock; holders: for whom, sorted. site: its request."""

    site: Site
    lock: str | None
    holders: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        return self.site.context

    @property
    def text(self) -> str:
        held = f", held by {' and '.join(self.holders)}" if self.holders else ""
        return f"{self.context} waits for {self.site.op}{held}"


@attrs.frozen
class Hung(Detection):
    """cycle: each waits for the next, the last one for the first; it begins with the first by name.

    tail: who waits for them, directly or not; without a cycle, all who wait. index: the step that closed the cycle.
    took: where a context that waits for itself took the lock.
    """

    kind: ClassVar[str] = "hang"

    cycle: tuple[Wait, ...]
    tail: tuple[Wait, ...] = ()
    took: Site | None = None

    @property
    def text(self) -> str:
        waits = "; ".join(wait.text for wait in (*self.cycle, *self.tail))
        if not self.cycle:
            return f"nobody goes on: {waits}"
        behind = f", {len(self.tail)} behind" if self.tail else ""
        return f"deadlock of {len(self.cycle)}{behind}: {waits}"

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts on the cycle, in its order."""
        return tuple(wait.context for wait in self.cycle)

    @property
    def objects(self) -> tuple[str, ...]:
        waits = (*self.cycle, *self.tail)
        return (*(wait.context for wait in waits), *dict.fromkeys(wait.lock for wait in waits if wait.lock))

    @property
    def sites(self) -> tuple[Site, ...]:
        waits = tuple(wait.site for wait in (*self.cycle, *self.tail))
        return waits if self.took is None else (self.took, *waits)


class HungDetector(Detector):
    """Looks for a circle whenever somebody asks for a lock that is held, or is given one that is asked for."""

    kind = Hung.kind

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self._graph = WaitsFor(history)

    def feed(self, event: Event) -> Sequence[Detection]:
        if not event.notes:
            return ()
        if any(isinstance(note, Oops) and note.property == "K1" for note in event.notes):
            wait = Wait(Site.of("waits", event), event.actor, (event.context,))
            took = before_misuse(self.history.events, event)
            return self.add(Hung(event.index, (wait,), took=None if took is None else Site.of("took", took)))
        taken = {note.hold.lock for note in event.notes if isinstance(note, Took)}
        return self._closed(self._graph.asking(taken)) if taken else ()

    def ask(self, ask: Ask) -> Sequence[Detection]:
        context = ask.by.context
        return self._closed([context]) if self._graph.holders(context) else ()

    def finish(self, ending: Ending, blocked: Blocked) -> Sequence[Detection]:
        """Tells circles again with the tails that they have by now, and who waits for good behind no circle."""
        known = self.found
        waits = self._graph.waits()
        alone = tuple(hung for hung in known if isinstance(hung, Hung) and len(hung.cycle) == 1)
        circles = set(self._graph.circles(waits, lasting=True))
        if ending == "deadlock":
            circles |= set(self._graph.circles(waits))
        self.found = alone + tuple(map(self._hung, sorted(circles)))
        told = {site.context for hung in self.found for site in hung.sites}
        rest = tuple(self._graph.wait(name) for name, _ in blocked if name not in told)
        if ending == "deadlock" and rest:
            self.add(Hung(len(self.history.events) - 1, (), rest))
        return [hung for hung in self.found if hung not in known]

    def _closed(self, contexts: Iterable[str]) -> Sequence[Detection]:
        """The circles that go through one of these and that nobody else can open, if they are new."""
        found = self._graph.circles(contexts, lasting=True)
        known = {hung.contexts for hung in self.found if isinstance(hung, Hung)}
        return self.add(*(self._hung(circle) for circle in found if circle not in known))

    def _hung(self, cycle: tuple[str, ...]) -> Hung:
        index = max(self.history.last[name] for name in cycle)
        tail = self._graph.behind(cycle)
        return Hung(index, tuple(map(self._graph.wait, cycle)), tuple(map(self._graph.wait, tail)))


class WaitsFor:
    """The graph of who waits for whom, at the end of a history."""

    def __init__(self, history: History) -> None:
        self._history = history

    def wait(self, context: str) -> Wait:
        """What a context waits for."""
        ask = self._history.asks[context]
        hold = _lock(ask)
        site = Site.asking("waits", ask, self._history.last[context])
        return Wait(site, None if hold is None else hold.lock, self.holders(context))

    def waits(self) -> list[str]:
        """All contexts that wait for others."""
        return sorted(context for context in self._history.asks if self.holders(context))

    def asking(self, locks: Collection[str]) -> list[str]:
        """The contexts that ask for one of these locks."""
        return [name for name, ask in self._history.asks.items() if (hold := _lock(ask)) and hold.lock in locks]

    def holders(self, context: str) -> tuple[str, ...]:
        """For whom a context waits, sorted; nobody when it waits for no lock, or not at all."""
        ask = self._history.asks.get(context)
        hold = None if ask is None else _lock(ask)
        if ask is None or hold is None:
            return ()
        callers = self._history.callers.values()
        holders = [caller.context for caller in callers if any(_excludes(other, hold) for other in caller.held)]
        if not holders and hold.shared:
            holders = [name for name in self.asking({hold.lock}) if not _shared(self._history.asks[name])]
        others = tuple(sorted(name for name in holders if name != context))
        return others if others and self._history.blocks(ask) else ()

    def circles(self, contexts: Iterable[str], *, lasting: bool = False) -> list[tuple[str, ...]]:
        """A shortest circle through each of these, if there is one; each once, from its first name on.

        lasting: only circles that nobody else can open, as no one on them waits for a promise.
        """
        return sorted({circle for context in contexts if (circle := self._circle(context, lasting))})

    def behind(self, circle: Collection[str]) -> list[str]:
        """Who waits for one of these, or for somebody who does."""
        found = set(circle)
        while more := {name for name in self._history.asks if not found.isdisjoint(self.holders(name))} - found:
            found |= more
        return sorted(found - set(circle))

    def _circle(self, first: str, lasting: bool) -> tuple[str, ...]:
        ways: deque[tuple[str, ...]] = deque([(first,)])
        seen = {first}
        while ways:
            way = ways.popleft()
            for name in () if lasting and self._for_promise(way[-1]) else self.holders(way[-1]):
                if name == first:
                    start = way.index(min(way))
                    return way[start:] + way[:start]
                if name not in seen:
                    seen.add(name)
                    ways.append((*way, name))
        return ()

    def _for_promise(self, context: str) -> bool:
        """Whether a context waits for what somebody has promised."""
        hold = None if (ask := self._history.asks.get(context)) is None else _lock(ask)
        held = (other for caller in self._history.callers.values() for other in caller.held)
        return hold is not None and any(other.lock == hold.lock and other.mode == "promise" for other in held)


def _lock(ask: Ask) -> Hold | None:
    return ask.call.actor.acquired(ask.call)


def _shared(ask: Ask) -> bool:
    hold = _lock(ask)
    return hold is None or hold.shared


def _excludes(held: Hold, asked: Hold) -> bool:
    return held.lock == asked.lock and not (held.shared and asked.shared)

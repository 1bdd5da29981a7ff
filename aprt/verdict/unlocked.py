"""Data that is touched without its lock (P22): the other access that nothing keeps away from it.

Two accesses race when one execution has them next to each other, in an order that nothing but chance makes. So the
states are looked through for one in which two contexts can take the two steps; what the detectors know of the order of
steps then says whether it is a race. A completion, say, orders two accesses as a lock does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import permutations
from typing import Any

from aprt.core.actor import Actor
from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.properties import Finding
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.detect.races import races
from aprt.explore.outcomes import Outcomes
from aprt.explore.replay import replay

_ID = "P22"
_STATES = 100_000  # to look at: some seconds


def race(system: System, actor: Actor[Any]) -> Finding | None:
    """Two accesses of `actor` that race, the last steps of a schedule that is as short as any; None: none was met."""
    for schedule in _side_by_side(system, actor):
        try:
            events = replay(system, schedule).events
        except ReplayMismatch:  # one of them keeps the other from being done
            continue
        if other_side(system, events) == events[-2]:
            return Finding(_ID, race_text(events[-2], events[-1]), schedule)
    return None


def race_text(first: Event, second: Event) -> str:
    """Of two accesses that race, which is done without its lock, and which is the other."""
    careless, other = (second, first) if unlocked(second) else (first, second)
    return f"{unlocked(careless)[0]}, in no order with {other.label.op} by {other.context}"


def other_side(system: System, events: Sequence[Event]) -> Event | None:
    """The latest step that the last one of an execution races with, if one of the two is done without its lock."""
    last = events[-1]
    first = [race.first for race in races(system, events) if race.second == last]
    return max((one for one in first if unlocked(one) or unlocked(last)), key=lambda one: one.index, default=None)


def _side_by_side(system: System, actor: Actor[Any]) -> Iterator[Schedule]:
    """Shortest schedules that end with two accesses which either of two contexts could have made first."""
    with closing(Outcomes(system, (), _STATES)) as outcomes:
        steps, tried = outcomes.tables.steps, set[tuple[int, int]]()
        for number in outcomes.expand():
            here = [way.step for way in outcomes.ways[number] if steps[way.step].event.actor == actor.name]
            for pair in permutations(here, 2):
                if pair not in tried and any(unlocked(steps[step].event) for step in pair):
                    tried.add(pair)
                    yield outcomes.tables.schedule([*outcomes.way_to(number), *pair])


def unlocked(event: Event) -> list[str]:
    """What P22 says of a step."""
    return [note.text for note in event.broken if note.property == _ID]

"""Data that is touched without its lock (P22): which other access races with that one.

Two accesses race when one execution has them next to each other and nothing but chance decides their order. So the
search looks for a state in which two contexts can take the two steps, and asks the race detector about the execution
that goes there and takes both: the lack of a lock alone is no race, as a completion, for example, orders accesses, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import permutations
from typing import Any

from aprt.core.actor import Actor
from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.detect.races import races
from aprt.explore.conflicts.outcomes import Outcomes
from aprt.explore.replay import replay

_ID = "P22"
_STATES = 100_000  # to look at: some seconds


def race(system: System, actor: Actor[Any]) -> Finding | None:
    """Two accesses of `actor` that race, as the last two steps of a shortest schedule; None where none was met."""
    for schedule in _side_by_side(system, actor):
        try:
            events = replay(system, schedule).events
        except ReplayMismatch:  # the first access keeps the second from being made
            continue
        if other_side(system, events) == events[-2]:
            return Finding(_ID, race_text(events[-2], events[-1]), schedule)
    return None


def race_text(first: Event, second: Event) -> str:
    """In words, which of two accesses that race is made without its lock, and which is the other."""
    careless, other = (second, first) if unlocked(second) else (first, second)
    return f"{unlocked(careless)[0]}, in no order with {other.label.op} by {other.context}"


def other_side(system: System, events: Sequence[Event]) -> Event | None:
    """The latest step that the last one of an execution races with, if one of the two is made without its lock."""
    last = events[-1]
    first = [race.first for race in races(system, events) if race.second == last]
    return max((one for one in first if unlocked(one) or unlocked(last)), key=lambda one: one.index, default=None)


def _side_by_side(system: System, actor: Actor[Any]) -> Iterator[Schedule]:
    """Shortest schedules to each pair of accesses, one of them unlocked, of which either could have come first."""
    with closing(Outcomes(system, (), _STATES)) as outcomes:
        steps, tried = outcomes.tables.steps, set[tuple[int, int]]()
        for number in outcomes.expand():
            here = [way.step for way in outcomes.ways[number] if steps[way.step].event.actor == actor.name]
            for pair in permutations(here, 2):
                if pair not in tried and any(unlocked(steps[step].event) for step in pair):
                    tried.add(pair)
                    yield outcomes.tables.schedule([*outcomes.met.way_to(number), *pair])


def unlocked(event: Event) -> list[str]:
    """The violations of P22 in a step, in words."""
    return [note.text for note in event.broken if note.property == _ID]

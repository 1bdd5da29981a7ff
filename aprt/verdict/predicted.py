"""Whether a use after free that detectors call possible can really happen: a search for the other order.

In one execution a detector sees a use and then a free, and that nothing keeps them in this order (`detect.lifetime`).
The search looks for an execution in which the same context does the same to the object, in the same functions, after
the other context has freed it and before anybody has made it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import attrs

from aprt.core.events import Event
from aprt.core.properties import History, Property, Wrong
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.detect.detection import Detection
from aprt.detect.lifetime import BadAccess
from aprt.explore.result import Bounds, Exploration, Question
from aprt.explore.stateful import states
from aprt.verdict.case import Case
from aprt.verdict.tokens import token_of

STATES = 100_000  # to look at for each: a few seconds


@attrs.frozen(eq=False)
class Predicted:
    """What the search for the other order came to."""

    schedule: Schedule | None  # a shortest one that frees first and then uses; None where none was found
    token: str | None  # of the schedule; None where it is too long for one
    states: int  # how many states were looked at
    complete: bool  # whether these are all, so that the other order is impossible if there is no schedule
    unasked: tuple[str, ...] = ()  # numbers of properties whose violation ended executions that might have gone on


@attrs.frozen(eq=False)
class Detected:
    """A detection, and for a possible use after free what the search for it says."""

    detection: Detection
    predicted: Predicted | None = None
    cut: bool = False  # whether the search was interrupted


def predicted(
    case: Case,
    system: System,
    detections: Iterable[Detection],
    limit: int = STATES,
    interruptible: AbstractContextManager[object] | None = None,
) -> tuple[Detected, ...]:
    """These detections; for each that is only possible, with a search for it of at most `limit` states.

    A KeyboardInterrupt inside `interruptible` ends the searching: about the detections left nothing is said.

    Raises: `ReplayMismatch` when trio does not do what the explorer did.
    """
    told: list[Detected] = []
    cut = False
    for bad in detections:
        if not isinstance(bad, BadAccess) or bad.freed is None or bad.bug != "possible use-after-free":
            told.append(Detected(bad))
            continue
        late = _never_late(system, bad.use, bad.freed)
        found = None if cut else _searched(system, late, limit, interruptible or nullcontext())
        cut = found is None
        told.append(Detected(bad, cut=True) if found is None else Detected(bad, _told(case, system, late, found)))
    return tuple(told)


def _searched(
    system: System, late: Property, limit: int, interruptible: AbstractContextManager[object]
) -> Exploration | None:
    """The search for a late use; None where it was interrupted."""
    try:
        with interruptible:
            found = states.search(Question(system, (late,), Bounds(max_states=limit)))
    except KeyboardInterrupt:
        return None
    return None if found.stopped == "interrupted" else found


def _told(case: Case, system: System, late: Property, found: Exploration) -> Predicted:
    if not found.findings:
        return Predicted(None, None, found.states, found.complete, found.unasked)
    from aprt.verdict.confirm import confirm  # trio takes longer to import than most searches

    finding, _ = confirm(system, found.findings[0], late)
    return Predicted(finding.schedule, token_of(case, system, finding.schedule), found.states, found.complete)


def _never_late(system: System, use: Event, freed: Event) -> Property:
    """The property that the use never comes after the free."""
    actor = next(actor for actor in system.actors if actor.name == use.actor)
    return Property("late", "the use comes before the free", (History(False, (actor,), partial(_after, use, freed)),))


def _after(use: Event, freed: Event, dead: object, event: Event) -> bool | Wrong:
    """An automaton: its memory is whether the object is dead by `freed`; wrong is `use` while it is."""
    if dead and _same(event, use):
        return Wrong(f"{use.context} uses {use.actor} after {freed.context} has freed it")
    if not event.changed:
        return bool(dead)
    return not event.state.live and (bool(dead) or _same(event, freed))


def _same(one: Event, other: Event) -> bool:
    return (one.context, one.op, one.chain) == (other.context, other.op, other.chain)

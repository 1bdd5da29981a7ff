"""Whether a use after free can happen that detectors call possible: the other order of free and use, searched for.

Detectors see in one execution that nothing orders a use before the free that followed it (`detect.lifetime`). All
states of the case are looked at for an execution in which the same context does the same to the object, in the same
functions, after the other one has freed it, and before anybody has made it anew.
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
from aprt.explore import states
from aprt.explore.result import Bounds, Exploration, Question
from aprt.verdict.case import Case
from aprt.verdict.tokens import token_of

STATES = 100_000  # to look at for each: a few seconds


@attrs.frozen(eq=False)
class Predicted:
    """schedule: the shortest that frees first and then uses; None for none. token: of it, None where it is too long.

    states: how many were looked at; complete: all there are, so that without a schedule there is none. unasked: numbers
    of properties at whose violation executions end, so that nobody knows what else they would have come to.
    """

    schedule: Schedule | None
    token: str | None
    states: int
    complete: bool
    unasked: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class Detected:
    """A detection. predicted: what became of it where it was only possible. cut: the search for it was interrupted."""

    detection: Detection
    predicted: Predicted | None = None
    cut: bool = False


def predicted(
    case: Case,
    system: System,
    detections: Iterable[Detection],
    limit: int = STATES,
    interruptible: AbstractContextManager[object] | None = None,
) -> tuple[Detected, ...]:
    """These, with what becomes of the possible ones. limit: how many states to look at for each.

    A KeyboardInterrupt inside `interruptible` ends it: what is left is not searched for.

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
    """None where it was interrupted."""
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
    """The use never comes after the free."""
    actor = next(actor for actor in system.actors if actor.name == use.actor)
    return Property("late", "the use comes before the free", (History(False, (actor,), partial(_after, use, freed)),))


def _after(use: Event, freed: Event, dead: object, event: Event) -> bool | Wrong:
    """Whether the object has been freed by the free."""
    if dead and _same(event, use):
        return Wrong(f"{use.context} uses {use.actor} after {freed.context} has freed it")
    if not event.changed:
        return bool(dead)
    return not event.state.live and (bool(dead) or _same(event, freed))


def _same(one: Event, other: Event) -> bool:
    return (one.context, one.op, one.chain) == (other.context, other.op, other.chain)

"""One seat's piece of a search of traces: a subtree of executions, explored for a slice of time and then for another.

A seat keeps the piece that it is at, so that it can go on. Between two slices it tells what it came to, and offers what
it has not begun: whoever shares the work may give that to others, and the seat leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from aprt.core.execution import Ending
from aprt.core.exercise import Exercise
from aprt.core.lock_order import LockGraph
from aprt.core.properties import Check, Property
from aprt.explore.checking.exercised import exercised
from aprt.explore.commuting.visibility import Holding, Unordered, Visibility
from aprt.explore.parallel.crew import Forgotten, desk
from aprt.explore.result import Bounds, Origin, Question, StopOn
from aprt.explore.traces.descent import Subtree
from aprt.explore.traces.dpor import Steps, TraceSearch
from aprt.explore.watchdog import Stop, Watchdog

Labels: TypeAlias = tuple[int, ...]
Asked: TypeAlias = frozenset[tuple[int, Holding]]
"""What checks ask of contexts, by the number of the check."""


@attrs.frozen
class Job:
    """What a seat explores, piece by piece. asked: what checks have asked for by then."""

    search: str
    seat: int
    origin: Origin = attrs.field(eq=False)
    stop_on: StopOn = attrs.field(eq=False)
    certify: bool = attrs.field(eq=False)
    asked: Asked = attrs.field(eq=False)


@attrs.frozen
class Offer:
    """What a piece can be taken apart into: subtrees that are done, or being done, and others."""

    begun: tuple[Subtree, ...]
    others: tuple[Subtree, ...]


@attrs.frozen
class Outcome:
    """What a slice came to. found: by property, what is wrong and the steps that show it. ended: for each state in
    which executions end and that this process did not tell of before, one of them. order: the lock
    order that the process knows. exercise: likewise, what happened, if that is more than it told of.
    stopped: why there is no going on. wider: what a check asked for. more: whether the piece is not done. offer: if so,
    what others could do of it.
    """

    executions: int
    blocked: int
    transitions: int
    depth: int
    found: Mapping[str, tuple[str, Labels]]
    ended: tuple[tuple[Ending, Labels], ...]
    order: LockGraph | None
    exercise: Exercise | None
    stopped: str | None
    wider: tuple[int, Holding] | None
    more: bool
    offer: Offer | None


def begin(job: Job, subtree: Subtree, bounds: Bounds, slice: float) -> Outcome:
    """Explore a subtree, for so many seconds."""
    if job not in desk():
        system, properties = job.origin()
        question = Question(system, properties, bounds, job.stop_on, certify=job.certify)
        desk()[job] = TraceSearch(question, visibility(properties, job.asked), Watchdog(question))
    return _outcome(desk()[job], subtree, bounds, slice)


def go_on(job: Job, whole: bool, bounds: Bounds, slice: float) -> Outcome:
    """Go on with the subtree that was begun: with all of it, or without what was offered.

    Raises: `Forgotten` if this process did not begin it.
    """
    if job not in desk():
        raise Forgotten
    run: TraceSearch = desk()[job]
    if not whole:
        run.descent.leave()
    return _outcome(run, None, bounds, slice)


def forget(job: Job) -> None:
    """Be done with a search."""
    if job in desk():
        desk().pop(job).close()


def visibility(properties: tuple[Property, ...], asked: Asked) -> Visibility:
    """Which steps are visible to checks that have asked for this."""
    checks = _checks(properties)
    holdings: dict[Check, frozenset[Holding]] = {}
    for number, holding in asked:
        holdings[checks[number]] = holdings.get(checks[number], frozenset()) | {holding}
    return Visibility(properties, holdings)


def portable(properties: tuple[Property, ...], unordered: Unordered) -> tuple[int, Holding]:
    """What a check asked for, with its number instead of it."""
    return _checks(properties).index(unordered.check), unordered.holding


def _outcome(run: TraceSearch, subtree: Subtree | None, bounds: Bounds, slice: float) -> Outcome:
    before = run.executions, run.blocked, run.descent.taken
    learned = len(run.tables.learned)
    told = {ending: len(known) for ending, known in run.endings.items()}
    short = bounds.budget is None or slice < bounds.budget
    bounds = attrs.evolve(bounds, budget=slice) if short else bounds
    run.watchdog, stopped, wider = Watchdog(attrs.evolve(run.question, bounds=bounds)), None, None
    try:
        if subtree is not None:
            run.begin(subtree)
        run.go_on()
    except Stop as stop:
        stopped = None if short and stop.reason == "budget" else stop.reason
    except Unordered as unordered:
        wider = portable(run.question.properties, unordered)
    more = run.more and stopped is None and wider is None
    parts = run.descent.parts() if more else None
    return Outcome(
        executions=run.executions - before[0],
        blocked=run.blocked - before[1],
        transitions=run.descent.taken - before[2],
        depth=run.depth,
        found={id: (text, _labels(steps)) for id, (text, steps) in run.found.items()},
        ended=tuple(
            (ending, _labels(steps))
            for ending, known in run.endings.items()
            for steps in list(known.values())[told[ending] :]
        ),
        order=run.checks.order,
        exercise=exercised(run.question, run.tables) if len(run.tables.learned) > learned else None,
        stopped=stopped,
        wider=wider,
        more=more,
        offer=None if parts is None else Offer(tuple(parts[0]), tuple(parts[1])),
    )


def _labels(steps: Steps) -> Labels:
    return tuple(step.label for step in steps)


def _checks(properties: tuple[Property, ...]) -> list[Check]:
    return [check for property in properties for check in property.checks]

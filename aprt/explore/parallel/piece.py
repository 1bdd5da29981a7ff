"""One seat's piece of a search of traces: a subtree of executions, explored for a slice of time and then for another.

A seat keeps the piece that it is at, so that it can go on. Between two slices it tells what it came to, races with the
steps that lead to the piece among that, and may be asked to leave to others what it has not begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypeAlias

import attrs

from aprt.core.exercise import Exercise
from aprt.core.lock_order import LockGraph
from aprt.core.properties import Check, Property
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation
from aprt.explore.commuting.visibility import Holding, Unordered, Visibility
from aprt.explore.parallel.crew import Forgotten, desk
from aprt.explore.parallel.endings import Ended, Teller
from aprt.explore.parallel.forks import News
from aprt.explore.result import Bounds, Origin, Question, StopOn
from aprt.explore.traces.descent import WHOLE, Labels, Parts, Subtree
from aprt.explore.traces.dpor import Steps, TraceSearch
from aprt.explore.traces.wakeup_tree import Branch
from aprt.explore.watchdog import Stop, Watchdog

Asked: TypeAlias = frozenset[tuple[int, Holding]]
"""What checks ask of contexts, by the number of the check."""


@attrs.frozen
class Job:
    """What a seat explores, piece by piece. asked: what checks have asked for by then. lost: how often its worker was
    lost before: if that one is still there, it does not go on with what it knew.
    """

    search: str
    seat: int
    origin: Origin = attrs.field(eq=False)
    stop_on: StopOn = attrs.field(eq=False)
    certify: bool = attrs.field(eq=False)
    asked: Asked = attrs.field(eq=False)
    lost: int = 0


@attrs.frozen
class Outcome:
    """What a slice came to. transitions: steps of the executions. found: by property, what is wrong and the steps that
    show it. wrong: what was said to be wrong, and ended: the states in which executions end, of which this process did
    not tell before.
    order: the lock order that the process knows. exercise: likewise, what happened, if the piece is done and that is
    more than it told of.
    elsewhere: as in `TraceSearch`. stopped: why there is no going on. wider: what a check asked for. more: whether the
    piece is not done.
    """

    executions: int
    blocked: int
    transitions: int
    depth: int
    found: Mapping[str, tuple[str, Labels]]
    wrong: frozenset[Violation]
    ended: tuple[Ended, ...]
    order: LockGraph | None
    exercise: Exercise | None
    elsewhere: tuple[tuple[int, Labels], ...]
    stopped: str | None
    wider: tuple[int, Holding] | None
    more: bool


@attrs.define(eq=False)
class _Seat:
    """forks: by number, what begins there. wrong: what was told of. learned: how many local steps were
    (`Outcome.exercise`).
    """

    run: TraceSearch
    teller: Teller = attrs.field(factory=Teller)
    forks: dict[int, list[Branch]] = attrs.field(factory=dict)
    wrong: frozenset[Violation] = frozenset()
    learned: int = 0

    def hear(self, news: Sequence[News]) -> None:
        """Of the nodes before the present piece. Raises: `Forgotten` when what was told before is not known."""
        descent = self.run.descent
        for node, new in enumerate(news):
            if new.tree is not None:
                # what this process has found for a branch that waits is kept
                known = {branch.step.label: branch for branch in self.forks.get(new.fork, ()) if branch.branches}
                told = descent.tree(node, new.tree)
                self.forks[new.fork] = [known.get(way.step.label, way) if way.branches else way for way in told]
            elif new.fork not in self.forks:
                raise Forgotten
        later = [self.forks[new.fork][new.before :] for new in news]
        descent.elsewhere = [(branches, len(branches)) for branches in later]

    def exercise(self) -> Exercise | None:
        learned, self.learned = self.learned, len(self.run.tables.learned)
        return exercised(self.run.question, self.run.tables) if self.learned > learned else None


def begin(
    job: Job, news: Sequence[News], subtree: Subtree, asleep: Sequence[Labels], bounds: Bounds, slice: float
) -> Outcome:
    """Explore a subtree, for so many seconds. asleep: by node before it, what is explored before."""
    if job not in desk():
        system, properties = job.origin()
        question = Question(system, properties, bounds, job.stop_on, certify=job.certify)
        run = TraceSearch(question, visibility(properties, job.asked), Watchdog(question))
        desk()[job] = _Seat(run)
    return _outcome(desk()[job], news, (subtree, asleep), bounds, slice)


def go_on(job: Job, news: Sequence[News], bounds: Bounds, slice: float) -> Outcome:
    """Go on with the subtree that was begun.

    Raises: `Forgotten` if this process did not begin it.
    """
    return _outcome(_seat(job), news, None, bounds, slice)


def leave(job: Job) -> Parts | None:
    """Leave to others what is not begun, if there is something. Raises: likewise."""
    return _seat(job).run.descent.leave()


def _seat(job: Job) -> _Seat:
    if job not in desk():
        raise Forgotten
    seat: _Seat = desk()[job]
    return seat


def forget(job: Job) -> None:
    """Be done with a search."""
    if job in desk():
        desk().pop(job).run.close()


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


def _outcome(
    seat: _Seat,
    news: Sequence[News],
    new: tuple[Subtree, Sequence[Labels]] | None,
    bounds: Bounds,
    slice: float,
) -> Outcome:
    run = seat.run
    before = run.executions, run.blocked, run.length
    told = {ending: len(known) for ending, known in run.endings.items()}
    short = bounds.budget is None or slice < bounds.budget
    bounds = attrs.evolve(bounds, budget=slice) if short else bounds
    run.watchdog, stopped, wider = Watchdog(attrs.evolve(run.question, bounds=bounds)), None, None
    try:
        if new is not None:
            subtree, asleep = new
            run.begin(WHOLE)  # so that all steps are new
            run.begin(subtree)
            run.descent.know(asleep)
        seat.hear(news)
        run.elsewhere = []
        run.go_on()
    except Stop as stop:
        stopped = None if short and stop.reason == "budget" else stop.reason
    except Unordered as unordered:
        wider = portable(run.question.properties, unordered)
    more = run.more and stopped is None and wider is None
    wrong, seat.wrong = run.checks.wrong - seat.wrong, frozenset(run.checks.wrong)
    return Outcome(
        executions=run.executions - before[0],
        blocked=run.blocked - before[1],
        transitions=run.length - before[2],
        depth=run.depth,
        found={id: (text, _labels(steps)) for id, (text, steps) in run.found.items()},
        wrong=frozenset(wrong),
        ended=tuple(
            seat.teller.tell(ending, run.checks.packing.numbers(state), steps)
            for ending, known in run.endings.items()
            for state, steps in islice(known.items(), told[ending], None)
        ),
        order=run.checks.order,
        exercise=None if more else seat.exercise(),
        elsewhere=tuple(run.elsewhere),
        stopped=stopped,
        wider=wider,
        more=more,
    )


def _labels(steps: Steps) -> Labels:
    return tuple(step.label for step in steps)


def _checks(properties: tuple[Property, ...]) -> list[Check]:
    return [check for property in properties for check in property.checks]

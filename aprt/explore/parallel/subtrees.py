"""Strategy "dpor" by a crew: the first steps are taken in every way, and what comes after each is a piece of work.

A piece is a subtree of executions: the steps it begins with, and the steps that sleep behind them because an earlier
subtree begins with them (sleep sets: Godefroid, LNCS 1032, 1996). So no two pieces have a trace in common, none is
left out, and a piece needs to know of no other: races with the steps it begins with are covered by its neighbours.
Traces, and the states in which they end, are counted as by one process. The price is that some pieces come to nothing,
or have an execution that finds out in the end that it is covered: those are counted as sleep set blocked, and one
process has none. States along the way are not counted: no process sees them all.

What checks ask of contexts (`explore.visibility`) shows in some piece: then everything begins anew with more order.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

import attrs

from aprt.core.errors import UserError
from aprt.core.execution import Ending
from aprt.core.exercise import Exercise
from aprt.core.lock_order import LockGraph
from aprt.core.properties import Check, Finding, Property
from aprt.explore import dpor
from aprt.explore.descent import WHOLE, Subtree
from aprt.explore.dpor import Steps, TraceSearch
from aprt.explore.exercised import exercised
from aprt.explore.packing import INITIAL
from aprt.explore.parallel.crew import Crew, desk, scatter
from aprt.explore.parallel.part import Origin
from aprt.explore.result import Bounds, Exploration, Question, StopOn
from aprt.explore.visibility import Holding, Unordered, Visibility
from aprt.explore.wander import wander
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

Labels: TypeAlias = tuple[int, ...]
Asked: TypeAlias = frozenset[tuple[int, Holding]]
"""What checks ask of contexts, by the number of the check."""

_ALONE = 0.1  # seconds in which one process may finish
_PIECES = 8  # for each seat
_EXPANSIONS = 1_000  # to make them


@attrs.frozen
class _Task:
    """A piece of a search. It prints as what is lost if it cannot be done."""

    search: str = attrs.field(repr=False)
    origin: Origin = attrs.field(repr=False)
    stop_on: StopOn = attrs.field(repr=False)
    bounds: Bounds = attrs.field(repr=False)
    certify: bool = attrs.field(repr=False)
    asked: Asked = attrs.field(repr=False)
    subtree: Subtree


@attrs.frozen
class _Outcome:
    """What a piece came to. found: by property, what is wrong and the steps that show it. ended: for each state in
    which executions end and that this process did not tell of before, one of them. order: the lock
    order that the process knows. exercise: likewise, what happened, if that is more than it told of.
    wider: what a check asked for."""

    executions: int
    blocked: int
    transitions: int
    depth: int
    found: Mapping[str, tuple[str, Labels]]
    ended: tuple[tuple[Ending, Labels], ...]
    order: LockGraph | None
    exercise: Exercise | None
    stopped: str | None = None
    wider: tuple[int, Holding] | None = None


def search(question: Question, origin: Origin, crew: Crew, alone: float = _ALONE) -> Exploration:
    """Explore all traces of what `origin` makes, as `question` says. alone: seconds that one process tries it first.

    Raises: `UserError` for a bound of states.
    """
    bounds = question.bounds
    if bounds.max_states is not None:
        raise UserError("--max-states is for one process when traces are explored: leave out --jobs and --cluster")
    if alone:
        budget = alone if bounds.budget is None else min(alone, bounds.budget)
        first = dpor.search(attrs.evolve(question, bounds=attrs.evolve(bounds, budget=budget)))
        if first.stopped != "budget" or budget == bounds.budget:
            return first
    watchdog, asked = Watchdog(question), Asked()
    while True:
        run = _Search(question, origin, crew, watchdog, asked)
        try:
            return run.explore()
        except _Wider as wider:
            asked |= {wider.asked}
        finally:
            run.close()


class _Wider(Exception):
    """A check asked for more."""

    def __init__(self, asked: tuple[int, Holding]) -> None:
        super().__init__(asked)
        self.asked = asked


class _Search:
    def __init__(self, question: Question, origin: Origin, crew: Crew, watchdog: Watchdog, asked: Asked) -> None:
        self.question, self.origin, self.crew, self.watchdog, self.asked = question, origin, crew, watchdog, asked
        self.id = uuid.uuid4().hex
        # takes the steps that others tell of
        self.traces = TraceSearch(
            attrs.evolve(question, stop_on="all"), _visibility(question.properties, asked), watchdog
        )
        self.executions = self.blocked = self.transitions = self.depth = 0
        self.found: dict[str, tuple[str, Labels]] = {}
        self.exercise = Exercise()
        self.endings: dict[Ending, set[int]] = {"end": set(), "deadlock": set(), "oops": set(), "cut": set()}

    def close(self) -> None:
        self.traces.close()
        for seat in range(self.crew.seats):
            self.crew.submit(seat, _forget, self.id)

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> str | None:
        try:
            for id, text in self.traces.checks.start(self.traces.tables.first):
                self.found[id] = text, ()
            self._stop_if_found()
            bounds, stop_on, certify = self.question.bounds, self.question.stop_on, self.question.certify
            tasks = (
                _Task(self.id, self.origin, stop_on, bounds.after(self.watchdog.seconds), certify, self.asked, subtree)
                for subtree in self._pieces()
            )
            for _, outcome in scatter(self.crew, _explore, tasks):
                self._count(outcome)
            return "max_depth" if self.endings["cut"] else None
        except Unordered as unordered:
            raise _Wider(_portable(self.question.properties, unordered)) from None

    def _pieces(self) -> list[Subtree]:
        """Enough subtrees for everybody, the large ones first: those are taken apart, and begun, before the others."""
        wander(self.traces.local, self.traces.tables, self.traces.tables.packing.numbers(INITIAL))
        numbers = count()
        todo, ends = [(_smallness(WHOLE), next(numbers), WHOLE)], list[Subtree]()
        most = self.question.bounds.max_depth
        for _ in range(_EXPANSIONS):
            if not todo or len(todo) + len(ends) >= _PIECES * self.crew.seats:
                break
            _, _, subtree = heappop(todo)
            children = None if len(subtree.steps) == most else self.traces.descent.children(subtree)
            if children is None:
                ends.append(subtree)
            else:
                self.blocked += not children
                self.executions += not children
                for child in children:
                    heappush(todo, (_smallness(child), next(numbers), child))
        return [*(subtree for _, _, subtree in sorted(todo)), *ends]

    def _count(self, outcome: _Outcome) -> None:
        if outcome.wider is not None:
            raise _Wider(outcome.wider)
        self.executions += outcome.executions
        self.blocked += outcome.blocked
        self.transitions += outcome.transitions
        self.depth = max(self.depth, outcome.depth)
        for id, (text, steps) in outcome.found.items():
            if id not in self.found or len(steps) < len(self.found[id][1]):
                self.found[id] = text, steps
        for ending, steps in outcome.ended:
            self.traces.begin(Subtree(steps))
            self.endings[ending].add(self.traces.descent.states[-1])
        if self.traces.checks.order is not None and outcome.order is not None:
            self.traces.checks.order.merge(outcome.order)
        if outcome.exercise is not None:
            self.exercise |= outcome.exercise
        if outcome.stopped is not None:
            raise Stop(outcome.stopped)
        self.watchdog.look(self.executions, 0, self.transitions, self.depth)

    def _stop_if_found(self) -> None:
        if self.found and self.question.stop_on == "first":
            raise Stop("violation")

    def _answer(self, stopped: str | None) -> Exploration:
        found, seconds = sorted(self.found.items(), key=lambda item: len(item[1][1])), self.watchdog.seconds
        return Exploration(
            strategy="dpor",
            stopped=stopped,
            findings=tuple(self._finding(id, text, steps) for id, (text, steps) in found),
            states=0,
            transitions=self.transitions,
            executions=self.executions,
            depth=self.depth,
            ends=len(self.endings["end"]),
            deadlocks=len(self.endings["deadlock"]),
            oopses=len(self.endings["oops"]),
            unasked=tuple(sorted(self.traces.checks.unasked)),
            seconds=seconds,
            unmerged=tuple(sorted(self.traces.tables.unmerged)),
            traces=self.executions - self.blocked,
            sleep_blocked=self.blocked,
            lock_order=self.traces.checks.order,
            exercise=None if stopped else self.exercise | exercised(self.question, self.traces.tables),
        )

    def _finding(self, id: str, text: str, steps: Labels) -> Finding:
        self.traces.begin(Subtree(steps))
        return Finding(id, text, self.traces.tables.schedule([step.number for step in self.traces.execution.steps]))


def _smallness(subtree: Subtree) -> int:
    """Roughly, how often the traces were halved on the way there: each step has alternatives, each sleeper is one."""
    return len(subtree.steps) + len(subtree.asleep)


def _explore(task: _Task) -> _Outcome:
    if task.search not in desk() or desk()[task.search][0] != task.asked:
        _forget(task.search)
        system, properties = task.origin()
        question = Question(system, properties, task.bounds, task.stop_on, certify=task.certify)
        desk()[task.search] = task.asked, TraceSearch(question, _visibility(properties, task.asked), Watchdog(question))
    run: TraceSearch = desk()[task.search][1]
    return _outcome(run, task)


def _outcome(run: TraceSearch, task: _Task) -> _Outcome:
    before = run.executions, run.blocked, run.descent.taken
    learned = len(run.tables.learned)
    told = {ending: len(known) for ending, known in run.endings.items()}
    run.watchdog, stopped, wider = Watchdog(attrs.evolve(run.question, bounds=task.bounds)), None, None
    try:
        run.run(task.subtree)
    except Stop as stop:
        stopped = stop.reason
    except Unordered as unordered:
        wider = _portable(run.question.properties, unordered)
    return _Outcome(
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
    )


def _labels(steps: Steps) -> Labels:
    return tuple(step.label for step in steps)


def _forget(search: str) -> None:
    if search in desk():
        desk().pop(search)[1].close()


def _checks(properties: tuple[Property, ...]) -> list[Check]:
    return [check for property in properties for check in property.checks]


def _portable(properties: tuple[Property, ...], unordered: Unordered) -> tuple[int, Holding]:
    return _checks(properties).index(unordered.check), unordered.holding


def _visibility(properties: tuple[Property, ...], asked: Asked) -> Visibility:
    checks = _checks(properties)
    holdings: dict[Check, frozenset[Holding]] = {}
    for number, holding in asked:
        holdings[checks[number]] = holdings.get(checks[number], frozenset()) | {holding}
    return Visibility(properties, holdings)

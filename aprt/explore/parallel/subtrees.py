"""Strategy "dpor" by a crew: the first steps are taken in every way, and what comes after each is a piece of work.

A piece is a subtree of executions: the steps it begins with, and the steps that sleep behind them because an earlier
subtree begins with them (sleep sets: Godefroid, LNCS 1032, 1996). So no two pieces have a trace in common, none is
left out, and a piece needs to know of no other: races with the steps it begins with are covered by its neighbours.
Traces, and the states in which they end, are counted as by one process. The price is that some pieces come to nothing,
or have an execution that finds out in the end that it is covered: those are counted as sleep set blocked, and one
process has none. States along the way are not counted: no process sees them all.

Pieces differ in size, and nobody knows by how much. So a seat explores its piece slice by slice, and when another has
nothing to do, it leaves to that what it has not begun (`Descent.parts`).

What checks ask of contexts (`explore.commuting.visibility`) shows in some piece: then everything begins anew with more
order.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from heapq import heappop, heappush
from itertools import count

import attrs

from aprt.core.errors import UserError
from aprt.core.execution import Ending
from aprt.core.exercise import Exercise
from aprt.core.finding import Finding
from aprt.explore.checking.exercised import exercised
from aprt.explore.commuting.visibility import Holding, Unordered
from aprt.explore.learned.packing import INITIAL
from aprt.explore.parallel.crew import PATIENCE, Crew, Forgotten, Pending
from aprt.explore.parallel.piece import (
    Asked,
    Job,
    Labels,
    Offer,
    Outcome,
    begin,
    forget,
    go_on,
    portable,
    visibility,
)
from aprt.explore.persistent_sets.wander import wander
from aprt.explore.result import Exploration, Origin, Question
from aprt.explore.traces import dpor
from aprt.explore.traces.descent import WHOLE, Subtree
from aprt.explore.traces.dpor import TraceSearch
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

_ALONE = 0.05  # seconds in which one process may finish: about what it takes to share the work
_SLICE = 0.1  # seconds after which a seat may be asked to leave something to others
_PIECES = 8  # for each seat, to begin with
_EXPANSIONS = 1_000  # to make them


@attrs.define(eq=False)
class _Run:
    """What a seat is at. begun: subtrees that it is to explore; the last one is not done. tries: how many workers began
    them. executions, blocked, transitions: of what is done of them.
    """

    begun: tuple[Subtree, ...]
    tries: int
    executions: int = 0
    blocked: int = 0
    transitions: int = 0

    def count(self, outcome: Outcome) -> None:
        self.executions += outcome.executions
        self.blocked += outcome.blocked
        self.transitions += outcome.transitions


def search(
    question: Question,
    origin: Origin,
    crew: Crew,
    alone: float = _ALONE,
    slice: float = _SLICE,
    pieces: int = _PIECES,
) -> Exploration:
    """Explore all traces of what `origin` makes, as `question` says. alone: seconds that one process tries it first.
    slice: seconds after which a seat may be asked to leave something to others. pieces: for each seat, to begin with.

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
        run = _Search(question, origin, crew, watchdog, asked, slice, pieces)
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
    """todo: subtrees that nobody is at, with how many workers have begun, and died over, each. runs: by seat."""

    def __init__(
        self,
        question: Question,
        origin: Origin,
        crew: Crew,
        watchdog: Watchdog,
        asked: Asked,
        slice: float,
        pieces: int,
    ) -> None:
        self.question, self.crew, self.watchdog, self.slice, self.pieces = question, crew, watchdog, slice, pieces
        id, stop_on, certify = uuid.uuid4().hex, question.stop_on, question.certify
        self.jobs = [Job(id, seat, origin, stop_on, certify, asked) for seat in range(crew.seats)]
        self.todo = deque[tuple[Subtree, int]]()
        self.idle = list(range(crew.seats))
        self.busy: dict[Pending[Outcome], int] = {}
        self.runs: dict[int, _Run] = {}
        # takes the steps that others tell of
        self.traces = TraceSearch(
            attrs.evolve(question, stop_on="all"), visibility(question.properties, asked), watchdog
        )
        self.executions = self.blocked = self.transitions = self.depth = 0
        self.found: dict[str, tuple[str, Labels]] = {}
        self.exercise = Exercise()
        self.endings: dict[Ending, set[int]] = {"end": set(), "deadlock": set(), "oops": set(), "cut": set()}

    def close(self) -> None:
        self.traces.close()
        for job in self.jobs:
            self.crew.submit(job.seat, forget, job)

    def explore(self) -> Exploration:
        return self._answer(until_stopped(self._search))

    def _search(self) -> str | None:
        try:
            for id, text in self.traces.checks.start(self.traces.tables.first):
                self.found[id] = text, ()
            self._stop_if_found()
            self.todo.extend((subtree, 0) for subtree in self._pieces())
            self._share()
            return "max_depth" if self.endings["cut"] else None
        except Unordered as unordered:
            raise _Wider(portable(self.question.properties, unordered)) from None

    def _share(self) -> None:
        """Have everything done by whichever seat is free, slice by slice. What a worker died over is done again."""
        self._occupy()
        while self.busy:
            for done in self.crew.wait(self.busy):
                seat = self.busy.pop(done)
                try:
                    outcome = done.result()
                except (BrokenExecutor, Forgotten):
                    self._lose(seat)
                    continue
                if outcome.more:
                    self.runs[seat].count(outcome)
                    self._go_on(seat, outcome.offer)
                else:
                    self.idle.append(seat)
                self._occupy()
                self._count(outcome)

    def _occupy(self) -> None:
        """Give the seats that are idle something to do."""
        while self.idle and self.todo:
            seat, (subtree, tries) = self.idle.pop(), self.todo.popleft()
            self.runs[seat] = _Run((subtree,), tries + 1)
            self._submit(seat, begin, subtree)

    def _go_on(self, seat: int, offer: Offer | None) -> None:
        """Have a seat go on, without what it offers if there are seats with nothing to do."""
        taken = offer is not None and len(self.idle) > len(self.todo)
        if offer is not None and taken:
            run = self.runs[seat]
            run.begun = (*run.begun[:-1], *offer.begun)
            self.todo.extend((subtree, 0) for subtree in offer.others)
        self._submit(seat, go_on, not taken)

    def _submit(self, seat: int, work: Callable[..., Outcome], what: Subtree | bool) -> None:
        bounds = self.question.bounds.after(self.watchdog.seconds)
        self.busy[self.crew.submit(seat, work, self.jobs[seat], what, bounds, self.slice)] = seat

    def _lose(self, seat: int) -> None:
        """What a worker was at when it died is for others. Raises: `UserError` when too many have died over it."""
        run = self.runs[seat]
        if run.tries == PATIENCE:
            raise UserError(f"{PATIENCE} workers died over {run.begun[-1]} (out of memory?)")
        self.executions -= run.executions
        self.blocked -= run.blocked
        self.transitions -= run.transitions
        self.crew.refill(seat)
        self.todo.extendleft((subtree, run.tries) for subtree in run.begun)
        self.idle.append(seat)
        self._occupy()

    def _pieces(self) -> list[Subtree]:
        """Enough subtrees for everybody, the large ones first: those are taken apart, and begun, before the others."""
        wander(self.traces.local, self.traces.tables, self.traces.tables.packing.numbers(INITIAL))
        numbers = count()
        todo, ends = [(_smallness(WHOLE), next(numbers), WHOLE)], list[Subtree]()
        most = self.question.bounds.max_depth
        for _ in range(_EXPANSIONS):
            if not todo or len(todo) + len(ends) >= self.pieces * self.crew.seats:
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

    def _count(self, outcome: Outcome) -> None:
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

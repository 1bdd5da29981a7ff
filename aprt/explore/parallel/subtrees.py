"""Strategy "dpor" by a crew: what a search has not begun is a piece of work for whoever has nothing to do.

A piece is a subtree of executions: the steps it begins with, the steps that sleep behind them because an earlier
subtree begins with them (sleep sets: Godefroid, LNCS 1032, 1996), and a wakeup tree. Pieces differ in size, and nobody
knows by how much: a seat explores its piece slice by slice, and unless there is something for whoever is done next, it
leaves to others what it has not begun (`Descent.leave`). So pieces have no trace in common, and none is begun in vain.

The steps that lead to a piece may race with steps in it. What reverses such a race belongs at a node from which several
pieces begin; this process knows all that begins there (`parallel.forks`). The branches of such a node come in another
order than in one process, but what is counted is the same: traces, their steps, and the states in which they end; where
a depth cuts traces, how many there are depends on the order. Which states are on the way depends on it, too, so those
are not counted. What a worker had begun when it died is explored without what others found for it, in one piece, and
executions may turn out to be covered in the end: these are counted as sleep set blocked, and else there are none.

What checks ask of contexts (`explore.commuting.visibility`) shows in some piece: then everything begins anew with more
order.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor

import attrs

from aprt.core.errors import UserError, WorkersLost
from aprt.core.execution import Ending
from aprt.core.exercise import Exercise
from aprt.core.finding import Finding
from aprt.explore.checking.exercised import exercised
from aprt.explore.commuting.visibility import Holding, Unordered
from aprt.explore.parallel.crew import PATIENCE, Crew, Forgotten, Pending
from aprt.explore.parallel.endings import Numbers, Reader
from aprt.explore.parallel.forks import Forks, Piece
from aprt.explore.parallel.piece import (
    Asked,
    Job,
    Outcome,
    begin,
    forget,
    go_on,
    leave,
    portable,
    visibility,
)
from aprt.explore.result import Exploration, Origin, Question
from aprt.explore.traces import dpor
from aprt.explore.traces.descent import Labels, Subtree
from aprt.explore.traces.dpor import TraceSearch
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

_ALONE = 0.05  # seconds in which one process may finish: about what it takes to share the work
_SLICE = 0.1  # seconds after which a seat may be asked to leave something to others
_SOME = 32  # sequences: what takes some milliseconds


@attrs.define(eq=False)
class _Run:
    """What a seat is at. begun: pieces that it is to explore; the last one is not done. executions, blocked,
    transitions: of what is done of them.
    """

    begun: tuple[Piece, ...]
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
) -> Exploration:
    """Explore all traces of what `origin` makes, as `question` says. alone: seconds that one process tries it first.
    slice: seconds after which a seat may be asked to leave something to others.

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
        run = _Search(question, origin, crew, watchdog, asked, slice)
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
    """todo: pieces that nobody is at. runs: by seat. told, readers: likewise what the process knows of forks
    (`Forks.news`), and of what it tells.

    heard: what is not taken yet: wakeup sequences that a piece has found for a node on the way to it, and behind those
    None if that was all.
    """

    def __init__(
        self,
        question: Question,
        origin: Origin,
        crew: Crew,
        watchdog: Watchdog,
        asked: Asked,
        slice: float,
    ) -> None:
        self.question, self.crew, self.watchdog, self.slice = question, crew, watchdog, slice
        id, stop_on, certify = uuid.uuid4().hex, question.stop_on, question.certify
        self.jobs = [Job(id, seat, origin, stop_on, certify, asked) for seat in range(crew.seats)]
        self.todo = deque([Piece()])
        self.idle = list(range(crew.seats))
        self.busy: dict[Pending[Outcome], int] = {}
        self.runs: dict[int, _Run] = {}
        self.heard: deque[tuple[Piece, tuple[int, Labels] | None]] = deque()
        # takes the steps that others tell of
        self.traces = TraceSearch(
            attrs.evolve(question, stop_on="all"), visibility(question.properties, asked), watchdog
        )
        self.forks = Forks(self.traces)
        self.told: list[dict[int, int]] = [{} for _ in self.jobs]
        self.executions = self.blocked = self.transitions = self.depth = 0
        self.found: dict[str, tuple[str, Labels]] = {}
        self.exercise = Exercise()
        self.readers = [Reader() for _ in self.jobs]
        self.endings: dict[Ending, set[Numbers]] = {"end": set(), "deadlock": set(), "oops": set(), "cut": set()}

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
            self._share()
            return "max_depth" if self.endings["cut"] else None
        except Unordered as unordered:
            raise _Wider(portable(self.question.properties, unordered)) from None

    def _share(self) -> None:
        """Have everything done by whichever seat is free, slice by slice. What a worker died over is done again.

        Seats come first: none of them waits until what others have told is taken.
        """
        self._occupy()
        while self.busy or self.heard:
            for done in self.crew.wait(self.busy, 0.0 if self.heard else None):
                seat = self.busy.pop(done)
                try:
                    self._hear(seat, done.result())
                except (BrokenExecutor, Forgotten):
                    self._lose(seat)
            self._take()
            self._occupy()

    def _hear(self, seat: int, outcome: Outcome) -> None:
        """What a seat has come to with its piece."""
        run = self.runs[seat]
        piece = run.begun[-1]
        self.heard.extend((piece, found) for found in outcome.elsewhere)
        if outcome.more:
            self._go_on(seat)
        else:
            self.heard.append((piece, None))
            self.idle.append(seat)
        run.count(outcome)
        self._count(outcome, self.readers[seat])

    def _take(self) -> None:
        """Take some of what was heard."""
        for _ in range(min(_SOME, len(self.heard))):
            piece, found = self.heard.popleft()
            if found is None:
                self.todo.extend(self.forks.finish(piece))
            elif (begun := self.forks.insert(piece, *found)) is not None:
                self.todo.append(begun)

    def _occupy(self) -> None:
        """Give the seats that are idle something to do."""
        if self.idle and not self.todo and self.busy:
            # what is deeper is smaller than what others will soon leave
            depth = max(len(self.runs[seat].begun[-1].subtree.steps) for seat in self.busy.values())
            self.todo.extend(self.forks.open(depth + 1))
        while self.idle and self.todo:
            seat, piece = self.idle.pop(), self.todo.popleft()
            piece = attrs.evolve(piece, tries=piece.tries + 1)
            self.runs[seat] = _Run((piece,))
            self._submit(seat, begin, piece.subtree, self.forks.asleep(piece))

    def _go_on(self, seat: int) -> None:
        """Have a seat go on; without what it has not begun, unless there is something for whoever is done next."""
        run = self.runs[seat]
        piece = run.begun[-1]
        # what is done once more is not taken apart: what was found for its branches has gone with the worker
        if len(self.todo) <= len(self.idle) and piece.tries == 1:
            parts = self.crew.submit(seat, leave, self.jobs[seat]).result()
            if parts is not None:
                begun, others = self.forks.take_apart(piece, parts)
                run.begun = (*run.begun[:-1], *begun)
                self.todo.extend(others)
        self._submit(seat, go_on)

    def _submit(self, seat: int, work: Callable[..., Outcome], *what: object) -> None:
        news = self.forks.news(self.runs[seat].begun[-1], self.told[seat])
        bounds = self.question.bounds.after(self.watchdog.seconds)
        self.busy[self.crew.submit(seat, work, self.jobs[seat], news, *what, bounds, self.slice)] = seat

    def _lose(self, seat: int) -> None:
        """What a worker was at when it died is for others. Raises: `WorkersLost` when too many have died over it."""
        run = self.runs[seat]
        if run.begun[-1].tries == PATIENCE:
            raise WorkersLost(f"{PATIENCE} workers died over a piece of the traces (out of memory?)")
        self.executions -= run.executions
        self.blocked -= run.blocked
        self.transitions -= run.transitions
        self.told[seat], self.readers[seat] = {}, Reader()
        self.crew.refill(seat)
        self.crew.submit(seat, forget, self.jobs[seat])  # a cluster may have sent the work elsewhere
        self.jobs[seat] = attrs.evolve(self.jobs[seat], lost=self.jobs[seat].lost + 1)
        self.todo.extendleft(run.begun)
        self.idle.append(seat)

    def _count(self, outcome: Outcome, reader: Reader) -> None:
        if outcome.wider is not None:
            raise _Wider(outcome.wider)
        self.executions += outcome.executions
        self.blocked += outcome.blocked
        self.transitions += outcome.transitions
        self.depth = max(self.depth, outcome.depth)
        for id, (text, steps) in outcome.found.items():
            if id not in self.found or len(steps) < len(self.found[id][1]):
                self.found[id] = text, steps
        self.traces.checks.wrong |= outcome.wrong
        for ending, numbers, way in outcome.ended:
            if way is not None:
                self.traces.begin(Subtree(way))
                reader.learn(numbers, self.traces.checks.packing.numbers(self.traces.descent.states[-1]))
            self.endings[ending].add(reader.read(numbers))
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
            wrong=frozenset(self.traces.checks.wrong),
            lock_order=self.traces.checks.order,
            exercise=None if stopped else self.exercise | exercised(self.question, self.traces.tables),
        )

    def _finding(self, id: str, text: str, steps: Labels) -> Finding:
        self.traces.begin(Subtree(steps))
        return Finding(id, text, self.traces.tables.schedule([step.number for step in self.traces.execution.steps]))

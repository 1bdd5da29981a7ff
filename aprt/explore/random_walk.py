"""Strategy "random": executions that take any possible step with equal chance.

Never complete. How much is left is estimated by Good and Turing (Good, Biometrika 40, 1953): the chance that the
next execution shows a trace not seen before is about the share of executions whose trace was seen exactly once.
Traces are told apart by their Foata normal form.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable

from aprt.core.properties import Finding
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.checks import Checks, Note, Violation, violated
from aprt.explore.independence import StepInfo, foata
from aprt.explore.packing import INITIAL
from aprt.explore.result import Exploration, Question
from aprt.explore.tables import Tables
from aprt.explore.watchdog import Stop, Watchdog

_MAX_STEPS = 10_000  # where an execution is cut when no depth is given: loops may never end
_PATIENCE = 100  # executions per sample asked for


def search(question: Question) -> Exploration:
    """Do `question.runs` executions, within the bounds. The finding of a property is the first one seen."""
    walks = _Walks(question)
    try:
        return walks.explore()
    finally:
        walks.tables.close()


def sample_schedules(system: System, count: int, seed: int) -> tuple[Schedule, ...]:
    """Schedules of `count` executions, no two of them of one trace; fewer when no more are met.

    An execution that does not end is cut, as in `search`.
    """
    walks = _Walks(Question(system, (), seed=seed))
    samples: dict[Hashable, Schedule] = {}
    try:
        for _ in range(_PATIENCE * count):
            steps = walks.execution()
            samples.setdefault(walks.trace(steps), walks.tables.schedule(steps))
            if len(samples) == count:
                break
    finally:
        walks.tables.close()
    return tuple(samples.values())


class _Walks:
    """Executions drawn at random, and what they showed."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.checks = Checks(question.properties, question.system)
        self.tables: Tables[Note] = Tables(question.system, self.checks.packing, self.checks.note)
        self.random = random.Random(question.seed)
        self.states = {INITIAL}
        self.ends: set[int] = set()
        self.deadlocks: set[int] = set()
        self.oopses: set[int] = set()
        self.traces: Counter[int] = Counter()
        self.found: dict[str, Finding] = {}
        self.executions = self.transitions = self.depth = 0
        self.watchdog = Watchdog(question)

    def explore(self) -> Exploration:
        try:
            self._record(self.checks.start(), [])
            for _ in range(self.question.runs):
                steps = self.execution()
                self.executions += 1
                # a hash is enough: two traces share one with a chance of 2**-64
                self.traces[hash(self.trace(steps))] += 1
            stopped = "runs"
        except Stop as stop:
            stopped = stop.reason
        except KeyboardInterrupt:
            stopped = "interrupted"
        return self._answer(stopped)

    def execution(self) -> list[int]:
        """One execution, as the numbers of its steps."""
        limit = self.question.bounds.max_depth
        state, steps = INITIAL, list[int]()
        while len(steps) < (_MAX_STEPS if limit is None else limit):
            moves = self.tables.moves(state)
            if not moves:
                self._terminal(state, steps)
                break
            delta, step, (watch, judges) = self.random.choice(moves)
            successor = state + delta
            violations: list[Violation] = []
            if watch is not None:
                successor, violations = watch.look(state, successor)
            steps.append(step)
            self._enter(successor, len(steps))
            self._record(violations + violated(judges, successor), steps)
            if watch is not None and watch.oops:
                self.oopses.add(successor)
                break
            state = successor
        return steps

    def trace(self, steps: list[int]) -> Hashable:
        """The normal form of an execution."""
        return foata(StepInfo.of(self.tables.steps[number].event) for number in steps)

    def _enter(self, state: int, depth: int) -> None:
        self.transitions += 1
        self.depth = max(self.depth, depth)
        if state not in self.states:
            if len(self.states) == self.question.bounds.max_states:
                raise Stop("max_states")
            self.states.add(state)
        if not self.transitions & 255:
            self.watchdog.look(self.executions, len(self.states), self.transitions, self.depth)

    def _terminal(self, state: int, steps: list[int]) -> None:
        """In a state without steps."""
        waiting = self.tables.waiting(state)
        if waiting:
            self.deadlocks.add(state)
            self._record(self.checks.deadlock(waiting), steps)
        else:
            self.ends.add(state)
            self._record(self.checks.end(state), steps)

    def _record(self, violations: list[Violation], steps: list[int]) -> None:
        for id, text in violations:
            if id not in self.found:
                self.found[id] = Finding(id, text, self.tables.schedule(steps))
            if self.question.stop_on == "first":
                raise Stop("violation")

    def _answer(self, stopped: str) -> Exploration:
        once = sum(1 for count in self.traces.values() if count == 1)
        return Exploration(
            strategy="random",
            complete=False,
            stopped=stopped,
            findings=tuple(self.found.values()),
            states=len(self.states),
            transitions=self.transitions,
            executions=self.executions,
            depth=self.depth,
            ends=len(self.ends),
            deadlocks=len(self.deadlocks),
            oopses=len(self.oopses),
            seconds=self.watchdog.seconds,
            seed=self.question.seed,
            unmerged=tuple(sorted(self.tables.unmerged)),
            traces=len(self.traces),
            unseen=once / self.executions if self.executions else None,
        )

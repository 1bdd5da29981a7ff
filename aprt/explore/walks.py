"""The loop that all random strategies share: executions from the start, one step at a time, a picker deciding.

A strategy is a `Picker`: it says which of the contexts that can take a step takes one. Where the environment has a
choice to make, each option has the same chance, whatever the strategy. Random strategies are never complete; how
much they may have missed is estimated from the traces they saw (`explore.unseen`), and traces are told apart by
their Foata normal form.

What a state offers is looked up once, and so are the checks of a state: most states are met again and again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Protocol, TypeAlias

import attrs

from aprt.core.execution import Ending
from aprt.core.properties import Finding
from aprt.core.system import System
from aprt.explore.checks import Checks, Note, Violation, violated
from aprt.explore.exercised import exercised
from aprt.explore.independence import StepInfo, dependent, foata
from aprt.explore.packing import INITIAL
from aprt.explore.result import Exploration, Question
from aprt.explore.tables import Offer, Tables
from aprt.explore.unseen import unseen
from aprt.explore.watchdog import Stop, Watchdog

_MAX_STEPS = 10_000  # where an execution is cut when no depth is given: loops may never end

Enabled: TypeAlias = Offer[Note]


class Picker(Protocol):
    """Decides which context goes on. It serves all executions of a search, so it may learn from them."""

    def start(self) -> None:
        """An execution begins."""

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        """One of the contexts that can take a step; there is at least one."""

    def finish(self, steps: Sequence[int], fresh: bool) -> None:
        """The execution took these steps, by number. fresh: no execution before it showed its trace."""


@attrs.frozen
class Run:
    """One execution: its steps by number, the states it went through, the initial one first, and how it ended."""

    steps: tuple[int, ...]
    states: tuple[int, ...]
    ending: Ending


class Steps:
    """What pickers may know of a step, by its number in the tables."""

    def __init__(self, system: System, tables: Tables[Note]) -> None:
        self.contexts = len(system.contexts)
        self._tables = tables
        self._contexts = {context.name: place for place, context in enumerate(system.contexts)}
        self._actors = {actor.name: actor for actor in system.actors}
        self._infos: list[StepInfo] = []
        self._places: list[int] = []
        self._dependent: dict[tuple[int, int], bool] = {}

    def info(self, number: int) -> StepInfo:
        """What independence looks at."""
        if number >= len(self._infos):
            self._catch_up()
        return self._infos[number]

    def place(self, number: int) -> int:
        """The place of its context in the system."""
        if number >= len(self._places):
            self._catch_up()
        return self._places[number]

    def dependent(self, a: int, b: int) -> bool:
        """Whether the order of two steps matters."""
        try:
            return self._dependent[a, b]
        except KeyError:
            answer = self._dependent[a, b] = dependent(self.info(a), self.info(b))
            return answer

    def trace(self, steps: Sequence[int]) -> Hashable:
        """The normal form of an execution."""
        return foata(map(self.info, steps))

    def _catch_up(self) -> None:
        """Look at the steps that were learned since."""
        for step in self._tables.steps[len(self._infos) :]:
            self._infos.append(StepInfo.of(step.event, self._actors.get(str(step.event.actor))))
            self._places.append(self._contexts[step.event.context])


class Walks:
    """Executions of one question, and what they showed. A context manager: it gives the tables back.

    random: where all lots are drawn from, by pickers too.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.random = random.Random(question.seed)
        self.checks = Checks(question.properties, question.system)
        self.tables: Tables[Note] = Tables(question.system, self.checks.packing, self.checks.note, self.checks.blocked)
        self.steps = Steps(question.system, self.tables)
        self._enabled: dict[int, tuple[Enabled, ...]] = {}  # every state that was met
        self._endings: dict[int, Ending] = {}  # every state that has no step
        self._traces: Counter[int] = Counter()
        self._taken: set[int] = set()  # steps, by number
        self._found: dict[str, Finding] = {}
        self._executions = self._transitions = self._depth = 0
        self._watchdog = Watchdog(question, question.runs)

    def __enter__(self) -> Walks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tables.close()

    def explore(self, picker: Picker, strategy: str) -> Exploration:
        """Do `question.runs` executions, within the bounds. The finding of a property is the first one seen."""
        try:
            self._record(self.checks.start(self.tables.first), [])
            for _ in range(self.question.runs):
                run = self.execution(picker)
                self._executions += 1
                self._taken.update(run.steps)
                # a hash is enough: two traces share one with a chance of 2**-64
                trace = hash(self.steps.trace(run.steps))
                picker.finish(run.steps, trace not in self._traces)
                self._traces[trace] += 1
            stopped = "runs"
        except Stop as stop:
            stopped = stop.reason
        except KeyboardInterrupt:
            stopped = "interrupted"
        return self._answer(strategy, stopped)

    def execution(self, picker: Picker) -> Run:
        """One execution, cut at the depth. The picker is not told that it is over."""
        limit = self.question.bounds.max_depth
        limit = _MAX_STEPS if limit is None else limit
        state, steps, states = INITIAL, list[int](), [INITIAL]
        if not self._enabled:
            self._discover(INITIAL, (), False, steps)
        picker.start()
        while (enabled := self._enabled[state]) and len(steps) < limit:
            _, moves = picker.pick(enabled)
            delta, step, (watch, judges) = moves[0] if len(moves) == 1 else self.random.choice(moves)
            successor = state + delta
            violations: list[Violation] = []
            if watch is not None:
                successor, violations = watch.look(state, successor)
            steps.append(step)
            self._count(len(steps))
            if successor not in self._enabled:
                violations += violated(judges, successor)
                self._discover(successor, violations, watch is not None and watch.oops, steps)
            elif violations:
                self._record(violations, steps)
            state = successor
            states.append(state)
        return Run(tuple(steps), tuple(states), self._endings.get(state, "cut"))

    def _count(self, depth: int) -> None:
        self._transitions += 1
        if depth > self._depth:
            self._depth = depth
        if not self._transitions & 255:
            self._watchdog.look(self._executions, len(self._enabled), self._transitions, self._depth)

    def _discover(self, state: int, violations: Sequence[Violation], oops: bool, steps: list[int]) -> None:
        """A state that was not met before, and what was seen to be wrong with it."""
        if len(self._enabled) == self.question.bounds.max_states:
            raise Stop("max_states")
        self._enabled[state] = () if oops else self.tables.offers(state)
        self._record(violations, steps)
        if oops:
            self._endings[state] = "oops"
        elif not self._enabled[state]:
            waiting = self.tables.waiting(state)
            self._endings[state] = "deadlock" if waiting else "end"
            self._record(self.checks.deadlock(state, waiting) if waiting else self.checks.end(state), steps)

    def _record(self, violations: Sequence[Violation], steps: list[int]) -> None:
        for id, text in violations:
            if id not in self._found:
                self._found[id] = Finding(id, text, self.tables.schedule(steps))
            if self.question.stop_on == "first":
                raise Stop("violation")

    def _answer(self, strategy: str, stopped: str) -> Exploration:
        left, seconds = unseen(self._traces), self._watchdog.seconds
        endings = Counter(self._endings.values())
        return Exploration(
            strategy=strategy,
            stopped=stopped,
            findings=tuple(self._found.values()),
            states=len(self._enabled),
            transitions=self._transitions,
            executions=self._executions,
            depth=self._depth,
            ends=endings["end"],
            deadlocks=endings["deadlock"],
            oopses=endings["oops"],
            unasked=tuple(sorted(self.checks.unasked)),
            seconds=seconds,
            seed=self.question.seed,
            unmerged=tuple(sorted(self.tables.unmerged)),
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            traces=len(self._traces),
            unseen=None if left is None else left.mass,
            unseen_below=None if left is None else left.below,
            chao1=None if left is None else left.chao1,
            exercise=exercised(self.question, self.tables, self._taken),
        )

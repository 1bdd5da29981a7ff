"""The loop that all random strategies share: executions from the start, one step at a time, a picker deciding.

A strategy is a `Picker`: it says which of the contexts that can take a step takes one. Where the environment has a
choice to make, each option has the same chance, whatever the strategy. Random strategies are never complete; how much
they may have missed is estimated from the traces they saw (`explore.sampling.unseen`), and traces are told apart by
their Foata normal form.

What a state offers is looked up when the state is first met, and its checks are made then; most states are met again
and again. A search that is kept in a file is saved, and can be ended, between two executions only.
"""

from __future__ import annotations

import abc
import random
from array import array
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from functools import partial
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from aprt.core.execution import Ending
from aprt.core.finding import Finding
from aprt.core.system import System
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.exercised import exercised
from aprt.explore.checking.judges import Violation, violated
from aprt.explore.commuting.independence import StepInfo, dependent, foata
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Offer, Tables
from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.unseen import unseen
from aprt.explore.watchdog import Stop, Watchdog, until_stopped

if TYPE_CHECKING:
    from aprt.explore.saved.walks import SavedWalks

MAX_STEPS: Final = 10_000  # where an execution is cut when no depth is given: loops may never end

Enabled: TypeAlias = Offer[Due]


class Picker(abc.ABC):
    """Decides which context goes on. One picker serves all executions of a search, and may learn from them.

    By default it learns nothing and has no memory.
    """

    @abc.abstractmethod
    def start(self) -> None:
        """An execution begins."""

    @abc.abstractmethod
    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        """One of the contexts that can take a step; there is at least one."""

    def finish(self, steps: Sequence[int], fresh: bool) -> None:  # noqa: B027  # nothing to learn
        """The execution took these steps, by number. fresh: no execution before it showed its trace."""

    @property
    def memory(self) -> Any:
        """Between two executions, what it has learned beside which steps were taken: a number, or lists of numbers."""
        return ()

    def remember(self, memory: Any, taken: Collection[int]) -> None:  # noqa: B027  # nothing to remember
        """Go on like the picker that had this memory. taken: the steps that executions took."""


@attrs.frozen
class Run:
    """One execution: its steps by number, the states it went through, the initial one first, and how it ended."""

    steps: tuple[int, ...]
    states: tuple[int, ...]
    ending: Ending


class Steps:
    """What pickers may know of a step, by its number in the tables."""

    def __init__(self, system: System, tables: Tables[Due]) -> None:
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
        """Take up the steps that were learned meanwhile."""
        for step in self._tables.steps[len(self._infos) :]:
            self._infos.append(StepInfo.of(step.event, self._actors.get(str(step.event.actor))))
            self._places.append(self._contexts[step.event.context])


class Walks:
    """Executions of one question, and what they showed. To be used in a `with` statement, which closes the tables.

    random: where all lots are drawn from, by pickers too. found: by property, what is wrong and the steps that show it.
    enabled: every state that was met, with what it offers. endings: how executions end, in every state that has no
    step. traces: of each execution. taken: steps, by number.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.random = random.Random(question.seed)
        self.checks = Checks(question.properties, question.system)
        self.tables: Tables[Due] = Tables(question.system, self.checks.packing, self.checks.due, self.checks.blocked)
        self.steps = Steps(question.system, self.tables)
        self.enabled: dict[int, tuple[Enabled, ...]] = {}
        self.endings: dict[int, Ending] = {}
        self.traces = array("Q")
        self.taken: set[int] = set()
        self.found: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.executions = self.transitions = self.depth = self.cut = 0
        self.watchdog = Watchdog(question, question.runs)
        self._times: Counter[int] = Counter()  # each trace was shown
        self._saved: SavedWalks | None = None

    def __enter__(self) -> Walks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tables.close()

    def explore(self, picker: Picker, strategy: str) -> Exploration:
        """Do `question.runs` executions, within the bounds. The finding of a property is the first one seen."""
        return self._answer(strategy, until_stopped(partial(self._walk, picker)))

    def _walk(self, picker: Picker) -> str:
        self._record(self.checks.start(self.tables.first), [])
        self._resume(picker)
        while self.executions < self.question.runs:
            self._look()
            run = self.execution(picker)
            self.executions += 1
            self.cut += run.ending == "cut"
            trace = _number(self.steps.trace(run.steps))
            picker.finish(run.steps, trace not in self._times)
            self.traces.append(trace)
            self._times[trace] += 1
        self._save()
        return "runs"

    def _resume(self, picker: Picker) -> None:
        if self.question.save is None:
            return
        from aprt.explore.saved.walks import SavedWalks  # few searches need it

        self._saved = SavedWalks(self.question.save, self, picker)
        if not self._saved.restore():
            self._save()
        self._times = Counter(self.traces)

    def _save(self) -> None:
        if self._saved is not None:
            self._saved.write()

    def _look(self) -> None:
        """Save now and then, and let the search be ended, between two executions, where it can be resumed."""
        if self._saved is None:
            return
        try:
            self.watchdog.look(self.executions, len(self.enabled), self.transitions, self.depth)
        except Stop:
            self._save()
            raise
        if self._saved.file.due:
            self._save()

    def execution(self, picker: Picker) -> Run:
        """One execution, cut at the greatest depth allowed. The picker is not told that it is over."""
        steps, states = list[int](), [INITIAL]
        try:
            self._go(picker, steps, states)
        finally:  # what stops the search may come in the middle of it
            self.taken.update(steps)
        return Run(tuple(steps), tuple(states), self.endings.get(states[-1], "cut"))

    def _go(self, picker: Picker, steps: list[int], states: list[int]) -> None:
        """Go on from the initial state to an end, and note down the way."""
        limit = self.question.bounds.max_depth
        limit = MAX_STEPS if limit is None else limit
        state = INITIAL
        if not self.enabled:
            self._discover(INITIAL, (), False, steps)
        picker.start()
        while (enabled := self.enabled[state]) and len(steps) < limit:
            _, moves = picker.pick(enabled)
            delta, step, (watch, judges) = moves[0] if len(moves) == 1 else self.random.choice(moves)
            successor = state + delta
            violations: list[Violation] = []
            if watch is not None:
                successor, violations = watch.look(state, successor)
            steps.append(step)
            self._count(len(steps))
            if successor not in self.enabled:
                violations += violated(judges, successor)
                self._discover(successor, violations, watch is not None and watch.oops, steps)
            elif violations:
                self._record(violations, steps)
            state = successor
            states.append(state)

    def _count(self, depth: int) -> None:
        self.transitions += 1
        if depth > self.depth:
            self.depth = depth
        if not self.transitions & 255 and self._saved is None:
            self.watchdog.look(self.executions, len(self.enabled), self.transitions, self.depth)

    def _discover(self, state: int, violations: Sequence[Violation], oops: bool, steps: list[int]) -> None:
        """A state that was not met before, and what was seen to be wrong with it."""
        if len(self.enabled) == self.question.bounds.max_states:
            raise Stop("max_states")
        self.enabled[state] = () if oops else self.tables.offers(state)
        self._record(violations, steps)
        if oops:
            self.endings[state] = "oops"
        elif not self.enabled[state]:
            waiting = self.tables.waiting(state)
            self.endings[state] = "deadlock" if waiting else "end"
            self._record(self.checks.deadlock(state, waiting) if waiting else self.checks.end(state), steps)

    def _record(self, violations: Sequence[Violation], steps: list[int]) -> None:
        for id, text in violations:
            if id not in self.found:
                self.found[id] = text, tuple(steps)
            if self.question.stop_on == "first":
                raise Stop("violation")

    def _answer(self, strategy: str, stopped: str | None) -> Exploration:
        left, seconds = unseen(self._times), self.watchdog.seconds
        endings = Counter(self.endings.values())
        return Exploration(
            strategy=strategy,
            stopped=stopped,
            findings=tuple(Finding(id, text, self.tables.schedule(s)) for id, (text, s) in self.found.items()),
            states=len(self.enabled),
            transitions=self.transitions,
            executions=self.executions,
            cut=self.cut,
            depth=self.depth,
            ends=endings["end"],
            deadlocks=endings["deadlock"],
            oopses=endings["oops"],
            unasked=tuple(sorted(self.checks.unasked)),
            seconds=seconds,
            saved=self.watchdog.saved,
            seed=self.question.seed,
            unmerged=tuple(sorted(self.tables.unmerged)),
            wrong=frozenset(self.checks.wrong),
            lock_order=self.checks.order,
            traces=len(self._times),
            unseen=None if left is None else left.mass,
            unseen_below=None if left is None else left.below,
            chao1=None if left is None else left.chao1,
            exercise=exercised(self.question, self.tables, self.taken),
        )


def _number(trace: Hashable) -> int:
    """Names a trace, in every process alike: two share a number with a chance of 2**-64."""
    return int.from_bytes(blake2b(repr(trace).encode(), digest_size=8).digest())

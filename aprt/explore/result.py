"""What an exploration is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from aprt.core.amount import count
from aprt.core.errors import UserError
from aprt.core.exercise import Exercise
from aprt.core.lock_order import LockGraph
from aprt.core.properties import Finding, Property
from aprt.core.schedule import Schedule
from aprt.core.system import System

if TYPE_CHECKING:
    from aprt.explore.saved.file import SaveFile

StopOn: TypeAlias = Literal["first", "all"]
LoopName: TypeAlias = Literal["auto", "plain", "compiled"]

Origin: TypeAlias = Callable[[], tuple[System, tuple[Property, ...]]]
"""Makes the system and the properties, the same in every process; picklable."""


@attrs.frozen
class Bounds:
    """Where a search gives up; None is no bound. A bound that was hit makes the result incomplete."""

    max_states: int | None = None
    max_depth: int | None = None  # steps
    budget: float | None = None  # seconds
    max_length: int | None = None  # steps of all executions, taking each to be as long as the longest

    def after(self, seconds: float) -> Bounds:
        """What is left of them after so long."""
        return self if self.budget is None else attrs.evolve(self, budget=max(0.0, self.budget - seconds))

    def allow(self, states: int) -> None:
        """For a search that is resumed with so many states. Raises: `UserError` when they are too many."""
        if self.max_states is not None and states > self.max_states:
            raise UserError(f"there are {states:,} states by now: --max-states {self.max_states} is too few")


UNBOUNDED: Final = Bounds()


@attrs.frozen
class Progress:
    """How far a search has come, for a progress line.

    expected: executions in all, where known or estimated; states, for a search that does not run executions.
    """

    executions: int
    states: int
    transitions: int
    depth: int
    seconds: float
    expected: float | None = None

    @property
    def eta(self) -> float | None:
        """Seconds left at the present rate; None when nothing is done, or expected, yet, or more done than expected."""
        done = self.executions or self.states
        if self.expected is None or not 0 < done <= self.expected:
            return None
        return (self.expected / done - 1) * self.seconds


@attrs.frozen(eq=False)
class Question:
    """A search to do. stop_on: `first` ends at the first violation, `all` goes on and keeps the first per property.

    report: called now and then, at least once a second. seed: for strategies that draw lots. runs: for those too.
    expected: about how many executions (or states) it will take in all, for strategies that cannot know.
    symmetry: take states that differ by what the system declares alike for one (strategy "states" only).
    loop: of strategy "states" (`aprt[fast]` brings the compiled one; `auto` takes it where it pays).
    save: where to keep what is found, and what to go on with (any strategy but "auto").
    halt: asked now and then; ends the search, as interrupted, at a point from which it can be resumed.
    certify: say in the answer which lines of the model were never entered, which takes a moment.
    besides: properties with no checks but `NoLivelock`, to be judged as well where that takes nothing away from the
    answer about the others. A strategy that cannot tell passes them over, and so does one without the time or room.
    """

    system: System
    properties: tuple[Property, ...]
    bounds: Bounds = UNBOUNDED
    stop_on: StopOn = "first"
    seed: int = 0
    runs: int = 1000
    report: Callable[[Progress], None] | None = None
    expected: float | None = None
    symmetry: bool = False
    loop: LoopName = "auto"
    save: SaveFile | None = None
    halt: Callable[[], bool] | None = None
    certify: bool = False
    besides: tuple[Property, ...] = ()


@attrs.frozen
class Guarantee:
    """What strategy "pct" promises of violations that need `depth` ordering constraints. steps: those that count."""

    depth: int
    contexts: int
    steps: int

    @property
    def chance(self) -> float:
        """That one execution shows such a violation, at least."""
        return float(self.steps) ** (1 - self.depth) / self.contexts

    @property
    def runs(self) -> int:
        """Executions after which it was shown with 99 %."""
        return 1 if self.chance == 1 else math.ceil(math.log(0.01) / math.log1p(-self.chance))


@attrs.frozen
class Exploration:
    """The answer.

    stopped: why the search ended before it was over (`max_states max_depth max_length budget runs interrupted violation
    endless`), or what it met is not shown (`unshown`), or None. unasked: numbers of properties at whose violation
    executions end although nobody asked for them.
    findings: the first per property, shortest where the strategy finds shortest schedules.
    states: distinct states, with symmetry orbits of states; transitions: steps taken; executions: runs from the
    initial state to an end (0 where a strategy does not run executions); depth: the longest shortest schedule; ends:
    distinct end states; deadlocks: distinct deadlock states; oopses: distinct states after an oops; unmerged: places
    (`file:line`) whose control states could not be merged; unexercised: numbers of properties that no step is about
    (`core.exercise`), of those taken where lots were drawn; None where that is not known, as in another search that is
    not complete.
    """

    strategy: str
    stopped: str | None
    findings: tuple[Finding, ...]
    states: int
    transitions: int
    executions: int
    depth: int
    ends: int
    deadlocks: int
    seconds: float
    seed: int | None = None
    unmerged: tuple[str, ...] = ()
    traces: int | None = None  # distinct traces seen, for strategies that tell them apart
    unseen: float | None = None  # Good-Turing mass of unseen traces, for random strategies
    samples: tuple[Schedule, ...] = ()  # schedules of executions, where asked for
    oopses: int = 0
    unasked: tuple[str, ...] = ()
    unseen_below: float | None = None  # that mass, at most, with 95 % confidence
    chao1: float | None = None  # traces there are, at least, by Chao's estimate
    guarantee: Guarantee | None = None
    cut: int = 0  # executions that were drawn and did not come to an end
    unexercised: tuple[str, ...] | None = None
    symmetry: bool = False
    apart: tuple[str, ...] = ()  # what was declared to be alike and is not
    sleep_blocked: int | None = None  # executions that ended because all they could have done was covered
    learning: float | None = None  # of `seconds`, those before the search and those in which it ran the model's code
    turns: tuple[tuple[str, int], ...] = ()  # executions of each member of a portfolio
    picked: str | None = None  # why this strategy, where it was not asked for
    # why what was asked `besides` was not judged: `strategy`, that cannot tell, or as `stopped`; None: it was
    unjudged: str | None = "strategy"
    # the locks that were asked for while others were held, where a property asks for that
    lock_order: LockGraph | None = attrs.field(default=None, eq=False)
    # what happened, where that is known: in a complete search, and in executions that were drawn by lot
    exercise: Exercise | None = attrs.field(default=None, eq=False)
    # all that was seen to be wrong (property, in what words); no process of a crew tells the others, but for the lock
    # order, which they share
    wrong: frozenset[tuple[str, str]] = attrs.field(default=frozenset(), eq=False)

    def __str__(self) -> str:
        """What was covered, and below it the findings, each with its schedule."""
        why = self.stopped or f"ended by {', '.join(self.unasked)}, not asked about"
        covered = "complete" if self.complete else f"not complete ({why})"
        counts = {"state": self.states, "step": self.transitions, "execution": self.executions}
        counts |= {"end": self.ends, "deadlock": self.deadlocks}
        told = [count(n, what) for what, n in counts.items() if n]
        return "\n".join((f"{covered}: {', '.join(told)}", *map(str, self.findings)))

    @property
    def complete(self) -> bool:
        """Whether everything within the system was covered: no bound was hit, and only what is a finding ended it."""
        return self.stopped is None and not self.unasked

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it, be it when only what was asked besides was open."""
        return "interrupted" in (self.stopped, self.unjudged)

    @property
    def redundant(self) -> int | None:
        """Executions more than one per trace, where each is meant to show a trace of its own."""
        if self.sleep_blocked is None or self.traces is None:
            return None
        return self.executions - self.traces

    @property
    def counted(self) -> int | None:
        """The states, None where nobody counted them: by processes that share the traces."""
        return self.states if self.states or not self.executions else None

    @property
    def manner(self) -> str:
        """The strategy, and whether it took orbits for states, as verdicts print it."""
        return f"{self.strategy}+symmetry" if self.symmetry else self.strategy

    # of strategy "states", how it was done, which is no part of the answer: the loop that came to the end; the memory
    # that states took beside the tables; of `seconds`, those in which the compiled loop was loaded, or compiled
    loop: str | None = attrs.field(default=None, eq=False)
    bytes_per_state: float | None = attrs.field(default=None, eq=False)
    loading: float | None = attrs.field(default=None, eq=False)

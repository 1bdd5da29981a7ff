"""What an exploration is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from aprt.core.amount import count
from aprt.core.errors import UserError, WrongArgument
from aprt.core.exercise import Exercise
from aprt.core.finding import Finding
from aprt.core.lock_order import LockGraph
from aprt.core.properties import Property
from aprt.core.schedule import Schedule
from aprt.core.system import System

if TYPE_CHECKING:
    from aprt.explore.saved.file import SaveFile

StopOn: TypeAlias = Literal["first", "all"]
LoopName: TypeAlias = Literal["auto", "plain", "compiled"]

Origin: TypeAlias = Callable[[], tuple[System, tuple[Property, ...]]]
"""Makes the system and the properties, the same in every process; picklable."""


def _at_least(least: int) -> Callable[[Bounds, attrs.Attribute[Any], float | None], None]:
    def check(bounds: Bounds, bound: attrs.Attribute[Any], most: float | None) -> None:
        if most is not None and not most >= least:  # nan neither
            raise WrongArgument(f"{bound.name}: expected {least} or more, or None for no bound, found {most!r}")

    return check


@attrs.frozen
class Bounds:
    """Where a search gives up; None is no bound. A bound that was hit makes the result incomplete.

    Raises: `WrongArgument` for a bound below the least there can be.
    """

    max_states: int | None = attrs.field(default=None, validator=_at_least(1))
    max_depth: int | None = attrs.field(default=None, validator=_at_least(0))  # steps
    budget: float | None = attrs.field(default=None, validator=_at_least(0))  # seconds
    max_length: int | None = attrs.field(default=None, validator=_at_least(0))
    """Executions, times the steps of the longest: how long all can be together."""

    def after(self, seconds: float) -> Bounds:
        """These bounds for a search that begins when so many seconds of the budget are spent."""
        return self if self.budget is None else attrs.evolve(self, budget=max(0.0, self.budget - seconds))

    def allow(self, states: int) -> None:
        """For a search that is resumed with so many states. Raises: `UserError` if these are more than the bound."""
        if self.max_states is not None and states > self.max_states:
            raise UserError(f"there are {states:,} states by now: --max-states {self.max_states} is too few")


UNBOUNDED: Final = Bounds()


@attrs.frozen
class Progress:
    """How far a search has come, for a progress line.

    expected: executions in all, where known or estimated; states, for a search that does not run executions.
    read: the share of a saved search that is read back, while that is all it does. left: seconds, of the budget.
    compiling: all it does is to compile the fast loop, which takes seconds where that was never done.
    """

    executions: int
    states: int
    transitions: int
    depth: int
    seconds: float
    expected: float | None = None
    read: float | None = None
    left: float | None = None
    compiling: bool = False

    @property
    def eta(self) -> float | None:
        """Seconds left at the present rate, whatever the budget.

        None where that cannot be said: nothing is done yet, nothing is expected, or more was done than expected.
        """
        done = self.executions or self.states
        if self.expected is None or not 0 < done <= self.expected:
            return None
        return (self.expected / done - 1) * self.seconds


@attrs.frozen(eq=False)
class Question:
    """A search to do. stop_on: `first` ends at the first violation, `all` goes on and keeps the first per property.

    report: called now and then, at least once a second.
    seed: of a random strategy, with which it does the same again. runs: how many executions it does.
    expected: about how many executions (or states) it will take in all, for strategies that cannot know.
    symmetry: count states as one that differ only in which of the parts declared alike is which ("states" only).
    loop: of strategy "states" (`aprt[fast]` brings the compiled one; `auto` takes it where it pays).
    save: the file that the search is kept in; what is there already is not done again (any strategy but "auto").
    halt: asked now and then; once it says True the search ends, `interrupted`, where it can be resumed.
    certify: say in the answer which lines of the model no step went through, which takes a moment.
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
    """What strategy "pct" promises of a violation of `depth`: one that shows whenever `depth` pairs of steps come in a
    certain order. steps: the most in one execution that can matter to other contexts (`sampling.contention`).
    """

    depth: int
    contexts: int
    steps: int

    @property
    def chance(self) -> float:
        """The least chance that one execution has of showing such a violation."""
        return float(self.steps) ** (1 - self.depth) / self.contexts

    @property
    def runs(self) -> int:
        """How many executions show it at least once with a chance of 99 %."""
        return 1 if self.chance == 1 else math.ceil(math.log(0.01) / math.log1p(-self.chance))


@attrs.frozen
class Exploration:
    """The answer to a `Question`.

    stopped: None when the search came to its end. Else what ended it: a bound (`max_states`, `max_depth`, `max_length`,
    `budget`, `runs`), Ctrl-C or `Question.halt` (`interrupted`), the first `violation` where that was enough, or an
    execution of too many steps (`endless`). `unshown`: something is wrong of which no schedule was found.
    unasked: numbers of properties that nobody asked about, and at whose violation executions ended.
    findings: the first of each property, the shortest where the strategy finds shortest schedules.

    states: distinct ones, with symmetry distinct orbits. transitions: steps taken. executions: from the initial state
    to an end; 0 for strategies that do not run executions. depth: the steps of the longest execution; for strategies
    without, of the shortest way to the state that is farthest off. Where "auto" was cut short, states, transitions and
    depth are the most that came of its first search or its last one. ends, deadlocks: distinct states of these kinds.
    oopses: distinct states after an oops.
    unmerged: places of the model (`file:line`) that keep control states apart which may well be the same.
    unexercised: numbers of properties that no step is about (`core.exercise`). A random strategy tells those of the
    executions that it drew; other searches that are not complete cannot tell: None.
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
    traces: int | None = None  # distinct traces seen whole, for strategies that tell them apart
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
    # of `seconds`, those before it was resumed
    saved: float = attrs.field(default=0.0, eq=False)
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
        """Executions more than one per trace, where each is meant to show a trace of its own, and there were any."""
        if self.sleep_blocked is None or self.traces is None or not self.executions:
            return None
        return self.executions - self.traces

    @property
    def spent(self) -> float:
        """Seconds that it has taken of its budget."""
        return self.seconds - self.saved

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


def nothing(strategy: str, seed: int) -> Exploration:
    """The answer of a search that was interrupted before it had begun."""
    return Exploration(strategy, "interrupted", (), 0, 0, 0, 0, 0, 0, 0.0, seed)

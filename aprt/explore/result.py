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
    """The number of executions times the steps of the longest one."""

    def after(self, seconds: float) -> Bounds:
        """These bounds, with so many seconds of the budget spent already."""
        return self if self.budget is None else attrs.evolve(self, budget=max(0.0, self.budget - seconds))

    def allow(self, states: int) -> None:
        """A search is resumed that has so many states. Raises: `UserError` if these are more than the bound."""
        if self.max_states is not None and states > self.max_states:
            raise UserError(f"there are {states:,} states by now: --max-states {self.max_states} is too few")


UNBOUNDED: Final = Bounds()


@attrs.frozen
class Progress:
    """How far a search has come, for a progress line.

    expected: how many executions there will be in all, known or estimated; how many states, for a search that does not
    run executions. left: seconds of the budget.
    read: a saved search is being read back, and nothing else is done yet: the share that has been read.
    compiling: the fast loop is being compiled, which takes seconds, on a machine where that was not done before.
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

        None where that cannot be said: nothing is done yet, nothing is expected, or more was done than that.
        """
        done = self.executions or self.states
        if self.expected is None or not 0 < done <= self.expected:
            return None
        return (self.expected / done - 1) * self.seconds


@attrs.frozen(eq=False)
class Question:
    """A search to do.

    stop_on: `first` ends at the first violation, `all` goes on and keeps the first of each property.
    seed: of a random strategy; with the same one it does the same. runs: how many executions it does.
    symmetry: count states as one that differ only by what the system declares alike ("states" only).
    loop: of strategy "states": `aprt[fast]` brings the compiled one, which `auto` takes where it pays.
    expected: about how many executions (or states) it will take in all, for a strategy that cannot know.
    report: called at least once a second. halt: asked as often; once it says True the search ends, `interrupted`, at a
    point where it can be resumed.
    save: the file that the search is kept in; what is there already is not done again (any strategy but "auto").
    certify: say in the answer which lines of the model no step went through, which takes a moment.
    besides: properties to be judged as well, if that costs the answer about the others nothing; `NoLivelock` is their
    only kind of check. They are left out by a strategy that cannot judge them, and where time or memory runs out:
    `Exploration.unjudged` says why.
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
    """What "pct" promises about a violation that shows whenever `depth` pairs of steps come in a certain order.

    steps: how many steps of one execution can matter to other contexts, at most (`sampling.contention`).
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

    How it ended: `complete` says in short whether everything was covered.
    stopped: None when the search came to its end. Else what ended it: a bound (`max_states`, `max_depth`, `max_length`,
    `budget`, `runs`), Ctrl-C or `Question.halt` (`interrupted`), the first violation where that was enough
    (`violation`), an execution of too many steps (`endless`), or something wrong of which no schedule was found
    (`unshown`). unasked: numbers of properties that nobody asked about, and at whose violation executions ended.
    unjudged: None when all was judged that was asked `besides`; else why not: the strategy cannot (`strategy`), or one
    of the reasons for `stopped`. picked: why this strategy, where it was not asked for.

    What it found. findings: the first of each property, the shortest where the strategy finds shortest schedules.
    wrong: all that was seen to be wrong: (property, in what words).
    lock_order: which locks were asked for while others were held, if a property is about that.

    What it covered. states: distinct ones, with symmetry distinct orbits. transitions: steps taken. executions: from
    the initial state to an end; 0 for strategies that do not run executions. depth: the steps of the longest execution;
    for strategies without executions, of the shortest way to the state that is farthest off. After "auto" was cut
    short, each of states, transitions and depth is that of whichever of its searches saw more. ends, deadlocks, oopses:
    distinct states of these kinds; an oops ends the execution. traces: distinct ones seen whole. sleep_blocked:
    executions that ended because all they could have done was covered.
    unmerged: places of the model (`file:line`) that keep control states apart which may well be the same.
    apart: what was declared to be alike and is not. exercise: what happened, where that is known: in a complete search,
    and in executions that were drawn. unexercised: numbers of properties that no step is about (`core.exercise`); a
    random strategy speaks of the executions that it drew, any other that is not complete cannot tell: None.

    Of random strategies. cut: executions that did not come to an end. unseen: the chance that the next execution shows
    a new trace (Good-Turing); unseen_below: what it is at most, with 95 % confidence. chao1: how many traces there are
    at least, by Chao's estimate. turns: of each member of a portfolio, how many executions it did.

    What it took. seconds: in all. saved: of these, those before it was resumed. learning: those before the search
    began, and those in which it ran the model's code. Of strategy "states": loading: those in which the compiled loop
    was loaded, or compiled; loop: the one that came to the end; bytes_per_state: memory, beside the tables.
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
    traces: int | None = None
    unseen: float | None = None
    oopses: int = 0
    unasked: tuple[str, ...] = ()
    unseen_below: float | None = None
    chao1: float | None = None
    guarantee: Guarantee | None = None
    cut: int = 0
    unexercised: tuple[str, ...] | None = None
    symmetry: bool = False
    apart: tuple[str, ...] = ()
    sleep_blocked: int | None = None
    learning: float | None = None
    turns: tuple[tuple[str, int], ...] = ()
    picked: str | None = None
    unjudged: str | None = "strategy"
    # two answers are equal whatever of these they have
    lock_order: LockGraph | None = attrs.field(default=None, eq=False)
    exercise: Exercise | None = attrs.field(default=None, eq=False)
    saved: float = attrs.field(default=0.0, eq=False)
    wrong: frozenset[tuple[str, str]] = attrs.field(default=frozenset(), eq=False)
    loop: str | None = attrs.field(default=None, eq=False)
    bytes_per_state: float | None = attrs.field(default=None, eq=False)
    loading: float | None = attrs.field(default=None, eq=False)

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
        """Whether everything within the system was covered: nothing stopped it, and every execution came to an end or
        to a violation that was asked about."""
        return self.stopped is None and not self.unasked

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it, or ended its look at what was asked `besides`."""
        return "interrupted" in (self.stopped, self.unjudged)

    @property
    def redundant(self) -> int | None:
        """By how many the executions outnumber the traces; None for a strategy that does not aim at one for each."""
        if self.sleep_blocked is None or self.traces is None or not self.executions:
            return None
        return self.executions - self.traces

    @property
    def spent(self) -> float:
        """Seconds of its budget that it took."""
        return self.seconds - self.saved

    @property
    def counted(self) -> int | None:
        """The states; None where nobody counted them, as when processes share the traces."""
        return self.states if self.states or not self.executions else None

    @property
    def manner(self) -> str:
        """The strategy as verdicts print it, with a word on symmetry."""
        return f"{self.strategy}+symmetry" if self.symmetry else self.strategy


def nothing(strategy: str, seed: int) -> Exploration:
    """The answer of a search that was interrupted before it had begun."""
    return Exploration(strategy, "interrupted", (), 0, 0, 0, 0, 0, 0, 0.0, seed)

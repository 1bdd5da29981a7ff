"""Strategy "auto": looks at the system for a moment, picks a strategy that suits it, and says why.

Most systems are small: a search over states is begun, and often that is all. Where it is not, it pauses, and "dpor" may
run a few executions: some systems have hardly any traces. Else random walks (*probes*) tell how many there are, at most
(`estimates`), and how many states, at least, by Chao's estimate for each number of steps. Then

- "dpor", when there are far fewer traces than states, and it can check what is asked; where the probes cannot tell, it
  is tried with as many executions as those states are worth;
- else "states" goes on, when they fit into memory; its schedules are the shortest;
- else "reduced", when the states that matter do, and it can check what is asked;
- else "dpor" once more, with more executions than before;
- else the portfolio, which draws lots and is never complete.

What is asked `besides` takes all states of one process. The search for them goes on where "dpor" has answered the rest,
and that answer stands if there turn out to be too many, or it is stopped; a crew with a budget does only the rest.

A crew of processes does what is picked, if that can be shared; the look is for one of them. So the choice is the same.

Counts decide, not the clock: unless a budget ends it, a question gets the same strategy on every machine. What a small
system has no use for is imported when another comes.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import attrs

from aprt.core.amount import count
from aprt.core.errors import UserError, WorkersLost
from aprt.core.properties import endless
from aprt.explore.result import Exploration, Question
from aprt.explore.stateful import states
from aprt.explore.stateful.states import Doubt
from aprt.explore.watchdog import Stop

if TYPE_CHECKING:
    from aprt.explore.sampling.estimates import Estimates

_SMALL = 150_000  # states that are found in the time that a look at the system may take: half a second or so
_LARGE = 3_000_000  # states that are too many to keep
_REDUCED = 100_000  # likewise, of those that matter: what finds them is slower
_PER_TRACE = 100  # states that are looked at in the time that one trace takes
_PER_STEP = 3  # likewise, for each step of that; but in a long trace every step may race with many
_PROBES, _STEPS = 1_000, 100_000  # of a look; in all of the probes
_SETS = 50_000  # down-sets of traces that are looked at: less than a second
_COUNTLESS = 1e12
_RARE = 0.1  # the chance of what was not seen, when what was seen says how much there is
_UNSUITABLE, _SHARED = "unsuitable", "shared"  # why a search over states gives up after a look

Share: TypeAlias = Callable[[str, Question], Exploration]
"""What a crew answers with a strategy, which is "dpor" or "states"."""


@attrs.frozen
class Look:
    """What the probes say. states: there are, at least; traces: at most, infinite when nobody knows. endless: whether
    some executions did not end."""

    states: float
    traces: float
    endless: bool

    @property
    def few_traces(self) -> bool:
        return not self.endless and self.traces * _PER_TRACE < self.states

    @property
    def unknown_traces(self) -> bool:
        return not self.endless and self.traces == math.inf

    def __str__(self) -> str:
        traces = "countless traces" if self.traces > _COUNTLESS else f"{self.traces:,.0f} traces or fewer"
        return f"there seem to be {self.states:,.0f} states or more and {traces}"


def search(question: Question, share: Share | None = None) -> Exploration:
    """Explore with the strategy that the system suggests. `Exploration.picked` says why."""
    by_states = states.search if share is None else partial(share, "states")
    if question.symmetry:
        return attrs.evolve(by_states(question), picked="no other strategy knows symmetry")
    if question.loop != "auto":
        return attrs.evolve(by_states(question), picked="no other strategy has loops to choose from")
    return _Choice(question, share).search()


class _Choice:
    """A search that may change its mind. picked: why; None while there is no need to. share: None where one process
    does all.

    instead: the answer of "dpor"; given_up: what that had come to when it took too long. tried: the length of the
    executions that it was given, infinite when there is no use in giving it more.
    """

    def __init__(self, question: Question, share: Share | None) -> None:
        self.question, self.begin = question, time.perf_counter()
        self.share = None if any(map(endless, question.properties)) else share
        self.picked: str | None = None
        self.instead: Exploration | None = None
        self.given_up: Exploration | None = None
        self.tried = 0.0

    def search(self) -> Exploration:
        doubt = Doubt(_SMALL, self._doubt)
        begun = _within(lambda question: states.search(question, doubt), self.question, _LARGE)
        found = self._instead_of(begun)
        ended = "it ended" if found.stopped in (None, "violation") else "it was stopped"
        picked = self.picked or f"{ended} after few states"
        if self.instead is not None and found is begun:
            picked = f"{', '.join(property.id for property in self.question.besides)} takes all states"
        found = attrs.evolve(_seen(begun, found), unjudged=self._unjudged(begun, found))
        return attrs.evolve(found, seconds=time.perf_counter() - self.begin, picked=picked)

    def _unjudged(self, begun: Exploration, found: Exploration) -> str | None:
        """As in `Exploration`. begun: what the search over states had come to."""
        if not self.question.besides or found.unjudged != "strategy" or begun.stopped == _SHARED:
            return found.unjudged
        return "max_states" if begun.stopped == _UNSUITABLE else begun.stopped

    def _instead_of(self, found: Exploration) -> Exploration:
        """The answer that stands in the place of what the search over states has found; or that one."""
        if found.stopped == _SHARED and self.share is not None:
            found = _with(found, _within(partial(self.share, "states"), self._rest(), _LARGE))
        if self.instead is not None:
            return found if found.stopped in (None, "violation") else _with(found, self.instead)
        if found.stopped == _UNSUITABLE or _too_many(found, self.question, _LARGE):
            return _with(found, self._beyond())
        if self.given_up is not None and _more(self.given_up, found):
            taken = count(self.given_up.executions, "execution")
            self.picked = f"{taken} showed what is wrong before states were searched in their place"
            return _with(found, attrs.evolve(self.given_up, stopped=found.stopped))
        return found

    def _doubt(self, least: int) -> float:
        """Whether the search over states is to go on: `Stop` if not. Gives the number of states."""
        self.instead = self._try_traces(least)
        if self._is_answered():
            raise Stop(_UNSUITABLE)
        look = _look(self._rest(), least)
        if self.instead is None:
            self.picked = str(look)
            self.instead = self._by_traces(look)
        if self._is_answered() or look.states >= _LARGE:
            raise Stop(_UNSUITABLE)
        hurried = self.question.bounds.budget is not None
        if self.share is not None and self.instead is None and (hurried or not self.question.besides):
            raise Stop(_SHARED)
        return look.states

    def _is_answered(self) -> bool:
        """Whether the answer of "dpor" is all there will be: nothing is asked besides, or it ended before its time."""
        return self.instead is not None and not (self.question.besides and self.instead.complete)

    def _by_traces(self, look: Look) -> Exploration | None:
        """The answer of "dpor", where it seems to be the quicker one, and has one."""
        if look.unknown_traces:
            return self._try_traces(look.states)
        if look.few_traces and self.tried < math.inf:
            question = attrs.evolve(self._rest(), expected=look.traces)
            if self.share is not None and question.bounds.max_states is None:
                return self._traces(question, partial(self.share, "dpor"))
            return self._traces(question)
        return None

    def _try_traces(self, states: float) -> Exploration | None:
        """The answer of "dpor", if that takes no longer than so many states, and it was given less before."""
        length, question = int(min(states, _LARGE) / _PER_STEP), self._rest()
        if length <= self.tried:
            return None
        self.tried, most = length, question.bounds.max_length
        if most is not None and most <= length:
            length, self.tried = most, math.inf
        found = self._traces(attrs.evolve(question, bounds=attrs.evolve(question.bounds, max_length=length)))
        if found is not None:
            taken, ended = count(found.executions, "execution"), found.stopped in (None, "violation")
            told = f"it took {taken}" if ended else f"it was stopped after {taken}"
            self.picked = f"there seem to be {states:,.0f} states or more, and by traces {told}"
        return found

    def _traces(
        self, question: Question, search: Callable[[Question], Exploration] | None = None
    ) -> Exploration | None:
        """The answer of "dpor", where it has one. search: by others than this process."""
        from aprt.explore.traces import dpor

        try:
            found = (search or dpor.search)(question)
        except WorkersLost:
            raise
        except UserError:  # it cannot check what is asked
            self.tried = math.inf
            return None
        # a walk hardly ever keeps to the loop that has no end; up to a depth, states show more than traces
        if found.stopped in ("endless", "max_depth"):
            self.tried = math.inf
        if found.stopped not in ("endless", "max_depth", "max_length"):
            return found
        self.given_up = found
        return None

    def _beyond(self) -> Exploration:
        """The answer where states are too many to keep."""
        from aprt.explore.persistent_sets import reduced
        from aprt.explore.sampling import portfolio

        self.picked = f"{self.picked or f'there are more than {_LARGE:,} states'}, too many to keep"
        try:
            found: Exploration | None = _within(reduced.search, self._rest(), _REDUCED)
        except UserError:
            found = None
        if found is None or _too_many(found, self.question, _REDUCED):
            found = self._try_traces(_LARGE) or portfolio.search(self._rest())
        return found if self.given_up is None else _with(self.given_up, found)

    def _rest(self) -> Question:
        """The question with the time that is left for it."""
        bounds = self.question.bounds
        if bounds.budget is not None:
            bounds = attrs.evolve(bounds, budget=max(0.0, bounds.budget - (time.perf_counter() - self.begin)))
        return attrs.evolve(self.question, bounds=bounds)


def _within(search: Callable[[Question], Exploration], question: Question, most: int) -> Exploration:
    """What a search finds in so many states."""
    limit = question.bounds.max_states
    bounds = attrs.evolve(question.bounds, max_states=most if limit is None else min(most, limit))
    return search(attrs.evolve(question, bounds=bounds))


def _with(known: Exploration, found: Exploration) -> Exploration:
    """The second answer, with what the first one has found to be wrong, and where it saw executions end."""
    violated = {finding.property for finding in known.findings}
    findings = (*known.findings, *(finding for finding in found.findings if finding.property not in violated))
    unasked = tuple(sorted({*known.unasked, *found.unasked}))
    return attrs.evolve(found, findings=findings, unasked=unasked, wrong=known.wrong | found.wrong)


def _seen(known: Exploration, found: Exploration) -> Exploration:
    """The second answer, which tells of no less than the first one saw where it was cut short."""
    if found.stopped not in ("interrupted", "budget"):
        return found
    seen = {name: max(getattr(known, name), getattr(found, name)) for name in ("states", "transitions", "depth")}
    return attrs.evolve(found, **seen)


def _more(known: Exploration, found: Exploration) -> bool:
    """Whether the first answer has a violation that the second one has not."""
    return not {finding.property for finding in known.findings} <= {finding.property for finding in found.findings}


def _too_many(found: Exploration, question: Question, most: int) -> bool:
    """Whether the search gave up at so many states, and was not told to."""
    limit = question.bounds.max_states
    return found.stopped == "max_states" and (limit is None or most < limit)


def _look(question: Question, least: int) -> Look:
    """least: states that are known. Raises: `Stop` when the budget is spent."""
    from aprt.explore.sampling.estimates import Tally
    from aprt.explore.sampling.random_walk import RandomWalk
    from aprt.explore.sampling.unseen import unseen
    from aprt.explore.sampling.walks import Walks

    states: defaultdict[int, Counter[int]] = defaultdict(Counter)  # how often each was met, by the number of steps
    traces: Counter[int] = Counter()
    bounds = attrs.evolve(question.bounds, max_states=None)
    with Walks(attrs.evolve(question, properties=(), bounds=bounds, report=None)) as walks:
        picker, tally = RandomWalk(walks.random), Tally(walks)
        probes = steps = 0
        while probes < _PROBES and steps < _STEPS:
            run = walks.execution(picker)
            probes, steps = probes + 1, steps + len(run.steps)
            if tally.sets < _SETS:
                tally.add(run, picker.weight)
            traces[hash(walks.steps.trace(run.steps))] += 1
            for depth, state in enumerate(run.states):
                states[depth][state] += 1
        estimates = tally.estimates()
    many = sum(left.chao1 for left in map(unseen, states.values()) if left is not None)
    return Look(max(least, many), _most(traces, estimates), estimates.cut > 0)


def _most(met: Counter[int], estimates: Estimates) -> float:
    """Traces there are, at most. met: how often each was."""
    from aprt.explore.sampling.unseen import unseen

    if estimates.traces is not None:
        return estimates.traces.high
    left = unseen(met)
    return left.chao1 if left is not None and left.mass < _RARE else math.inf

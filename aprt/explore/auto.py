"""Strategy "auto": looks at the system for a moment, picks a strategy that suits it, and says why.

Most systems are small: a search over states is begun, and often that is all. Where it is not, random walks (*probes*,
for two seconds at most) tell how many traces there are, at most (`estimates`), and how many states, at least, by Chao's
estimate for each number of steps. Then

- "dpor", when there are far fewer traces than states, and it can check what is asked;
- else "states", when they fit into memory; its schedules are the shortest;
- else "reduced", when the states that matter do, and it can check what is asked;
- else the portfolio, which draws lots and is never complete.

What a small system has no use for is imported when another comes.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from aprt.core.errors import UserError
from aprt.explore import states
from aprt.explore.result import Bounds, Exploration, Question

if TYPE_CHECKING:
    from aprt.explore.estimates import Estimates

_SMALL = 20_000  # states that are looked at before anything is estimated: a tenth of a second
_LARGE = 3_000_000  # states that are too many to keep
_REDUCED = 100_000  # likewise, of those that matter: what finds them is slower
_PER_TRACE = 100  # states that are looked at in the time that one trace takes
_PROBES, _SECONDS = 1_000, 2.0
_COUNTLESS = 1e12
_RARE = 0.1  # the chance of what was not seen, when what was seen says how much there is


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

    def __str__(self) -> str:
        traces = "countless traces" if self.traces > _COUNTLESS else f"{self.traces:,.0f} traces or fewer"
        return f"there seem to be {self.states:,.0f} states or more and {traces}"


def search(question: Question) -> Exploration:
    """Explore with the strategy that the system suggests. `Exploration.picked` says why."""
    if question.symmetry:
        return attrs.evolve(states.search(question), picked="no other strategy knows symmetry")
    if question.loop != "auto":
        return attrs.evolve(states.search(question), picked="no other strategy has loops to choose from")
    begin = time.perf_counter()
    found, picked = _within(states.search, question, _SMALL), "there are few states"
    if _too_many(found, question):
        try:
            look = _look(question, found.states)
        except KeyboardInterrupt:
            return attrs.evolve(found, stopped="interrupted")
        found, picked = _large(question, look, begin)
    return attrs.evolve(found, seconds=time.perf_counter() - begin, picked=picked)


def _large(question: Question, look: Look, begin: float) -> tuple[Exploration, str]:
    """The answer of the strategy that suits what is not small, and why."""
    from aprt.explore import dpor, portfolio, reduced  # most systems are small

    if look.few_traces:
        try:
            found = dpor.search(_rest(question, begin, look.traces))
            if found.stopped != "endless":  # a walk hardly ever keeps to the loop that has no end
                return found, str(look)
        except UserError:  # it cannot check what is asked
            pass
    if look.states < _LARGE:
        found = _within(states.search, _rest(question, begin, look.states), _LARGE)
        if not _too_many(found, question):
            return found, str(look)
    try:
        found = _within(reduced.search, _rest(question, begin), _REDUCED)
        if not _too_many(found, question):
            return found, f"{look}, too many to keep"
    except UserError:
        pass
    return portfolio.search(_rest(question, begin)), f"{look}, too many to keep"


def _within(search: Callable[[Question], Exploration], question: Question, most: int) -> Exploration:
    """What a search finds in so many states."""
    limit = question.bounds.max_states
    bounds = attrs.evolve(question.bounds, max_states=most if limit is None else min(most, limit))
    return search(attrs.evolve(question, bounds=bounds))


def _too_many(found: Exploration, question: Question) -> bool:
    """Whether the search gave up, but not where it was told to."""
    return found.stopped == "max_states" and found.states != question.bounds.max_states


def _rest(question: Question, begin: float, expected: float | None = None) -> Question:
    """The question with the time that is left for it."""
    bounds = question.bounds
    if bounds.budget is not None:
        bounds = attrs.evolve(bounds, budget=max(0.0, bounds.budget - (time.perf_counter() - begin)))
    return attrs.evolve(question, bounds=bounds, expected=expected)


def _look(question: Question, least: int) -> Look:
    """least: states that are known."""
    from aprt.explore.estimates import Tally
    from aprt.explore.random_walk import RandomWalk
    from aprt.explore.unseen import unseen
    from aprt.explore.walks import Walks

    states: defaultdict[int, Counter[int]] = defaultdict(Counter)  # how often each was met, by the number of steps
    traces: Counter[int] = Counter()
    begin = time.perf_counter()
    with Walks(attrs.evolve(question, properties=(), bounds=Bounds(max_depth=question.bounds.max_depth))) as walks:
        picker, tally = RandomWalk(walks.random), Tally(walks)
        for _ in range(_PROBES):
            run, spent = walks.execution(picker), time.perf_counter() - begin
            if spent < _SECONDS / 2:  # the tally takes far longer than the walk
                tally.add(run, picker.weight)
            traces[hash(walks.steps.trace(run.steps))] += 1
            for depth, state in enumerate(run.states):
                states[depth][state] += 1
            if spent >= _SECONDS:
                break
        estimates = tally.estimates()
    many = sum(left.chao1 for left in map(unseen, states.values()) if left is not None)
    return Look(max(least, many), _most(traces, estimates), estimates.cut > 0)


def _most(met: Counter[int], estimates: Estimates) -> float:
    """Traces there are, at most. met: how often each was."""
    from aprt.explore.unseen import unseen

    if estimates.traces is not None:
        return estimates.traces.high
    left = unseen(met)
    return left.chao1 if left is not None and left.mass < _RARE else math.inf

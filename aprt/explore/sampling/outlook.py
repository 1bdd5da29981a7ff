"""How large a system seems to be, from a few random walks (*probes*): what strategy "auto" decides by."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import attrs

from aprt.explore.result import Question
from aprt.explore.sampling.estimates import Estimates, Tally
from aprt.explore.sampling.random_walk import RandomWalk
from aprt.explore.sampling.unseen import unseen
from aprt.explore.sampling.walks import Walks

_PROBES, _STEPS = 1_000, 100_000  # no more than so many probes, and steps in all of them
_SETS = 50_000  # down-sets of traces that are looked at: less than a second
_COUNTLESS = 1e12
_RARE = 0.1  # the chance of what was not seen, when what was seen says how much there is


@attrs.frozen
class Outlook:
    """states: at least so many. traces: at most so many, infinite when the probes cannot tell.

    endless: whether some probes did not come to an end.
    """

    states: float
    traces: float
    endless: bool

    def __str__(self) -> str:
        traces = "countless traces" if self.traces > _COUNTLESS else f"{self.traces:,.0f} traces or fewer"
        return f"there seem to be {self.states:,.0f} states or more and {traces}"


def outlook(question: Question, least: int) -> Outlook:
    """What probes say of the question's system, whatever is asked of it. least: states that are known already.

    The states are the sum, over the numbers of steps, of Chao's estimates of the states that many steps away.
    Raises: `Stop` when the budget is spent.
    """
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
    return Outlook(max(least, many), _most_traces(traces, estimates), estimates.cut > 0)


def _most_traces(met: Counter[int], estimates: Estimates) -> float:
    """How many traces there are at most. met: how often each was."""
    if estimates.traces is not None:
        return estimates.traces.high
    left = unseen(met)
    return left.chao1 if left is not None and left.mass < _RARE else math.inf

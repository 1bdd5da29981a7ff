"""How many interleavings and traces a system has, estimated from a few random executions (*probes*).

- *Interleavings*: one over the chance of a probe is, on average, the number of executions (Knuth, "Estimating the
  Efficiency of Backtrack Programs", Mathematics of Computation 29, 1975).
- *Traces*: a trace is drawn in as many ways as it has interleavings, so the same weight divided by that number
  (`extensions`) is, on average, the number of traces. Deadlocks count, and executions that end in an oops.

Any strategy that knows the chances it draws with can probe. A random walk is Knuth's; "urw" mostly has far less
spread, since it draws all interleavings with nearly the same chance.

The intervals take the logarithm of a mean as normal, which suits means of numbers that are never negative and
sometimes large. No interval helps when a few probes outweigh all others, or would if they had been met: hence the
*effective* number of probes, (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965), and the warning when it is small.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import attrs

from aprt.core.errors import UserError
from aprt.core.scenario import did_you_mean
from aprt.core.system import System
from aprt.explore.extensions import linear_extensions
from aprt.explore.random_walk import RandomWalk
from aprt.explore.result import Bounds, Question
from aprt.explore.urw import UniformWalk
from aprt.explore.walks import Picker, Run, Walks

Proposal: TypeAlias = Literal["random", "urw"]

_PROPOSALS: tuple[Proposal, ...] = ("random", "urw")
_MAX_STEPS = 300  # where a probe is cut when no depth is given: loops may never end
_ENOUGH = 30  # effective probes
_Z = 1.96  # standard errors to either side that hold 95 % of a normal distribution


class Weighted(Picker, Protocol):
    """A picker that knows its chances. weight: one over the chance of the execution so far, choices included."""

    weight: float


@attrs.frozen
class Estimate:
    """A number, estimated. error: standard error. low, high: where it is with 95 % confidence.

    effective: how many probes of equal weight would say as much; see `reliable`.
    """

    value: float
    error: float
    low: float
    high: float
    effective: float

    @property
    def reliable(self) -> bool:
        """False when a few probes outweigh the others: the number is more likely larger, and the interval too low."""
        return self.effective >= _ENOUGH


@attrs.frozen
class Estimates:
    """What the probes say. cut: how many were cut at the depth; then executions up to there are what is counted.

    traces: None when there were too many interleavings of one trace to count.
    """

    probes: int
    cut: int
    interleavings: Estimate
    traces: Estimate | None


def estimate(
    system: System,
    probes: int = 1000,
    *,
    seed: int = 0,
    proposal: Proposal = "urw",
    max_depth: int | None = None,
    budget: float | None = None,
) -> Estimates:
    """How many interleavings and traces `system` has, from that many probes, or as many as `budget` (s) allows.

    proposal: the strategy that draws the probes. Raises: `UserError` for one that does not know its chances.
    """
    if proposal not in _PROPOSALS:
        raise UserError(f"strategy {proposal!r} cannot estimate{did_you_mean(proposal, _PROPOSALS)}")
    bounds = Bounds(max_depth=_MAX_STEPS if max_depth is None else max_depth)
    deadline = None if budget is None else time.perf_counter() + budget
    with Walks(Question(system, (), bounds, seed=seed)) as walks:
        picker = RandomWalk(walks.random) if proposal == "random" else UniformWalk(walks.steps, walks.random)
        tally = _Tally(walks)
        for _ in range(probes):
            run = walks.execution(picker)
            picker.finish(run.steps, False)
            tally.add(run, picker.weight)
            if deadline is not None and time.perf_counter() >= deadline:
                break
        return tally.estimates()


class _Tally:
    """The weights of the probes so far, and of their traces."""

    def __init__(self, walks: Walks) -> None:
        self._steps = walks.steps
        self._cut = 0
        self._weights: list[float] = []
        self._shares: list[float] | None = []
        self._seen: set[tuple[int, ...]] = set()
        self._orders: dict[int, int | None] = {}  # by the hash of a trace

    def add(self, run: Run, weight: float) -> None:
        self._cut += run.ending == "cut"
        self._seen.add(run.steps)
        self._weights.append(weight)
        trace = hash(self._steps.trace(run.steps))
        if trace not in self._orders:
            self._orders[trace] = linear_extensions(map(self._steps.info, run.steps))
        orders = self._orders[trace]
        if orders is None:
            self._shares = None
        elif self._shares is not None:
            self._shares.append(_ratio(weight, orders))

    def estimates(self) -> Estimates:
        traces = None if self._shares is None else mean(self._shares, len(self._orders))
        return Estimates(len(self._weights), self._cut, mean(self._weights, len(self._seen)), traces)


def mean(values: Sequence[float], least: int) -> Estimate:
    """The mean of what these values are a sample of; it is known to be `least` or more."""
    count, total = len(values), math.fsum(values)
    if not math.isfinite(total):
        return Estimate(math.inf, math.inf, least, math.inf, 0)
    value = total / count
    squares = math.fsum((w / value) ** 2 for w in values)  # relative to the mean, against overflow
    spread = math.sqrt(max(0.0, squares / count - 1) / max(1, count - 1))
    factor = math.exp(_Z * spread)
    low, high = max(float(least), value / factor), max(float(least), value * factor)
    return Estimate(value, value * spread, low, high, count**2 / squares)


def _ratio(weight: float, orders: int) -> float:
    """Their quotient, also for numbers that no float can hold."""
    return weight if math.isinf(weight) else math.exp(math.log(weight) - math.log(orders))

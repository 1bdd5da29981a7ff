"""How many interleavings and traces a system has, estimated from a few random walks (*probes*).

- From the weight of a walk, which is one over its chance: the mean over the probes is, on average, the number of
  executions (Knuth, "Estimating the Efficiency of Backtrack Programs", Mathematics of Computation 29, 1975).
- From the traces that were seen, where the chance of each can be worked out (`spread`): a trace of chance p is seen by
  n probes with a chance of q = 1 - (1-p)^n, so the sum of 1/q over the traces seen is, on average, the number of
  traces, and that of (orders of the trace)/q the number of interleavings (Horvitz and Thompson, "A Generalization of
  Sampling Without Replacement From a Finite Universe", JASA 47, 1952). A trace that is likely to be seen adds about 1,
  and so hardly any error: nearly all of that comes from rare traces.

Executions that end in a deadlock or an oops count like others. When the chances of the traces seen add up to 1, there
are no others.

The interval is not symmetric. Its lower limit takes the logarithm of what was not seen to be normally distributed,
which suits a number that is never negative and sometimes large (Chao, Biometrics 43, 1987). Its upper limit takes the
number of rare traces seen to be a Poisson count; as that could be larger even if none was seen, z^2 is added, times
what the rarest stands for. Where a few rare traces make up the number, z is replaced by Student's t. No interval helps
when a few probes outweigh all others, or would if they had been met. So there is the *effective* number of probes,
(sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965), and a warning of a heavy tail when it is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import attrs

from aprt.core.errors import UserError
from aprt.core.system import System
from aprt.explore.result import Bounds, Progress, Question
from aprt.explore.sampling.random_walk import RandomWalk
from aprt.explore.sampling.spread import Spread, spread
from aprt.explore.sampling.walks import Run, Walks
from aprt.explore.watchdog import Stop

_MAX_STEPS = 300  # where a probe is cut when no depth is given: loops may never end
_ENOUGH = 30  # effective probes, for an estimate to be reliable
_NOTHING = 1e-12  # when the chance of what was not seen is less, everything was seen
_Z = 1.96  # standard errors to either side that hold 95 % of a normal distribution


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
        """False for a heavy tail: a few probes outweigh the others. Then the number is more likely larger, and even
        the interval too low."""
        return self.effective >= _ENOUGH


@attrs.frozen
class Estimates:
    """What the probes say. cut: how many were cut at the depth; then executions up to there are what is counted.

    traces: None when there were too many interleavings of one trace to count. interrupted: more probes were wanted.
    """

    probes: int
    cut: int
    interleavings: Estimate
    traces: Estimate | None
    interrupted: bool = False


def estimate(
    system: System,
    probes: int = 1000,
    *,
    seed: int = 0,
    max_depth: int | None = None,
    budget: float | None = None,
    report: Callable[[Progress], None] | None = None,
    halt: Callable[[], bool] | None = None,
) -> Estimates:
    """How many interleavings and traces `system` has, from that many probes, or as many as `budget` (s) allows.

    report, halt: as in `Question`. Raises: `UserError` when the budget ends before the first probe does (it is looked
    at every 256 steps); KeyboardInterrupt when `halt` ends it before that.
    """
    bounds = Bounds(max_depth=_MAX_STEPS if max_depth is None else max_depth, budget=budget)
    with Walks(Question(system, (), bounds, seed=seed, runs=probes, report=report, halt=halt)) as walks:
        picker, tally, interrupted = RandomWalk(walks.random), Tally(walks), False
        try:
            while walks.executions < probes:
                tally.add(walks.execution(picker), picker.weight)
                walks.executions += 1
                walks.watchdog.look(walks.executions, len(walks.enabled), walks.transitions, walks.depth)
        except Stop as stop:
            interrupted = stop.reason == "interrupted"
        if walks.executions:
            return attrs.evolve(tally.estimates(), interrupted=interrupted)
        if interrupted:
            raise KeyboardInterrupt
        raise UserError(f"no probe came to its end in a budget of {budget:g} s; allow more, or lower the depth")


class Tally:
    """The probes so far, by trace. sets: how many down-sets were looked at, which is what takes the time."""

    def __init__(self, walks: Walks) -> None:
        self._walks = walks
        self.sets = 0
        self._cut = 0
        self._weights: list[float] = []  # of each probe
        self._traces: list[int] = []  # of each probe, its hash: two share one with a chance of 2**-64
        self._runs: set[tuple[int, ...]] = set()
        self._spreads: dict[int, Spread] | None = {}

    def add(self, run: Run, weight: float) -> None:
        """A probe. weight: one over its chance."""
        self._cut += run.ending == "cut"
        self._weights.append(weight)
        self._runs.add(run.steps)
        trace = hash(self._walks.steps.trace(run.steps))
        self._traces.append(trace)
        if self._spreads is not None and trace not in self._spreads:
            found = spread(self._walks, run)
            if found is None:
                self._spreads = None
            else:
                self._spreads[trace] = found
                self.sets += found.sets

    def estimates(self) -> Estimates:
        """What the probes say; there is at least one."""
        probes, cut, spreads = len(self._weights), self._cut, self._spreads
        if spreads is None:
            return Estimates(probes, cut, mean(self._weights, len(self._runs)), None)
        seen = list(spreads.values())
        chances = [s.chance for s in seen]
        shares = [weight / spreads[trace].orders for weight, trace in zip(self._weights, self._traces, strict=True)]
        interleavings = total([s.orders for s in seen], chances, probes, kish(self._weights))
        traces = total([1] * len(seen), chances, probes, kish(shares))
        return Estimates(probes, cut, interleavings, traces)


def mean(values: Sequence[float], least: int) -> Estimate:
    """The mean of all, of which these values are a sample; it is known to be `least` or more."""
    if not math.isfinite(sum(values)):
        return Estimate(math.inf, math.inf, least, math.inf, 0)
    value = math.fsum(values) / len(values)
    effective = kish(values)
    spread = math.sqrt(max(0.0, len(values) / effective - 1) / max(1, len(values) - 1))  # relative
    factor = math.exp(_Z * spread)
    low, high = max(float(least), value / factor), max(float(least), value * factor)
    return Estimate(value, value * spread, low, high, effective)


def total(values: Sequence[float], chances: Sequence[float], probes: int, effective: float) -> Estimate:
    """The sum of a value over all things there are, from the things that `probes` draws have seen.

    values, chances: of each thing seen, its value and its chance to be drawn.
    """
    seen = math.fsum(values)
    if math.fsum(chances) > 1 - _NOTHING:
        return Estimate(seen, 0.0, seen, seen, probes)
    met = [-math.expm1(probes * math.log1p(-chance)) for chance in chances]
    stands = [value / q for value, q in zip(values, met, strict=True)]  # what each stands for
    unseen = math.fsum(value * (1 - q) for value, q in zip(stands, met, strict=True))
    spread = math.fsum((value / unseen) ** 2 * (1 - q) for value, q in zip(stands, met, strict=True)) if unseen else 0.0
    error = unseen * math.sqrt(spread)
    z = _Z + (_Z**3 + _Z) / 4 * min(1.0, spread)  # Student's t, by the first term of its expansion
    rarest = max(stands)
    low = unseen / math.exp(z * math.sqrt(math.log1p(spread)))
    return Estimate(seen + unseen, error, seen + low, seen + unseen + z * error + _Z**2 * rarest, effective)


def kish(weights: Sequence[float]) -> float:
    """How many equal weights would say as much as these."""
    most = max(weights)  # against overflow
    return math.fsum(w / most for w in weights) ** 2 / math.fsum((w / most) ** 2 for w in weights)

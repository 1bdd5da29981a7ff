"""How much random executions have not seen, told from the traces that they saw, and how often each.

- *Mass*: the chance that the next execution shows a new trace is about f1/n, where n executions were done and f1
  traces were seen exactly once (Good, "The Population Frequencies of Species", Biometrika 40, 1953).
- *Below*: an upper bound of it. f1/n is not below its mean by more than sqrt(2 ln(1/p) / n) (McDiarmid: one
  execution moves it by 2/n at most), nor the mass above its own, which is no larger, by more than sqrt(ln(1/p) / n)
  (Berend and Kontorovich, "On the Concentration of the Missing Mass", 2013), each but for a chance of p.
- *Chao1*: a lower bound of the number of traces, seen + f1^2 / (2 f2), where f2 were seen twice (Chao,
  "Nonparametric Estimation of the Number of Classes in a Population", 1984).

All of it speaks of traces as the strategy draws them: one that it never draws does not count. The bound takes
executions as independent, which is not quite so where a strategy learns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

_CHANCE = 0.05  # that the bound is wrong


@attrs.frozen
class Unseen:
    """mass, below: chances that the next execution is new; the second holds with 95 %. chao1: traces, at least."""

    mass: float
    below: float
    chao1: float


def unseen(seen: Mapping[Any, int]) -> Unseen | None:
    """What is left, where each trace was seen so often (at least once); None before the first execution."""
    executions = sum(seen.values())
    if not executions:
        return None
    once, twice = (sum(1 for times in seen.values() if times == n) for n in (1, 2))
    mass = once / executions
    slack = (1 + math.sqrt(2)) * math.sqrt(math.log(2 / _CHANCE) / executions)
    more = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return Unseen(mass, min(1.0, mass + slack), len(seen) + more)

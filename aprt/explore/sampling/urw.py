"""Strategy "urw": a random walk in which every interleaving has the same chance.

Uniform random walk (Zhao et al., "Selectively Uniform Concurrency Testing", ASPLOS 2025, section 3): a context is
picked with a chance in proportion to the number of steps it has left. When those numbers are right and nothing
blocks, that is exactly uniform. They are the most steps seen of the context in an execution so far; the first one
is a plain random walk. A context that outlives its number keeps a weight of 1: with less, code that the executions
before did not reach would not be reached later either.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import accumulate
from random import Random
from typing import Any

from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.walks import Enabled, Picker, Steps, Walks


def search(question: Question) -> Exploration:
    """Walk uniformly, `question.runs` times."""
    with Walks(question) as walks:
        return walks.explore(UniformWalk(walks.steps, walks.random), "urw")


class UniformWalk(Picker):
    """Picks by the number of steps left."""

    def __init__(self, steps: Steps, lots: Random) -> None:
        self._steps, self._lots = steps, lots
        self._most = [0] * steps.contexts
        self._left = list(self._most)

    def start(self) -> None:
        self._left = list(self._most)

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        left = self._left
        ends = list(accumulate(left[place] if left[place] > 1 else 1 for place, _ in enabled))
        # the last one also takes a product that is rounded up to the sum
        chosen = enabled[bisect(ends, self._lots.random() * ends[-1], hi=len(ends) - 1)]
        left[chosen[0]] -= 1
        return chosen

    def finish(self, steps: Sequence[int], fresh: bool) -> None:
        for place, count in Counter(map(self._steps.place, steps)).items():
            self._most[place] = max(self._most[place], count)

    @property
    def memory(self) -> Any:
        return self._most

    def remember(self, memory: Any, taken: Collection[int]) -> None:
        self._most = list(memory)

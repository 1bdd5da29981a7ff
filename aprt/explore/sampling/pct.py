"""Strategy "pct": probabilistic concurrency testing, which finds what needs few ordering constraints, provably often.

Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
ASPLOS 2010, section 4: contexts have distinct random priorities and the highest that can goes on; at each of d-1
random steps the context that took it falls to a priority below all initial ones. A violation of **depth** d, one
that shows whenever d pairs of steps come in a certain order, is found by one execution with a chance of at least
1/(n k^(d-1)), for n contexts and k steps.

Here k counts only steps on shared actors (`contention`), and is the most that one execution showed so far; the
first execution knows of none. The chance holds as far as later executions do not show more of them, and where the
environment has choices to make, it is the chance given that they are made as the violation needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs

from aprt.explore.result import Exploration, Guarantee, Question
from aprt.explore.sampling.contention import CountingPicker
from aprt.explore.sampling.walks import Enabled, Steps, Walks


def search(question: Question, depth: int = 2) -> Exploration:
    """Look for violations of at most that depth (from 1), `question.runs` times. Says what it guarantees."""
    with Walks(question) as walks:
        picker = Priorities(walks.steps, walks.random, depth)
        found = walks.explore(picker, f"pct:{depth}")
        # those that were cut off do not say how many steps count
        return found if found.cut else attrs.evolve(found, guarantee=picker.guarantee())


class Priorities(CountingPicker):
    """Picks the context of highest priority."""

    def __init__(self, steps: Steps, lots: Random, depth: int) -> None:
        self._contexts, self._depth, self._lots = steps.contexts, depth, lots
        super().__init__(steps)
        self._priorities: list[int] = []  # by the place of the context
        self._changes: dict[int, int] = {}  # by the number of the step: the priority to fall to
        self._done = 0

    def guarantee(self) -> Guarantee:
        """What one execution is good for, by what is known now."""
        return Guarantee(self._depth, self._contexts, self._contention.most)

    def start(self) -> None:
        self._priorities = list(range(self._depth, self._depth + self._contexts))
        self._lots.shuffle(self._priorities)
        most = self._contention.most
        # in the order drawn: which of two changes falls lower is random, too
        points = self._lots.sample(range(1, most + 1), min(self._depth - 1, most))
        self._changes = {point: priority for priority, point in enumerate(points, start=1)}
        self._done = 0

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        chosen = max(enabled, key=lambda offer: self._priorities[offer[0]])
        place, moves = chosen
        if self._contention.counts(moves[0][1]):
            self._done += 1
            if self._done in self._changes:
                self._priorities[place] = self._changes[self._done]
        return chosen

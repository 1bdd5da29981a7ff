"""Strategy "delay": delay bounding, a deterministic scheduler that is made to deviate at random, d times.

Emmi, Qadeer and Rakamaric, "Delay-Bounded Scheduling", POPL 2011, section 2. The scheduler lets a context go on
until it cannot, and then turns to the next one in the system's order, round and round. A delay makes it turn before
that. With delays at random steps out of k (`contention`), each set of d of them has a chance of at least 1/k^d,
whatever the number of contexts: good for many contexts, where most are not to blame.

Only steps that can matter to others count for delays. A context that goes round for ever on actors of its own would
never be delayed then, and the others would never come to show what is shared. So after an execution in which no step
counted, every step of the next one counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from random import Random
from typing import Any

from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.contention import CountingPicker
from aprt.explore.sampling.walks import Enabled, Steps, Walks


def search(question: Question, delays: int = 2) -> Exploration:
    """Delay at random, that often (from 1) an execution, `question.runs` times."""
    with Walks(question) as walks:
        return walks.explore(Delays(walks.steps, walks.random, delays), f"delay:{delays}")


class Delays(CountingPicker):
    """Picks the context that is running, or the next that can, unless a delay is due."""

    def __init__(self, steps: Steps, lots: Random, delays: int) -> None:
        self._contexts, self._delays, self._lots = steps.contexts, delays, lots
        super().__init__(steps)
        self._due: Counter[int] = Counter()  # by the number of the step: how many delays
        self._running = self._done = 0
        self._length = 0  # of the last execution, if no step of it counted

    def start(self) -> None:
        most = self._length or self._contention.most
        self._due = Counter(self._lots.randint(1, most) for _ in range(self._delays))
        self._running = self._done = 0

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        order = sorted(enabled, key=lambda offer: (offer[0] - self._running) % self._contexts)
        chosen = order[0]
        if self._length or self._contention.counts(chosen[1][0][1]):
            self._done += 1
            chosen = order[self._due[self._done] % len(order)]
        self._running = chosen[0]
        return chosen

    def finish(self, steps: Sequence[int], fresh: bool) -> None:
        super().finish(steps, fresh)
        self._length = 0 if any(map(self._contention.counts, steps)) else len(steps)

    @property
    def memory(self) -> Any:
        return super().memory, self._length

    def remember(self, memory: Any, taken: Collection[int]) -> None:
        most, self._length = memory
        super().remember(most, taken)

"""Which steps can matter to another context: those on an actor that more than one context has used.

Strategies that switch contexts at random step numbers count only these. A step on an actor of one's own commutes
with all steps of others, so a switch before it is as good as one before the next step that counts; the fewer steps
there are to pick from, the likelier is each. What is shared is learned from executions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from aprt.explore.sampling.walks import Picker, Steps


class Contention:
    """What executions have shown so far. most: steps that count, in the execution with most of them; at least 1."""

    def __init__(self, steps: Steps) -> None:
        self.most = 1
        self._steps = steps
        self._user: dict[str, str] = {}  # of each actor, the first context seen to use it
        self._shared: set[str | None] = set()
        self._counts: dict[int, bool] = {}  # the answer of `counts` for each step that an execution took

    def counts(self, number: int) -> bool:
        """Whether the step of that number is on a shared actor."""
        known = self._counts.get(number)
        return self._steps.info(number).actor in self._shared if known is None else known

    def learn(self, steps: Sequence[int]) -> None:
        """An execution took these steps."""
        new = set(steps).difference(self._counts)
        if new:
            for info in map(self._steps.info, new):
                if info.actor is not None and self._user.setdefault(info.actor, info.context) != info.context:
                    self._shared.add(info.actor)
            # steps that did not count before may do so now
            self._counts = {n: self._steps.info(n).actor in self._shared for n in (*self._counts, *new)}
        self.most = max(self.most, sum(map(self._counts.__getitem__, steps)))


class CountingPicker(Picker):
    """A picker that goes by the number of steps that count."""

    def __init__(self, steps: Steps) -> None:
        self._contention = Contention(steps)

    def finish(self, steps: Sequence[int], fresh: bool) -> None:
        self._contention.learn(steps)

    @property
    def memory(self) -> Any:
        return self._contention.most

    def remember(self, memory: Any, taken: Collection[int]) -> None:
        self._contention.learn(tuple(taken))
        self._contention.most = memory

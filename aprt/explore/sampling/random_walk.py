"""Strategy "random": every context that can take a step has the same chance. The baseline of the random strategies.

An execution with few ways to go at each step is likelier than one with many, so what is found often says little
about how often it happens.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from random import Random

from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.walks import Enabled, Picker, Walks

_PATIENCE = 100  # after so many executions for each sample asked for, no more are looked for


def search(question: Question) -> Exploration:
    """Walk at random, `question.runs` times."""
    with Walks(question) as walks:
        return walks.explore(RandomWalk(walks.random), "random")


def sample_schedules(system: System, count: int, seed: int) -> tuple[Schedule, ...]:
    """Schedules of `count` executions, no two of them of one trace; fewer when no more are met.

    An execution that does not end is cut, as in `search`.
    """
    samples: dict[Hashable, Schedule] = {}
    with Walks(Question(system, (), seed=seed)) as walks:
        picker = RandomWalk(walks.random)
        for _ in range(_PATIENCE * count):
            steps = walks.execution(picker).steps
            samples.setdefault(walks.steps.trace(steps), walks.tables.schedule(steps))
            if len(samples) == count:
                break
    return tuple(samples.values())


class RandomWalk(Picker):
    """Picks evenly. weight: one over the chance of this execution so far, the environment's choices included."""

    def __init__(self, lots: Random) -> None:
        self._lots = lots
        self.weight = 1.0

    def start(self) -> None:
        self.weight = 1.0

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        chosen = self._lots.choice(enabled)
        self.weight *= len(enabled) * len(chosen[1])
        return chosen

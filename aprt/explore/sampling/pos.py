"""Strategy "pos": partial order sampling, which spreads over traces where a random walk spreads over nothing.

Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018, algorithm 2: every pending operation has a
priority, drawn at random; the highest goes first, and the pending operations that depend on it draw again. No
parameters. What a pending operation depends on is judged by the step that it would be in the present state.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.walks import Enabled, Picker, Steps, Walks


def search(question: Question) -> Exploration:
    """Sample partial orders, `question.runs` times."""
    with Walks(question) as walks:
        return walks.explore(PartialOrderSampler(walks.steps, walks.random), "pos")


class PartialOrderSampler(Picker):
    """Picks by the priorities of pending operations."""

    def __init__(self, steps: Steps, lots: Random) -> None:
        self._steps, self._draw = steps, lots.random
        self._priorities: dict[int, float] = {}  # by the place of the context

    def start(self) -> None:
        self._priorities.clear()

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        priorities = self._priorities
        chosen, highest = enabled[0], -1.0
        for offer in enabled:
            place = offer[0]
            if place not in priorities:
                priorities[place] = self._draw()
            if priorities[place] > highest:
                chosen, highest = offer, priorities[place]
        step = chosen[1][0][1]
        for place, moves in enabled:
            if self._steps.dependent(step, moves[0][1]):  # which it does on itself
                del priorities[place]
        return chosen

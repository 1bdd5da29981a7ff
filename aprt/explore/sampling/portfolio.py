"""Strategy "portfolio": all random strategies in turn, more of those that keep finding new traces.

No strategy is best for all programs, and each is blind to something in some. Every execution is done by one member,
drawn by lot. Each is sure of a small share of the executions, for what only it can find. The rest is given out by how
often a member's executions showed a new trace, where later ones count more. All members learn from all executions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import Any

import attrs

from aprt.explore.result import Exploration, Question
from aprt.explore.sampling.pct import Priorities
from aprt.explore.sampling.pos import PartialOrderSampler
from aprt.explore.sampling.random_walk import RandomWalk
from aprt.explore.sampling.urw import UniformWalk
from aprt.explore.sampling.walks import Enabled, Picker, Walks

_FLOOR = 0.1  # the share of the executions that each member is sure of
_MEMORY = 0.95  # what an execution still counts after one more of the same member
_HOPE = 0.001  # is added to every yield, so that all are alike when none finds anything


def search(question: Question) -> Exploration:
    """Do `question.runs` executions: random walk, urw, pos, pct:2 and pct:3."""
    with Walks(question) as walks:
        steps, lots = walks.steps, walks.random
        members: dict[str, Picker] = {
            "random": RandomWalk(lots),
            "urw": UniformWalk(steps, lots),
            "pos": PartialOrderSampler(steps, lots),
            "pct:2": Priorities(steps, lots, 2),
            "pct:3": Priorities(steps, lots, 3),
        }
        portfolio = Portfolio(tuple(members.values()), lots)
        found = walks.explore(portfolio, "portfolio")
        return attrs.evolve(found, turns=tuple(zip(members, portfolio.turns, strict=True)))


class Portfolio(Picker):
    """Picks as the member does that was drawn for this execution, numbered `member`. At most ten members.

    turns: executions of each.
    """

    def __init__(self, members: Sequence[Picker], lots: Random) -> None:
        self._members, self._lots = members, lots
        self._yields = [1.0] * len(members)
        self.turns = [0] * len(members)
        self.member = 0

    @property
    def shares(self) -> tuple[float, ...]:
        """The chance of each member to do the next execution."""
        hopes, free = [found + _HOPE for found in self._yields], 1 - _FLOOR * len(self._members)
        return tuple(_FLOOR + free * hope / sum(hopes) for hope in hopes)

    def start(self) -> None:
        (self.member,) = self._lots.choices(range(len(self._members)), self.shares)
        self.turns[self.member] += 1
        self._members[self.member].start()

    def pick(self, enabled: Sequence[Enabled]) -> Enabled:
        return self._members[self.member].pick(enabled)

    def finish(self, steps: Sequence[int], fresh: bool) -> None:
        self._yields[self.member] = _MEMORY * self._yields[self.member] + (1 - _MEMORY) * fresh
        for member in self._members:
            member.finish(steps, fresh)

    @property
    def memory(self) -> Any:
        return self._yields, self.turns, [member.memory for member in self._members]

    def remember(self, memory: Any, taken: Collection[int]) -> None:
        self._yields, self.turns, memories = memory
        for member, own in zip(self._members, memories, strict=True):
            member.remember(own, taken)

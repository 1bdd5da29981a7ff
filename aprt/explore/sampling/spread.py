"""How a random walk spreads over one trace: in how many orders its steps could have come, and with what chance.

The orders are the linear extensions of happens-before. A part of the trace that is closed under it (a *down-set*) is
reached in as many ways as its predecessors together, and with the sum of their chances, each times the chance of the
step between. All orders of a down-set lead to one state, so what the walk could pick there is known. Each context does
its steps in order, so there are at most the product of (steps + 1) down-sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Final

import attrs

from aprt.explore.commuting.independence import Token, numbered
from aprt.explore.learned.packing import INITIAL
from aprt.explore.sampling.walks import Run, Walks

_MAX_SETS = 20_000  # some 50 ms
_MOST: Final = 1e150  # more orders, or one over a chance that is larger, are given up: floats hold squares of these


@attrs.frozen
class Spread:
    """orders: interleavings of the trace. chance: that an execution of `RandomWalk` is one of them.

    sets: down-sets that were looked at.
    """

    orders: int
    chance: float
    sets: int


@attrs.frozen
class _Set:
    """A down-set: the ways into it, their chance, and the state it leads to."""

    ways: int
    chance: float
    state: int


def spread(walks: Walks, run: Run) -> Spread | None:
    """The spread over the trace of `run`; None when it has too many down-sets, too many orders or next to no chance."""
    chains = _chains(walks, run)
    needs = _needs(walks, run)
    level, count = {0: _Set(1, 1.0, INITIAL)}, 0
    for _ in run.steps:
        level = _onwards(walks, run, level, chains, needs)
        count += len(level)
        if count > _MAX_SETS:
            return None
    (whole,) = level.values()
    if whole.ways > _MOST or whole.chance < 1 / _MOST:
        return None
    return Spread(whole.ways, whole.chance, count)


def _onwards(
    walks: Walks, run: Run, level: dict[int, _Set], chains: dict[int, int], needs: list[int]
) -> dict[int, _Set]:
    """The down-sets of one more step. Sets of steps are bits."""
    following: dict[int, _Set] = {}
    for done, before in level.items():
        offers = walks.tables.offers(before.state)
        for place, moves in offers:
            left = chains.get(place, 0) & ~done
            step = (left & -left).bit_length() - 1  # the first one
            if not left or needs[step] & ~done:
                continue
            op = walks.steps.info(run.steps[step]).op
            delta = next(move[0] for move in moves if walks.steps.info(move[1]).op == op)
            known = following.get(done | 1 << step, _Set(0, 0.0, before.state + delta))
            chance = known.chance + before.chance / len(offers) / len(moves)
            following[done | 1 << step] = _Set(known.ways + before.ways, chance, known.state)
    return following


def _chains(walks: Walks, run: Run) -> dict[int, int]:
    """The steps of each context, by its place."""
    chains: defaultdict[int, int] = defaultdict(int)
    for number, step in enumerate(run.steps):
        chains[walks.steps.place(step)] |= 1 << number
    return chains


def _needs(walks: Walks, run: Run) -> list[int]:
    """For each step, the steps of other contexts that come before it in every order, as bits (and some of its own).

    It asks who used the same objects before, as `independence.foata` does: to compare all pairs of the steps of an
    execution of 10,000 steps would take minutes.
    """
    used: defaultdict[Hashable, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))  # by object, by way
    given: defaultdict[Token, int] = defaultdict(int)
    needs = []
    for number, step in enumerate(numbered(map(walks.steps.info, run.steps))):
        before = (1 << number) - 1 if step.oops else 0
        for use in step.uses:
            for way, steps in used[use.object].items():
                if way not in use.commutes:
                    before |= steps
        if step.needs is not None:
            before |= given[step.needs]
        needs.append(before)
        for use in step.uses:
            used[use.object][use.way] |= 1 << number
        if step.gives is not None:
            given[step.gives] |= 1 << number
    return needs

"""How a random walk spreads over one trace: in how many orders its steps could have come, and with what chance.

The orders are the linear extensions of happens-before. A part of the trace that is closed under it (a *down-set*) is
reached in as many ways as its predecessors together, and with the sum of their chances, each times the chance of the
step between. All orders of a down-set lead to one state, so what the walk could pick there is known. Each context does
its steps in order, so there are at most the product of (steps + 1) down-sets.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aprt.explore.commuting.independence import dependent, numbered
from aprt.explore.learned.packing import INITIAL
from aprt.explore.sampling.walks import Run, Walks

_MAX_SETS = 20_000  # some 50 ms


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
    """The spread over the trace of `run`; None when it has too many down-sets."""
    chains = _chains(walks, run)
    needs = _needs(walks, run)
    level, count = {0: _Set(1, 1.0, INITIAL)}, 0
    for _ in run.steps:
        level = _onwards(walks, run, level, chains, needs)
        count += len(level)
        if count > _MAX_SETS:
            return None
    (whole,) = level.values()
    return Spread(whole.ways, whole.chance, count)


def _onwards(
    walks: Walks, run: Run, level: dict[int, _Set], chains: dict[int, list[int]], needs: Sequence[int]
) -> dict[int, _Set]:
    """The down-sets of one more step. Sets of steps are bits."""
    following: dict[int, _Set] = {}
    for done, before in level.items():
        offers = walks.tables.offers(before.state)
        for place, moves in offers:
            step = next((n for n in chains.get(place, ()) if not done >> n & 1), None)
            if step is None or needs[step] & ~done:
                continue
            op = walks.steps.info(run.steps[step]).op
            delta = next(move[0] for move in moves if walks.steps.info(move[1]).op == op)
            known = following.get(done | 1 << step, _Set(0, 0.0, before.state + delta))
            chance = known.chance + before.chance / len(offers) / len(moves)
            following[done | 1 << step] = _Set(known.ways + before.ways, chance, known.state)
    return following


def _chains(walks: Walks, run: Run) -> dict[int, list[int]]:
    """The steps of each context, by its place, in order."""
    chains: dict[int, list[int]] = {}
    for number, step in enumerate(run.steps):
        chains.setdefault(walks.steps.place(step), []).append(number)
    return chains


def _needs(walks: Walks, run: Run) -> list[int]:
    """The steps that come before each step in every order."""
    infos = numbered(map(walks.steps.info, run.steps))
    return [sum(1 << i for i in range(n) if dependent(infos[i], infos[n])) for n in range(len(infos))]

"""In how many orders the steps of one execution could have come: the interleavings of its trace.

These are the linear extensions of happens-before. A part of the execution that is closed under it (a down-set) can
be reached in as many ways as its predecessors together; the sum is taken from the empty set up. Since each context
does its steps in order, a down-set is one count per context, and there are at most the product of (steps + 1) of
them. Contexts that share nothing are counted apart, and their steps shuffled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from aprt.explore.independence import StepInfo, dependent, numbered

_MAX_SETS = 20_000  # about 30 ms


def linear_extensions(execution: Iterable[StepInfo]) -> int | None:
    """The number of orders of an execution's steps that keep those that depend on each other as they are, itself
    included. None when there are too many down-sets to count.
    """
    steps = numbered(execution)
    if steps and steps[-1].oops:  # nothing follows an oops, so it is last in every order
        steps.pop()
    needs = [0] * len(steps)  # the steps right before each, and more; steps and sets of them are bits
    chains: dict[str, list[int]] = {}
    groups: list[set[str]] = []  # contexts that depend on each other
    for later, step in enumerate(steps):
        chains.setdefault(step.context, []).append(later)
        touched = {step.context}
        for earlier in range(later):
            if dependent(steps[earlier], step):
                needs[later] |= 1 << earlier
                touched.add(steps[earlier].context)
        for group in [group for group in groups if group & touched]:
            touched |= group
            groups.remove(group)
        groups.append(touched)
    orders = math.factorial(len(steps))
    for group in groups:
        members = [chains[context] for context in group]
        ways = _ways(members, needs)
        if ways is None:
            return None
        orders = orders // math.factorial(sum(map(len, members))) * ways
    return orders


def _ways(chains: Sequence[Sequence[int]], needs: Sequence[int]) -> int | None:
    """In how many orders these chains of steps can be merged."""
    masks = [(sum(1 << step for step in chain), chain) for chain in chains]
    level, sets = {0: 1}, 0
    for _ in range(sum(map(len, chains))):
        following: dict[int, int] = {}
        for done, ways in level.items():
            for mask, chain in masks:
                count = (done & mask).bit_count()
                if count < len(chain) and not needs[chain[count]] & ~done:
                    after = done | 1 << chain[count]
                    following[after] = following.get(after, 0) + ways
        level = following
        sets += len(level)
        if sets > _MAX_SETS:
            return None
    return next(iter(level.values()))

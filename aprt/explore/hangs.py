"""What states can still reach, by a backward pass over the whole state graph: a hang reaches no end state."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate


def first_hang(count: int, ends: Iterable[int], sources: array[int], targets: array[int]) -> int | None:
    """The lowest-numbered of `count` states that reaches none of `ends`; None when all do.

    sources, targets: the numbers of the states that each transition joins.
    """
    offsets, incoming = _incoming(count, sources, targets)
    good = bytearray(count)
    todo = list(ends)
    for state in todo:
        good[state] = True
    while todo:
        state = todo.pop()
        for source in incoming[offsets[state] : offsets[state + 1]]:
            if not good[source]:
                good[source] = True
                todo.append(source)
    lost = good.find(0)
    return None if lost < 0 else lost


def reached(here: Sequence[int], sources: array[int], targets: array[int]) -> list[int]:
    """Per state, the union of the sets in `here` over all states that it reaches, itself included; sets are bits.

    sources, targets: as for `first_hang`.
    """
    offsets, incoming = _incoming(len(here), sources, targets)
    found, todo = list(here), list(range(len(here)))
    while todo:
        state = todo.pop()
        more = found[state]
        for source in incoming[offsets[state] : offsets[state + 1]]:
            if more & ~found[source]:
                found[source] |= more
                todo.append(source)
    return found


def _incoming(count: int, sources: array[int], targets: array[int]) -> tuple[list[int], array[int]]:
    """The transitions by target: where each state's begin, and the states they come from."""
    degrees = [0] * count
    for target in targets:
        degrees[target] += 1
    offsets = [0, *accumulate(degrees)]
    free = offsets[:-1]
    incoming = array("Q", bytes(8 * len(sources)))
    for source, target in zip(sources, targets, strict=True):
        incoming[free[target]] = source
        free[target] += 1
    return offsets, incoming

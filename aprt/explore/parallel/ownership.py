"""Who owns a state: told from the control states of one or two contexts.

Which contexts decide is a matter of speed. If most steps are taken by others, most of what a part leads to is its own;
but the parts should also come out alike. Both are tried on the first few hundred states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, TypeAlias

from aprt.explore.layout import Layout
from aprt.explore.packing import INITIAL, Packing
from aprt.explore.tables import Tables

Places: TypeAlias = tuple[int, ...]
"""Of the contexts that decide."""

_SAMPLE = 500  # states
_MIXER: Final = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads what differs in few bits


class Owners(dict[int, int]):
    """The number of the part, of so many, by the fields of `places`: `owners[state & owners.mask]`."""

    def __init__(self, layout: Layout, places: Places, of: int) -> None:
        self.mask = layout.mask(places)
        self._layout, self._places, self._of = layout, places, of

    def __missing__(self, key: int) -> int:
        self[key] = found = owner([self._layout.field(key, place) for place in self._places], self._of)
        return found


def owner(controls: Sequence[int], of: int) -> int:
    """The number of the part, of so many, for these control states."""
    mixed = 0
    for control in controls:
        mixed = (mixed + control + 1) * _MIXER & (1 << 64) - 1
    return (mixed >> 40) % of


def choose_places(tables: Tables[None], packing: Packing, of: int) -> Places:
    """The contexts that had better decide."""
    steps = list(_sample(tables))
    contexts = range(len(packing.controls))
    candidates = [*combinations(contexts, 1), *combinations(contexts, 2)]
    controls = {state: packing.numbers(state)[: len(contexts)] for step in steps for state in step}

    def cost(places: Places) -> float:
        owners = {state: owner([numbers[place] for place in places], of) for state, numbers in controls.items()}
        largest = max(Counter(owners.values()).values()) / len(owners)
        crossing = sum(owners[here] != owners[there] for here, there in steps) / len(steps)
        return largest * (1 + crossing)

    return min(candidates, key=cost)


def _sample(tables: Tables[None]) -> Iterator[tuple[int, int]]:
    """Steps between the first states, breadth first."""
    seen, states = {INITIAL}, [INITIAL]
    for state in states:
        for move in tables.moves(state):
            successor = state + move[0]
            yield state, successor
            if successor not in seen and len(states) <= _SAMPLE:
                seen.add(successor)
                states.append(successor)

"""The state graph of the compiled loop: all of its transitions, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np

from aprt.explore.compiled import kernels
from aprt.explore.compiled.kernels import U32
from aprt.explore.reachability import Following
from aprt.explore.watchdog import Look

_PIECE: Final = 1 << 22  # states between two looks: some 50 ms


class JoinedGraph:
    """edges: the numbers of the two states, of `count`, that each transition joins, in the order of the first."""

    def __init__(self, count: int, edges: U32) -> None:
        self._count = count
        self._sources, self._targets = edges

    def lost(self, ends: Sequence[int], look: Look) -> list[int]:
        good, offsets = np.zeros(self._count, np.uint8), np.zeros(self._count + 1, np.int64)
        incoming, todo = np.zeros(len(self._sources), np.uint32), np.zeros(self._count, np.uint32)
        look()
        kernels.tally(self._targets, offsets)
        np.cumsum(offsets, out=offsets)
        look()
        kernels.arrange(self._sources, self._targets, offsets, incoming)
        good[np.array(ends, np.int64)], todo[: len(ends)], waiting = 1, ends, len(ends)
        while waiting:
            look()
            waiting = kernels.reach_back(waiting, _PIECE, offsets, incoming, good, todo)
        return np.flatnonzero(good == 0).tolist()

    @cached_property
    def following(self) -> Following:
        targets = self._targets
        starts: list[int] = np.searchsorted(self._sources, np.arange(self._count + 1)).tolist()
        return lambda here: targets[starts[here] : starts[here + 1]].tolist()

"""The best schedule there is that fails in a certain way: a shortest path through the state graph, with prices.

Dijkstra's algorithm over pairs of a state and the context that took the step into it, which together say what the next
step costs (`explore.failures.failing`). States behind another failure of the property are left out: a schedule shows
the first thing that goes wrong in it.
"""

from __future__ import annotations

import math
import time
from heapq import heappop, heappush

from aprt.explore.failures.failing import NOBODY, Failure, Played, Playground, fare
from aprt.explore.learned.packing import INITIAL


def fewest_preemptions(ground: Playground, failure: Failure, limit: int, budget: float | None = None) -> Played | None:
    """The cheapest execution that fails like `failure`; None when that takes more than `limit` pairs to find, or more
    than `budget` seconds.

    Nothing cheaper exists: where it has n preemptions, no execution with fewer fails like that.
    """
    search = _Search(ground, failure, limit, math.inf if budget is None else time.monotonic() + budget)
    return search.run()


class _Search:
    """Pairs have numbers. came: by pair, the pair before it and the step between; prices: the least known so far."""

    def __init__(self, ground: Playground, failure: Failure, limit: int, end: float) -> None:
        self._ground, self._failure, self._limit, self._end = ground, failure, limit, end
        self._numbers: dict[tuple[int, int], int] = {}
        self._pairs: list[tuple[int, int]] = []
        self._prices: list[int] = []
        self._came: list[tuple[int, int]] = []
        self._queue: list[tuple[int, int, int]] = []  # price, pair, step: of a goal, the step that fails; else -1

    def run(self) -> Played | None:
        self._offer((INITIAL, NOBODY), 0, (-1, -1))
        while self._queue and len(self._pairs) <= self._limit and time.monotonic() < self._end:
            price, pair, step = heappop(self._queue)
            if step >= 0:
                return self._played(pair, (step,), price)
            if price > self._prices[pair]:  # a better way was found since
                continue
            if not self._expand(pair, price) and self._ground.stuck(self._pairs[pair][0]) == self._failure:
                return self._played(pair, (), price)
        return None

    def _expand(self, pair: int, price: int) -> bool:
        """Offer all that one step leads to; whether there is a step."""
        state, last = self._pairs[pair]
        enabled = self._ground.enabled(state)
        able = any(place == last for place, _ in enabled)
        for place, moves in enabled:
            after = price + fare(last, place, able)
            for move in moves:
                successor, failure, oops = self._ground.take(state, move)
                if failure == self._failure:
                    heappush(self._queue, (after, pair, move[1]))
                elif failure is None and not oops:
                    self._offer((successor, place), after, (pair, move[1]))
        return bool(enabled)

    def _offer(self, key: tuple[int, int], price: int, came: tuple[int, int]) -> None:
        number = self._numbers.setdefault(key, len(self._pairs))
        if number == len(self._pairs):
            self._pairs.append(key)
            self._prices.append(price)
            self._came.append(came)
        elif price < self._prices[number]:
            self._prices[number], self._came[number] = price, came
        else:
            return
        heappush(self._queue, (price, number, -1))

    def _played(self, pair: int, last: tuple[int, ...], price: int) -> Played:
        steps = []
        while pair > 0:
            pair, step = self._came[pair]
            steps.append(step)
        return Played((*reversed(steps), *last), price, self._failure)

"""Paces: how long the requests of a free context are held back, in passes of trio's scheduler.

Left alone, trio runs all contexts in step and rare interleavings hardly ever come up. A seeded pace moves them
apart: by *jitter*, or by priorities in the manner of PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A
randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010, section 2). Departures from PCT: a
low priority delays a request for a number of passes instead of stopping its context (a change point, for a long
time), and change points count the steps of one context, because no task here knows the steps of all. So its
guarantee does not carry over.

Every context draws its delays and its choices from two generators of its own, which are named by the way of running,
the seed and the context. What it draws depends on nothing but these and its own steps, its choices do not depend on
its delays, and two ways of running with the same seed are two independent samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import attrs


class Pace:
    """The pace of one context: no delay, and choices drawn from `choices`."""

    def __init__(self, choices: Random) -> None:
        self._choices = choices

    def delay(self) -> int:
        """Passes for which the next request is held back."""
        return 0

    def choice(self, options: int) -> int:
        """The index of the option that the environment takes."""
        return self._choices.randrange(options)


class Jitter(Pace):
    """A delay of 0 to `most` passes, drawn anew from `delays` for each request."""

    def __init__(self, choices: Random, delays: Random, most: int) -> None:
        super().__init__(choices)
        self._delays, self.most = delays, most

    def delay(self) -> int:
        return self._delays.randint(0, self.most)


class Priority(Pace):
    """`hold` passes per rank, 0 being the highest priority.

    drops: own step -> the rank from there on; the request of that step is held back for `stall` passes.
    """

    def __init__(self, choices: Random, rank: int, hold: int, stall: int, drops: Mapping[int, int]) -> None:
        super().__init__(choices)
        self.rank, self.hold, self.stall, self.drops = rank, hold, stall, drops
        self.step = 0

    def delay(self) -> int:
        step = self.step
        self.step += 1
        if step in self.drops:
            self.rank = self.drops[step]
            return self.stall
        return self.rank * self.hold


@attrs.frozen
class Free:
    """trio decides. jitter: the longest delay of a request, in passes of the scheduler."""

    seed: int = 0
    jitter: int = 0

    def paces(self, contexts: Sequence[str]) -> dict[str, Pace]:
        way = f"free {self.jitter} {self.seed}"
        return {
            name: Jitter(Random(f"{way} {name} choices"), Random(f"{way} {name}"), self.jitter) for name in contexts
        }


@attrs.frozen
class Steered:
    """trio decides, but contexts have seeded priorities that change now and then.

    hold: passes per rank. changes: how many change points, each for some context at one of its first `horizon`
    steps: it stalls for `stall` passes, and its rank is below all others from there on.
    """

    seed: int = 0
    hold: int = 4
    stall: int = 512
    changes: int = 2
    horizon: int = 16

    def paces(self, contexts: Sequence[str]) -> dict[str, Pace]:
        way = f"steered {self.seed}"
        rng = Random(way)
        ranks = dict(zip(contexts, rng.sample(range(len(contexts)), len(contexts)), strict=True))
        drops: dict[str, dict[int, int]] = {name: {} for name in contexts}
        for i in range(self.changes if contexts else 0):
            drops[rng.choice(contexts)][rng.randrange(self.horizon)] = len(contexts) + i
        return {
            name: Priority(Random(f"{way} {name} choices"), ranks[name], self.hold, self.stall, drops[name])
            for name in contexts
        }

"""What everybody knows who takes part in a search over states: local steps, learned by all in the same order.

Most are learned at the beginning, each process by itself: from the first states, and from a sample of the others. The
sample also tells what the states are like, so that they can be dealt out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Final

from aprt.explore.checking.checks import after
from aprt.explore.parallel.ownership import Numbers
from aprt.explore.result import Question
from aprt.explore.stateful.states import Search

_NEWEST: Final = 5_000  # of the first states: where walks begin
_WALKS: Final = 40
_FAR: Final = 300  # steps of a walk


class Pupil:
    """Local steps that are learned from the first states, from a sample, and then from lessons; from nothing else.

    question: asks for the first states only. found: the answer to it. sample: where there are more, of the steps out of
    later ones, the numbers before and after, by slot.
    """

    def __init__(self, question: Question) -> None:
        begun = Search(question)
        self.question, self.checks, self.tables = question, begun.checks, begun.tables
        self.packing = begun.checks.packing
        self.found = begun.explore()
        self.sample = list[tuple[Numbers, Numbers]]()
        if self.found.stopped == "max_states":
            oopses = set(begun.loop.oopses)
            newest = [number for number in range(len(begun.loop))[-_NEWEST:] if number not in oopses]
            starts = list(map(begun.loop.state, newest))
            most = question.bounds.max_depth
            self.sample += self._sample(starts, _FAR if most is None else min(_FAR, most - begun.depth))
        del begun.loop  # it refers back there
        self.packing.open = False

    def learn(self, lessons: Iterable[int]) -> None:
        """Go through lessons: states whose expansion teaches something."""
        self.packing.open = True
        for state in lessons:
            for move in self.tables.moves(state):
                after(state, move)
        self.packing.open = False

    def _sample(self, starts: Sequence[int], far: int) -> Iterator[tuple[Numbers, Numbers]]:
        """Take random walks from some of these states, of `far` steps at most. Gives the steps half-way to their ends:
        there most states are."""
        random = Random(0)
        for _ in range(_WALKS if starts else 0):
            walk = list(self._walk(random, random.choice(starts), far))
            quarter = len(walk) // 4
            yield from pairwise(map(self.packing.numbers, walk[quarter : len(walk) - quarter]))

    def _walk(self, random: Random, state: int, far: int) -> Iterator[int]:
        """The states on a walk that begins there."""
        for _ in range(far):
            yield state
            moves = self.tables.moves(state)
            successors = [after(state, move)[0] for move in moves]  # all of them, to learn most
            if not moves:
                break
            (_, _, (watch, _)), state = random.choice(list(zip(moves, successors, strict=True)))
            if watch is not None and watch.oops:
                break

"""The nodes from which several pieces of a search of traces begin, with all of their branches.

One process finishes a branch of a node before it begins the next one: what it finds there may belong behind the later
ones (`explore.traces.wakeup_tree`), or be covered there. It is so here as far as it matters. A branch may begin at once
when its first step wakes all that is not finished: whatever is behind it is then explored without the others. Else it
is held until these are finished, and what they find is kept with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import attrs

from aprt.explore.traces.descent import WHOLE, Labels, Parts, Subtree
from aprt.explore.traces.dpor import TraceSearch
from aprt.explore.traces.happens_before import Execution
from aprt.explore.traces.wakeup_tree import Branch, Twigs, twigs, weak_initial


@attrs.define(eq=False)
class Way:
    """A branch of a fork, with its number there: the step, and the set of it alone (`Sleepers`).

    pieces: how many of those behind it are not finished. waits: for which other branches; tree: what will be behind it
    then.
    """

    number: int
    label: int
    kind: int
    sleeper: int
    pieces: int = 0
    waits: tuple[Way, ...] = ()
    tree: list[Branch] = attrs.field(factory=list)


@attrs.define(eq=False)
class Fork:
    """steps, before: that lead there; the forks on the way, and the branches that are taken of them. asleep: the set of
    what sleeps there, which is finished. ways: the branches, in their order. log: what begins there, as it came: the
    steps of a branch, as far as they matter to others.
    """

    number: int
    steps: Labels
    before: tuple[tuple[Fork, Way], ...]
    asleep: int
    ways: list[Way] = attrs.field(factory=list)
    log: list[Labels] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class Piece:
    """before: the forks on the way to the subtree, by node, and the branches that are taken of them. tries: how many
    workers began it. again: whether it was finished before, by a worker that died then.
    """

    subtree: Subtree = WHOLE
    before: tuple[tuple[Fork, Way], ...] = ()
    tries: int = 0
    again: bool = False


@attrs.frozen
class News:
    """Of the fork with that number. before: how many of its branches are explored before a piece, or have it in them.
    first, log: of `Fork.log`, from the first entry on that is new.
    """

    fork: int
    before: int
    first: int
    log: tuple[Labels, ...]


class Forks:
    """traces: takes the steps that others tell of."""

    def __init__(self, traces: TraceSearch) -> None:
        self._traces, self._descent, self._execution = traces, traces.descent, traces.execution
        self._sleepers, self._numbers = traces.local.sleepers, count()
        self._held: list[tuple[Way, Piece]] = []

    def take_apart(self, piece: Piece, parts: Parts) -> tuple[list[Piece], list[Piece]]:
        """What a piece is without what is for others, the last of which is not done; and what is for others.
        Raises: `Stop`.
        """
        *_, last = parts.begun
        before = piece.before
        self._traces.begin(Subtree(last.steps))
        for node, asleep in enumerate(parts.asleep, len(before)):
            fork = Fork(next(self._numbers), last.steps[:node], before, self._descent.asleep(node, asleep))
            step = self._execution.steps[node]
            fork.ways.append(Way(0, step.label, step.kind, step.sleeper, pieces=1))
            fork.log.append((step.label,))
            before = (*before, (fork, fork.ways[0]))
        pieces = [Piece(part, before[: len(part.steps)], piece.tries, part is not last) for part in parts.begun]
        return pieces, list(self._plant(before[-1][0], parts.branches))

    def insert(self, piece: Piece, node: int, sequence: Labels) -> Iterator[Piece]:
        """What a sequence that a piece has found for a node on the way to it is, if that is not covered, nor held: a
        piece. Raises: `Stop`.
        """
        fork, mine = piece.before[node]
        self._traces.begin(Subtree((*fork.steps, *sequence)))
        execution, left = self._execution, (1 << len(sequence)) - 1 << node
        execution.settle()
        earlier, later = fork.ways[: mine.number + 1], fork.ways[mine.number + 1 :]
        covering = [*self._sleepers.told(fork.asleep), *((way.label, way.kind) for way in earlier)]
        if any(weak_initial(execution, left, label, kind) is not None for label, kind in covering):
            return
        for way in later:
            i = weak_initial(execution, left, way.label, way.kind)
            if i is not None:
                path = _graft(execution, _without(left, i), way.tree) if way.waits else ()
                if path:
                    fork.log.append((way.label, *path))
                return
        yield from self._plant(fork, tuple(enumerate(sequence)))

    def finish(self, piece: Piece) -> list[Piece]:
        """Nothing more will be found by it. Gives those that waited for that."""
        if piece.again:
            return []
        for _, way in piece.before:
            way.pieces -= 1
        held, found = self._held, list[Piece]()
        self._held = [(way, piece) for way, piece in held if any(other.pieces for other in way.waits)]
        for way, waiting in held:
            if not any(other.pieces for other in way.waits):
                guide = tuple((depth, step.label) for depth, step in twigs(way.tree))
                way.waits, way.tree = (), []
                waiting.before[-1][0].log.append((way.label,))
                found.append(attrs.evolve(waiting, subtree=attrs.evolve(waiting.subtree, guide=guide)))
        return found

    def asleep(self, piece: Piece) -> list[Labels]:
        """What is explored before a piece, by node on the way to it."""
        return [
            (*self._sleepers.labels(fork.asleep), *(other.label for other in fork.ways[: way.number + 1]))
            for fork, way in piece.before
        ]

    def news(self, piece: Piece, told: dict[int, int]) -> list[News]:
        """Of the forks on the way to a piece. told: how much was told of forks before; brought up to date."""
        found = []
        for fork, way in piece.before:
            first, told[fork.number] = told.get(fork.number, 0), len(fork.log)
            found.append(News(fork.number, way.number + 1, first, tuple(fork.log[first:])))
        return found

    def _plant(self, fork: Fork, told: Twigs) -> Iterator[Piece]:
        """New branches of a fork: pieces, but for those that are held."""
        firsts = [number for number, (depth, _) in enumerate(told) if not depth]
        for first, end in zip(firsts, (*firsts[1:], len(told)), strict=True):
            guide = tuple((depth - 1, label) for depth, label in told[first + 1 : end])
            way, piece = self._begin(fork, told[first][1], guide)
            if not way.waits:
                fork.log.append((way.label,))
                yield piece
                continue
            self._held.append((way, piece))
            self._traces.begin(Subtree(piece.subtree.steps))
            way.tree = self._descent.tree(len(piece.subtree.steps), guide)
            fork.log += ((way.label, *path) for path in _paths(guide))

    def _begin(self, fork: Fork, label: int, guide: Twigs) -> tuple[Way, Piece]:
        self._traces.begin(Subtree(fork.steps))
        step = self._descent.at(-1, label)
        sleeping = fork.asleep | sum(way.sleeper for way in fork.ways)
        asleep = self._sleepers.after(sleeping, step.kind, step.place)
        waits = tuple(way for way in fork.ways if way.pieces and way.sleeper & asleep)
        way = Way(len(fork.ways), label, step.kind, step.sleeper, waits=waits)
        fork.ways.append(way)
        before = (*fork.before, (fork, way))
        for _, above in before:
            above.pieces += 1
        return way, Piece(Subtree((*fork.steps, label), frozenset(self._sleepers.labels(asleep)), guide), before)


def _without(left: int, i: int) -> int:
    return left & ~(1 << i) if i >= 0 else left


def _graft(execution: Execution, left: int, branches: list[Branch]) -> Labels:
    """Insert what is left of an execution into a tree. Gives the way to its end there; empty if it is covered."""
    path: list[int] = []
    while left:
        followed = _follow(execution, left, branches)
        if followed is None:
            break
        branch, i = followed
        path.append(branch.steps[0].label)
        left, branches = _without(left, i), branch.branches
        if not branches:
            return ()
    steps = [step for i, step in enumerate(execution.steps) if left >> i & 1]
    for step in steps:
        branches.append(Branch([step]))
        branches = branches[-1].branches
    return (*path, *(step.label for step in steps)) if steps else ()


def _follow(execution: Execution, left: int, branches: Iterable[Branch]) -> tuple[Branch, int] | None:
    for branch in branches:
        i = weak_initial(execution, left, branch.steps[0].label, branch.steps[0].kind)
        if i is not None:
            return branch, i
    return None


def _paths(told: Sequence[tuple[int, int]]) -> Iterator[Labels]:
    """The ways to the ends of a tree."""
    path: list[int] = []
    for number, (depth, label) in enumerate(told):
        path[depth:] = [label]
        if number + 1 == len(told) or told[number + 1][0] <= depth:
            yield tuple(path)

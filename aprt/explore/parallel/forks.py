"""The nodes from which several pieces of a search of traces begin, with all of their branches.

One process finishes a branch of a node before it begins the next one: what it finds there may belong behind the later
ones (`explore.traces.wakeup_tree`), or be covered there. It is so here as far as it matters. A branch may begin at once
when its first step wakes all that is not finished: whatever is behind it is then explored without the others. Else it
is held until these are finished, and what they find is kept with it. Seats are told how such a branch began, and keep
by themselves what they have found for it since; what two of them have found is taken once.

A sequence ends where all are awake that sleep before it. So what a branch has at its ends waits for nobody, and where
there is nothing else to do, a branch that is held is parted: it becomes a fork itself.
"""

from __future__ import annotations

from itertools import count, dropwhile

import attrs

from aprt.explore.traces.descent import WHOLE, Labels, Parts, Subtree
from aprt.explore.traces.dpor import TraceSearch
from aprt.explore.traces.wakeup_tree import Branch, Twigs, WakeupSequence, insert, labels_of


@attrs.define(eq=False)
class Way:
    """A branch of a fork, with its number there. told: what seats are told of it; while it waits, one way to an end
    that it had at first. pieces: how many of those behind it are not finished. waits: for which other branches. If for
    none, it is a leaf, unless it was parted: everything behind it will be explored. fork: behind it, if it was parted.
    """

    number: int
    branch: Branch
    told: Twigs
    pieces: int = 0
    waits: tuple[Way, ...] = ()
    fork: Fork | None = None

    @property
    def waiting(self) -> bool:
        """Whether one of those that it waits for is not done."""
        # only up to the first of these: they wait for each other, and there are many ways from one to another
        self.waits = tuple(dropwhile(lambda other: other.done, self.waits))
        return bool(self.waits)

    @property
    def done(self) -> bool:
        """Whether all behind it is explored: others may find something for it as long as it waits."""
        return not self.pieces and not self.waiting


@attrs.define(eq=False)
class Fork:
    """steps, before: that lead there; the forks on the way, and the branches that are taken of them. asleep: the set of
    what sleeps there. waits: for what of it the branch waited that was parted here; the rest is finished. ways: the
    branches, in their order; new ones come behind the others, so what sleeps when one of them is begun is known when it
    comes. changes: how often what is told of them changed.
    """

    number: int
    steps: Labels
    before: tuple[tuple[Fork, Way], ...]
    asleep: int
    waits: tuple[Way, ...] = ()
    ways: list[Way] = attrs.field(factory=list)
    changes: int = 0

    def sleepers(self, end: int) -> int:
        """The set of what sleeps there behind the first `end` branches."""
        return self.asleep | sum({way.branch.step.sleeper for way in self.ways[:end]})


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
    tree: all of its branches, unless that was told before.
    """

    fork: int
    before: int
    tree: Twigs | None


class Forks:
    """traces: takes the steps that others tell of."""

    def __init__(self, traces: TraceSearch) -> None:
        self._traces, self._descent, self._execution = traces, traces.descent, traces.execution
        self._sleepers, self._meets, self._numbers = traces.local.sleepers, traces.local.kinds.meets, count()
        self._held: list[tuple[Way, Piece]] = []

    def take_apart(self, piece: Piece, parts: Parts) -> tuple[list[Piece], list[Piece]]:
        """What a piece is without what is for others, the last of which is not done; and what is for others."""
        *_, last = parts.begun
        before = piece.before
        self._traces.begin(Subtree(last.steps))
        for node, asleep in enumerate(parts.asleep, len(before)):
            fork = Fork(next(self._numbers), last.steps[:node], before, self._descent.asleep(node, asleep))
            branch = Branch(self._execution.steps[node])
            fork.ways.append(Way(0, branch, _leftmost(branch), pieces=1))
            before = (*before, (fork, fork.ways[0]))
        pieces = [Piece(part, before[: len(part.steps)], piece.tries, part is not last) for part in parts.begun]
        fork, _ = before[-1]
        planted = (self._plant(fork, branch) for branch in self._descent.tree(len(fork.steps), parts.branches))
        return pieces, [begun for begun in planted if begun is not None]

    def insert(self, piece: Piece, node: int, sequence: Labels) -> Piece | None:
        """What a sequence that a piece has found for a node on the way to it is, if that is not covered, nor held."""
        fork, mine = piece.before[node]
        *others, last = sequence
        self._traces.begin(Subtree((*fork.steps, *others)))
        self._execution.settle()
        end = len(self._execution.steps)
        left, f = (1 << end) - (1 << node), self._descent.at(-1, last)
        wakeup = WakeupSequence(self._execution, self._meets, node, left, f)
        asleep = fork.sleepers(mine.number + 1)
        if any(wakeup.initial(label, kind) is not None for label, kind in self._sleepers.told(asleep)):
            return None
        start = mine.number + 1
        while (followed := wakeup.follow([way.branch for way in fork.ways[start:]])) is not None:
            way = fork.ways[start + followed[0]]
            if way.fork is None:
                if way.branch.branches:
                    insert(wakeup, way.branch.branches, self._behind(fork, way.number, way.branch), self._sleepers)
                return None
            fork, start = way.fork, 0
        grown: list[Branch] = []
        insert(wakeup, grown, fork.sleepers(len(fork.ways)), self._sleepers)
        return self._plant(fork, grown[0])

    def open(self, depth: int) -> list[Piece]:
        """What can be begun of a branch that is held, if that is no more than so many steps deep."""
        while self._held:
            nearest, number = min((self._nearest(*held, depth), number) for number, held in enumerate(self._held))
            if nearest > depth:
                break
            begun = self._part(*self._held.pop(number))
            if begun:
                return begun
        return []

    def finish(self, piece: Piece) -> list[Piece]:
        """Nothing more will be found by it. Gives those that waited for that."""
        if piece.again:
            return []
        for _, way in piece.before:
            way.pieces -= 1
        held, self._held = self._held, []
        return [begun for way, waiting in held if (begun := self._begin(way, waiting)) is not None]

    def asleep(self, piece: Piece) -> list[Labels]:
        """What is explored before a piece, by node on the way to it."""
        return [tuple(self._sleepers.labels(fork.sleepers(way.number + 1))) for fork, way in piece.before]

    def news(self, piece: Piece, told: dict[int, int]) -> list[News]:
        """Of the forks on the way to a piece. told: which of their changes were told before; brought up to date.

        There is none for a piece that is done once more: what it finds for forks was found before.
        """
        if piece.again:
            return []
        found = []
        for fork, mine in piece.before:
            changed = told.get(fork.number) != fork.changes
            tree = tuple(twig for way in fork.ways for twig in way.told) if changed else None
            told[fork.number] = fork.changes
            found.append(News(fork.number, mine.number + 1, tree))
        return found

    def _nearest(self, way: Way, piece: Piece, depth: int) -> int:
        """How many steps lead to an end of a branch that is held; more than `depth` if they are more."""
        steps, level = len(piece.subtree.steps), [way.branch]
        while steps <= depth and all(branch.branches for branch in level):
            steps, level = steps + 1, [behind for branch in level for behind in branch.branches]
        return steps

    def _part(self, way: Way, piece: Piece) -> list[Piece]:
        """Instead of a branch that is held, what is behind its first step. Gives what does not wait."""
        fork, _ = piece.before[-1]
        asleep, branches = self._behind(fork, way.number, way.branch), way.branch.branches
        way.branch.branches = []
        way.fork = Fork(next(self._numbers), piece.subtree.steps, piece.before, asleep, way.waits)
        planted = [self._plant(way.fork, branch) for branch in branches]
        for _, above in piece.before:
            above.pieces -= 1
        return [begun for begun in planted if begun is not None]

    def _behind(self, fork: Fork, number: int, branch: Branch) -> int:
        """What sleeps behind that branch of a fork."""
        return self._sleepers.after(fork.sleepers(number), branch.step.kind, branch.step.place)

    def _plant(self, fork: Fork, branch: Branch) -> Piece | None:
        """A new branch of a fork: a piece, unless it is held."""
        step = branch.step
        asleep = self._behind(fork, len(fork.ways), branch)
        waits = tuple(
            way
            for way in (*fork.waits, *fork.ways)
            if not way.done and self._sleepers.after(way.branch.step.sleeper, step.kind, step.place)
        )
        way = Way(len(fork.ways), branch, _leftmost(branch), waits=waits)
        fork.ways.append(way)
        fork.changes += 1
        before = (*fork.before, (fork, way))
        for _, above in before:
            above.pieces += 1
        subtree = Subtree((*fork.steps, step.label), frozenset(self._sleepers.labels(asleep)))
        return self._begin(way, Piece(subtree, before))

    def _begin(self, way: Way, piece: Piece) -> Piece | None:
        """A branch, unless it waits: then it is held."""
        if way.waiting:
            self._held.append((way, piece))
            return None
        guide, way.branch.branches = labels_of(way.branch.branches), []
        way.told = _leftmost(way.branch)
        fork, _ = piece.before[-1]
        fork.changes += 1
        return attrs.evolve(piece, subtree=attrs.evolve(piece.subtree, guide=guide))


def _leftmost(branch: Branch) -> Twigs:
    """A branch without what is beside the first way to an end."""
    way, branches = [branch.step.label], branch.branches
    while branches:
        way.append(branches[0].step.label)
        branches = branches[0].branches
    return tuple(enumerate(way))

"""Wakeup trees: which steps a search of traces has yet to take from a node, and what comes after them.

Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", Journal of
the ACM 64(4), 2017, section 6. A *wakeup sequence* leads from a node to something that no branch of the node leads to.
It is inserted along the branches that it agrees with, up to reordering of independent steps, and becomes a branch of
its own where it parts from them.

Theirs has all of the sequence. Here it ends with the step that wakes the last of what sleeps there: behind that,
whatever can be done is to be explored, in any order. No execution ends asleep there, and none is explored elsewhere, as
new branches come behind the others only: what sleeps in a branch is known when it is inserted. So trees stay small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

import attrs

from aprt.explore.commuting.bits import members
from aprt.explore.commuting.local_steps import OPTION_BITS, LocalStep
from aprt.explore.commuting.sleepers import Sleepers
from aprt.explore.traces.happens_before import Execution

EVERYTHING: Final = -1
"""A set of sleepers with more bits than steps ever wake: behind it a sequence keeps all of its steps."""


class Named(Protocol):
    """A step as a branch names it. See `LocalStep`."""

    @property
    def label(self) -> int: ...
    @property
    def place(self) -> int: ...
    @property
    def kind(self) -> int: ...
    @property
    def sleeper(self) -> int: ...


@attrs.define(eq=False)
class Branch:
    """A step to take, and the branches behind it. With none, whatever comes."""

    step: Named
    branches: list[Branch] = attrs.field(factory=list)


class WakeupSequence:
    """Steps that can be taken one after the other at node `node`: some of the execution from there on, and one more, f.

    Sets of steps are integers with a bit for each position in the execution; that of f is `end`, behind all others.
    others: the steps of the sequence but f. left: the steps, f among them, that are not inserted yet.
    In the sequence f comes as soon as it can, behind all of `others` that happen before it. before: those that do, if
    that is known; else it follows from what f does. meets: `Kinds.meets`.
    """

    def __init__(
        self,
        execution: Execution,
        meets: Sequence[int],
        node: int,
        others: int,
        f: LocalStep,
        before: int | None = None,
    ) -> None:
        self.end = len(execution.steps)
        self.left = others | 1 << self.end
        self._execution, self._meets, self._node, self._others = execution, meets, node, others
        self._f, self._before = f, before

    @property
    def order(self) -> list[int]:
        """Where they are, in the order of the sequence."""
        if self.left == 1 << self.end:
            return [self.end]
        others = self.left & ~(1 << self.end)
        last = self.left >> self.end << self.end
        before = others & self._clock() if last else 0
        return [*members(before), *members(last), *members(others ^ before)]

    def _clock(self) -> int:
        """What happens before f."""
        if self._before is None:
            self._before = self._timed()
        return self._before

    def _timed(self) -> int:
        execution, f, before = self._execution, self._f, 0
        depends = self._others & (execution.meeting(f.kind) | execution.own[f.place])
        while depends:
            i = depends.bit_length() - 1
            before |= execution.clocks[i]
            depends &= ~execution.clocks[i]
        if f.queue is not None:
            before |= execution.item((1 << self._node) - 1 | self._others, f.slot, f.queue)[1]
        return before

    def steps(self, order: Iterable[int]) -> list[Named]:
        """The steps at these places."""
        steps, end = self._execution.steps, self.end
        return [self._f if i == end else steps[i] for i in order]

    def initials(self) -> list[int]:
        """What can come first."""
        return [i for i in self.order if self.can_begin(i)]

    def can_begin(self, i: int) -> bool:
        """Whether a step of the sequence can come first."""
        if self.left == 1 << i:
            return True
        clock = self._clock() | 1 << i if i == self.end else self._execution.clocks[i]
        return clock & self.left == 1 << i

    def initial(self, label: int, kind: int) -> int | None:
        """Which of the steps the one with that label and kind is if it is a weak initial, -1 for none; None if it is
        not.

        It is a weak initial when it can come first, or is not in the sequence and independent of all that is.
        """
        execution, f, left, place = self._execution, self._f, self.left, label >> OPTION_BITS
        mine = left & execution.own[place]
        if mine:
            first = mine & -mine
            i = first.bit_length() - 1
            return i if execution.steps[i].label == label and execution.clocks[i] & left == first else None
        if left >> self.end:
            if f.place == place:
                return self.end if f.label == label and self.can_begin(self.end) else None
            if self._meets[kind] >> f.kind & 1:
                return None
        return None if left & execution.meeting(kind) else -1

    def follow(self, branches: Sequence[Branch]) -> tuple[int, int] | None:
        """The number of the first branch that begins with a weak initial, and which of the steps that is: it is left
        out from now on."""
        for number, branch in enumerate(branches):
            step = branch.step
            i = self.initial(step.label, step.kind)
            if i is not None:
                if i >= 0:
                    self.left &= ~(1 << i)
                return number, i
        return None


def insert(sequence: WakeupSequence, branches: list[Branch], asleep: int, sleepers: Sleepers) -> tuple[int, bool]:
    """Insert a sequence at a node where no sleeping step covers it. It is used up.

    branches: those to come. asleep: what will sleep there when they begin. Returns: which of its steps the sequence
    begins with there, -1 for none; and whether it was covered by a branch.
    """
    first = None
    while (followed := sequence.follow(branches)) is not None:
        number, i = followed
        first = i if first is None else first
        step, behind = branches[number].step, branches[number].branches
        if not behind:  # a leaf: everything will be explored
            return first, True
        asleep = sleepers.after(asleep | _sleepers(branches[:number]), step.kind, step.place)
        branches = behind
    asleep, order = asleep | _sleepers(branches), sequence.order
    for step in sequence.steps(order):
        branch = Branch(step)
        branches.append(branch)
        asleep, branches = sleepers.after(asleep, step.kind, step.place), branch.branches
        if not asleep:
            break
    return order[0] if first is None else first, False


def _sleepers(branches: Iterable[Branch]) -> int:
    """The steps that branches begin with, as a set."""
    found = 0
    for branch in branches:
        found |= branch.step.sleeper
    return found


Twigs: TypeAlias = tuple[tuple[int, int], ...]
"""A tree of branches, top down: how deep a step is, and its label."""


def labels_of(branches: Sequence[Branch]) -> Twigs:
    return tuple((depth, step.label) for depth, step in steps_of(branches))


def steps_of(branches: Sequence[Branch]) -> Iterator[tuple[int, Named]]:
    """A tree top down: how deep a step is, and the step."""
    todo = [(0, branch) for branch in reversed(branches)]  # no recursion: it may be as deep as an execution is long
    while todo:
        depth, branch = todo.pop()
        yield depth, branch.step
        todo += [(depth + 1, behind) for behind in reversed(branch.branches)]


def grown(told: Iterable[tuple[int, Named]]) -> list[Branch]:
    """The tree that was told like this."""
    levels: list[list[Branch]] = [[]]
    for depth, step in told:
        branch = Branch(step)
        del levels[depth + 1 :]
        levels[depth].append(branch)
        levels.append(branch.branches)
    return levels[0]

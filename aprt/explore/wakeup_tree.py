"""Wakeup trees: which steps a search of traces has yet to take from a node, and what comes after them.

Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", Journal of
the ACM 64(4), 2017, section 6. A *wakeup sequence* leads from a node to something that no branch of the node leads to.
It is inserted along the branches that it agrees with, up to reordering of independent steps, and becomes a branch of
its own where it parts from them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from aprt.explore.local_steps import OPTION_BITS, LocalStep


@attrs.define(eq=False)
class Branch:
    """A step to take, and the branches behind it. With none, whatever comes."""

    label: int
    kind: int
    branches: list[Branch] = attrs.field(factory=list)


class WakeupSequence:
    """Steps that can be taken one after the other.

    order: where they are among `steps`. clocks: of all these steps; what is not in the sequence does not count.
    meets: `Kinds.meets`.
    """

    def __init__(self, order: list[int], steps: list[LocalStep], clocks: list[int], meets: list[int]) -> None:
        self.order, self.steps = order, steps
        self._clocks, self._meets = clocks, meets
        self._bits = 0
        for i in order:
            self._bits |= 1 << i

    def initials(self) -> list[int]:
        """What can come first."""
        clocks, bits = self._clocks, self._bits
        return [i for i in self.order if clocks[i] & bits == 1 << i]

    def initial(self, label: int, kind: int) -> int | None:
        """Which of the steps this one is if it is a weak initial, -1 for none; None if it is not.

        It is a weak initial when it can come first, or is not in the sequence and independent of all that is.
        """
        place, meets, steps = label >> OPTION_BITS, self._meets[kind], self.steps
        depends = 0
        for i in self.order:
            step = steps[i]
            if step.place == place:
                return i if step.label == label and self._clocks[i] & self._bits == 1 << i else None
            depends |= meets >> step.kind & 1
        return None if depends else -1

    def follow(self, branches: list[Branch]) -> tuple[Branch, int] | None:
        """The first branch that is a weak initial, and which of the steps it is, which is taken off the sequence."""
        for branch in branches:
            i = self.initial(branch.label, branch.kind)
            if i is not None:
                if i >= 0:
                    self.order.remove(i)
                    self._bits ^= 1 << i
                return branch, i
        return None


def insert(
    sequence: WakeupSequence,
    sleeping: Mapping[int, int],
    foreign: Collection[int],
    branches: list[Branch],
    fixed: int,
) -> bool:
    """Insert a sequence at a node, unless it is covered there. It is used up.

    sleeping: the steps, label to kind, whose executions from this node are covered. foreign: the labels of those that
    cover only what they are a part of: nobody looked for what else can be done before them. branches: those to come.

    Returns: whether a step of the sequence that is before `fixed`, or the last of all, can come first and sleeps or
    has a branch now. Then such a sequence is covered, whatever else is in it.
    """
    covered, last = False, len(sequence.steps) - 1
    for label, kind in sleeping.items():
        i = sequence.initial(label, kind)
        if i is not None and (i >= 0 or label not in foreign):
            if 0 <= i < fixed or i == last:
                return True
            covered = True
    if covered:
        return False
    followed = sequence.follow(branches)
    first = sequence.order[0] if followed is None else followed[1]
    while followed is not None and followed[0].branches:  # behind a leaf, everything will be explored
        branches = followed[0].branches
        followed = sequence.follow(branches)
    if followed is None:
        for i in sequence.order:
            branch = Branch(sequence.steps[i].label, sequence.steps[i].kind)
            branches.append(branch)
            branches = branch.branches
    return 0 <= first < fixed or first == last

"""The execution that a search of traces stands at, and which of its steps happen before which.

Happens-before is the smallest order that has the steps of each context, and steps that depend on each other, as they
came. The *clock* of a step is the set of all that happened before it, itself included, as bits by position: joining two
is an `or`, and asking is a shift.

The execution is extended and cut off at its end only, and what is known at a node (a place before a step) is never
changed afterwards, so that cutting off is forgetting.
"""

from __future__ import annotations

from collections.abc import Iterable

from aprt.explore.independence import Queue
from aprt.explore.local_steps import LocalStep, LocalSteps


class Execution:
    """steps, clocks: by position. items: what a step put into a queue or took from it, numbered as by
    `independence.numbered`. earlier: the steps of other contexts that a step depends on by what it uses, as bits, but
    for those that happen before the step before in its own context; of an oops, all.

    nodes: one more than steps; each has the number in every field of the state that decides on steps (`Packing`), then
    two for every context, from `own` on: the clock of its last step, and its steps alone, as bits; then two for every
    lane: the clocks of the steps in it, joined, and these steps alone.
    """

    def __init__(self, local: LocalSteps) -> None:
        self.steps: list[LocalStep] = []
        self.clocks: list[int] = []
        self.earlier: list[int] = []
        self.items: dict[int, int] = {}
        self.nodes: list[list[int]] = [[0] * local.kinds.size]
        self.own = local.fields
        self._local, self._kinds = local, local.kinds

    def push(self, step: LocalStep) -> list[int]:
        """Take a step that is possible at the last node. Gives the node that it leads to."""
        bit, node, mine = 1 << len(self.steps), self.nodes[-1].copy(), self.own + 2 * step.place
        if len(node) < self._kinds.size:
            node += [0] * (self._kinds.size - len(node))
        clock = program = node[mine]
        depends = 0
        for lane in step.others:
            clock |= node[lane]
            depends |= node[lane + 1]
        if not step.plain:
            clock |= self._more(step, clock)
        self.earlier.append(clock ^ program if step.oops else (clock ^ program) & depends)
        clock |= bit
        for lane in step.own:
            node[lane] |= clock
            node[lane + 1] |= bit
        node[mine] = clock
        node[mine + 1] |= bit
        node[step.place] = step.after
        node[step.slot] = step.then
        self.steps.append(step)
        self.clocks.append(clock)
        self.nodes.append(node)
        return node

    def _more(self, step: LocalStep, clock: int) -> int:
        """What happens before a step besides the steps in lanes."""
        position = len(self.steps)
        if step.oops:
            return (1 << position) - 1
        needed = 0
        if step.queue is not None:
            self.items[position], needed = self.item(range(position), step.slot, step.queue)
        before = next((i for i in reversed(range(position)) if self.steps[i].slot == step.slot), None)
        if before is not None and not (clock | needed) >> before & 1:
            self._local.hold(self.steps[before], step)
        return needed

    def cut(self, length: int) -> None:
        """Go back to the node before step number `length`."""
        del self.steps[length:], self.clocks[length:], self.earlier[length:], self.nodes[length + 1 :]

    def program(self, place: int, position: int) -> int:
        """The clock of the last step of a context before the node of that number."""
        return self.nodes[position][self.own + 2 * place]

    def meeting(self, kind: int) -> int:
        """The steps that depend on any of that kind by what they use, as bits."""
        if self._kinds.oopses >> kind & 1:
            return (1 << len(self.steps)) - 1
        node, found = self.nodes[-1], 0
        for lane in self._kinds.others[kind]:
            if lane < len(node):
                found |= node[lane + 1]
        return found | 1 << len(self.steps) - 1 if self.steps[-1].oops else found

    def of(self, place: int) -> int:
        """The steps of a context, as bits."""
        return self.nodes[-1][self.own + 2 * place + 1]

    def later(self, position: int) -> list[int]:
        """The steps behind the one at `position` that do not happen after it."""
        clocks = self.clocks
        return [i for i in range(position + 1, len(clocks)) if not clocks[i] >> position & 1]

    def item(self, before: Iterable[int], slot: int, queue: Queue) -> tuple[int, int]:
        """The number of the item that a step puts or takes behind the steps at `before`, and the clock of the one at
        the other end of the queue that it needs, 0 if there is none."""
        ends = [(position, other) for position in before if (other := self._queue(position, slot)) is not None]
        taken = sum(other.end == "take" for _, other in ends)
        item = taken + queue.size if queue.end == "put" else taken
        need = item - queue.room if queue.end == "put" and queue.room is not None else item
        if queue.end == "put" and queue.room is None:
            return item, 0
        # the last one with that number: behind a change that is neither put nor take they start over
        for position, other in reversed(ends):
            if other.end != queue.end and self.items[position] == need:
                return item, self.clocks[position]
        return item, 0

    def _queue(self, position: int, slot: int) -> Queue | None:
        step = self.steps[position]
        return step.queue if step.slot == slot else None

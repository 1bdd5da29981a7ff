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
    """steps, clocks: by position. joined: what a clock adds to that of the step before in the same context, the step
    itself left out. items: what a step put into a queue or took from it, numbered as by `independence.numbered`.

    nodes: one more than steps; each has the number in every field of the state that decides on steps (`Packing`), then
    the clock of the last step of every context, then two for every lane: the clocks of the steps in it, joined, and
    these steps alone.
    """

    def __init__(self, local: LocalSteps) -> None:
        self.steps: list[LocalStep] = []
        self.clocks: list[int] = []
        self.joined: list[int] = []
        self.items: dict[int, int] = {}
        self.nodes: list[list[int]] = [[0] * local.kinds.size]
        self._local, self._kinds, self._last = local, local.kinds, local.fields

    def push(self, step: LocalStep) -> None:
        """Take a step that is possible at the last node."""
        kinds, kind, place, bit = self._kinds, step.kind, step.place, 1 << len(self.steps)
        node = self.nodes[-1][:]
        if len(node) < kinds.size:
            node += [0] * (kinds.size - len(node))
        clock = program = node[self._last + place]
        for lane in kinds.others[kind]:
            clock |= node[lane]
        if not step.plain:
            clock |= self._more(step, clock)
        self.joined.append(clock ^ program)
        clock |= bit
        for lane in kinds.own[kind]:
            node[lane] |= clock
            node[lane + 1] |= bit
        node[self._last + place] = clock
        node[place] = step.after
        node[step.slot] = step.then
        self.steps.append(step)
        self.clocks.append(clock)
        self.nodes.append(node)

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
        del self.steps[length:], self.clocks[length:], self.joined[length:], self.nodes[length + 1 :]

    def depends_on(self, position: int) -> int:
        """The steps of other contexts before the one at `position` that it depends on, as bits.

        Those are left out that happen before the step before in its own context.
        """
        step, earlier = self.steps[position], self.joined[position]
        if step.oops:
            return earlier
        node, direct = self.nodes[position + 1], 0
        for lane in self._kinds.others[step.kind]:
            if lane < len(node):  # or else the lane is newer
                direct |= node[lane + 1]
        return earlier & direct

    def last(self, place: int) -> int:
        """The clock of the last step of a context."""
        return self.nodes[-1][self._last + place]

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

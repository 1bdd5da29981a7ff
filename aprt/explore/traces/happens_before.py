"""The execution that a search of traces stands at, and which of its steps happen before which.

Happens-before is the smallest order that has the steps of each context, and steps that depend on each other, as they
came. The *clock* of a step is the set of all that happened before it, itself included. Sets of steps are integers here,
with a bit for each position: joining two is an `or`, and asking is a shift.

The execution is extended and cut off at its end only, and what is known at a node (a place before a step) is never
changed afterwards, so that cutting off is forgetting.
"""

from __future__ import annotations

from collections import defaultdict

from aprt.explore.commuting.bits import members
from aprt.explore.commuting.independence import Queue
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps


class Execution:
    """The steps from the initial state on, and their happens-before.

    steps: those taken. nodes: before each step and behind the last, the numbers in the fields of the state that decide
    which steps are possible (`Packing`).

    The rest is known up to the last `settle`. clocks: by position of the step. own: by context, its steps. items: of a
    step that puts or takes, the number of the item (`independence.numbered`). lanes: before each step and behind the
    last, two numbers for every lane, those of contexts and those of uses (`Kinds`): the joined clocks of the steps in
    it, and the set of these steps.
    earlier: by position of a step taken since the last `cut`, the steps that it may race with, if any. They are of
    other contexts, it depends on them by what it uses, and they do not happen before the preceding step of its own
    context. For an oops that is every step; for a choice it is the choice itself, because of its other options.

    `meeting`, `on` and `later` are about the whole execution, and remember what they answered until it is cut: ask them
    when no more steps are to come.
    """

    def __init__(self, local: LocalSteps) -> None:
        self.steps: list[LocalStep] = []
        self.nodes: list[list[int]] = [[0] * local.fields]
        self.clocks: list[int] = []
        self.items: dict[int, int] = {}
        self.earlier: dict[int, int] = {}
        self.lanes: list[list[int]] = [[]]
        self.own: list[int] = []
        self._ends: defaultdict[tuple[int, str], int] = defaultdict(int)  # the steps at either end of a queue
        self._local, self._kinds = local, local.kinds
        self._meeting: dict[int, int] = {}  # answers, until it is cut
        self._later: dict[int, int] = {}
        self._on: dict[int, int] = {}

    def push(self, step: LocalStep) -> None:
        """Take a step that is possible at the last node."""
        node = self.nodes[-1].copy()
        node[step.place] = step.next_control
        node[step.slot] = step.next_value
        self.steps.append(step)
        self.nodes.append(node)

    def settle(self) -> None:
        """Find out what happens before the steps taken since the last time. One loop, as all steps come through it."""
        clocks, earlier, lanes = self.clocks, self.earlier, self.lanes
        first, node = len(clocks), lanes[-1]
        node += [0] * (self._kinds.size - len(node))
        for position, step in enumerate(self.steps[first:], first):
            node, mine, bit = node.copy(), step.lane, 1 << position
            clock = program = node[mine]
            depends = 0
            for lane in step.others:
                clock |= node[lane]
                depends |= node[lane + 1]
            if step.plain:
                racing = (clock ^ program) & depends
            else:
                clock, racing = self._special(position, step, clock, program, depends)
            if racing:
                earlier[position] = racing
            clock |= bit
            for lane in step.own:
                node[lane] |= clock
                node[lane + 1] |= bit
            node[mine] = clock
            node[mine + 1] |= bit
            clocks.append(clock)
            lanes.append(node)
        self.own = node[1 : self._local.lanes.stop : 2]

    def _special(self, position: int, step: LocalStep, clock: int, program: int, depends: int) -> tuple[int, int]:
        """What happens before a step, given that of its lanes, and what it may race with."""
        if step.oops:
            clock = (1 << position) - 1
            return clock, clock ^ program
        if step.slot == step.place:
            return clock, 1 << position
        if step.queue is not None:
            self.items[position], needed = self.item((1 << position) - 1, step.slot, step.queue)
            self._ends[step.slot, step.queue.end] |= 1 << position
            clock |= needed
        before = next((i for i in reversed(range(position)) if self.steps[i].slot == step.slot), None)
        if before is not None and not clock >> before & 1:
            self._local.check_commute(self.steps[before], step)
        return clock, (clock ^ program) & depends

    def cut(self, length: int) -> None:
        """Go back to the node before step number `length`."""
        del self.steps[length:], self.nodes[length + 1 :]
        del self.clocks[length:], self.lanes[length + 1 :]
        self.earlier.clear()
        self._meeting.clear()
        self._later.clear()
        self._on.clear()
        for end in self._ends:
            self._ends[end] &= (1 << length) - 1

    def program(self, place: int, position: int) -> int:
        """The clock of the last step of a context before the node of that number."""
        return self.lanes[position][self._local.lanes[place]]

    def meeting(self, kind: int) -> int:
        """The steps that depend on steps of that kind by what they use."""
        known = self._meeting.get(kind)
        if known is None:
            known = self._meeting[kind] = self._met(kind)
        return known

    def _met(self, kind: int) -> int:
        if self._kinds.oopses >> kind & 1:
            return (1 << len(self.steps)) - 1
        node, found = self.lanes[-1], 0
        for lane in self._kinds.others[kind]:
            if lane < len(node):
                found |= node[lane + 1]
        return found | 1 << len(self.steps) - 1 if self.steps and self.steps[-1].oops else found

    def on(self, slot: int) -> int:
        """The steps on the actor with this field; for a field of a context, its choices."""
        known = self._on.get(slot)
        if known is None:
            known = self._on[slot] = self._used(slot)
        return known

    def _used(self, slot: int) -> int:
        if slot < len(self.own):  # the choices of a context
            return sum([1 << i for i in members(self.own[slot]) if self.steps[i].slot == slot])
        node, found = self.lanes[-1], 0
        for lane in self._local.lanes_of(slot):
            if lane < len(node):
                found |= node[lane + 1]
        return found

    def later(self, position: int) -> int:
        """The steps behind the one at `position` that do not happen after it."""
        known = self._later.get(position)
        if known is None:
            known, this, clocks = 0, 1 << position, self.clocks
            for i in range(position + 1, len(clocks)):
                if not clocks[i] & this:
                    known |= 1 << i
            self._later[position] = known
        return known

    def follow(self, position: int, steps: int) -> bool:
        """Whether all of these steps that are behind the one at `position` happen after it."""
        steps &= -2 << position
        while steps:
            first = steps & -steps
            if not self.clocks[first.bit_length() - 1] >> position & 1:
                return False
            steps ^= first
        return True

    def item(self, before: int, slot: int, queue: Queue) -> tuple[int, int]:
        """The number of the item that a step puts or takes after the steps `before`, and the clock of the step at the
        other end of the queue that it needs: the put of that item, or the take that made room. 0 if it needs none.
        """
        item = (self._ends[slot, "take"] & before).bit_count()
        if queue.end == "put":
            item += queue.size
            if queue.room is None:
                return item, 0
        need = item if queue.end == "take" else item - (queue.room or 0)
        others = self._ends[slot, "put" if queue.end == "take" else "take"] & before
        # the last one with that number: behind a change that is neither put nor take they start over
        while others:
            position = others.bit_length() - 1
            if self.items[position] == need:
                return item, self.clocks[position]
            others ^= 1 << position
        return item, 0

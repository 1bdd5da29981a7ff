"""What an actor's value would be, and a step could do, if other steps came before it than did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from aprt.core.errors import ModelError
from aprt.explore.happens_before import Execution
from aprt.explore.local_steps import LocalSteps, Options


class Retiming:
    """Asks this about `execution`, as it is at present."""

    def __init__(self, execution: Execution, local: LocalSteps) -> None:
        self._execution, self._local = execution, local

    def value(self, node: int, slot: int, steps: Collection[int]) -> int:
        """What is in a field after `steps` (in order, all after `node`) at the node of step number `node`."""
        value = None
        for position in self._users(node, slot):
            if value is None:
                value = self._execution.steps[position].before
            if position in steps:
                value = self._then(position, value)
        return self._execution.nodes[-1][slot] if value is None else value

    def openings(self, node: int, slot: int, options: Options, later: list[int], program: int) -> Iterator[list[int]]:
        """The largest parts of `later`, closed under happens-before, after which a step with these options is possible.

        program: the clock of the step before that one in its context; what happened before it stays.
        All of it, or none, unless changes of the actor commute. (Those of a queue do, but none of them is in the way
        of another one at the same end.)
        """
        if options[self.value(node, slot, later)]:
            yield later
            return
        steps = self._execution.steps
        users = [i for i in self._users(node, slot) if i in later and not program >> i & 1 and steps[i].queue is None]
        found: list[frozenset[int]] = []
        level = {frozenset(later)} if users and slot in self._local.loose else set()
        while level:
            smaller: set[frozenset[int]] = set()
            for part in level:
                if any(part < more for more in found):
                    continue
                if options[self.value(node, slot, part)]:
                    found.append(part)
                else:
                    smaller.update(part - self._after(user, part) for user in users if user in part)
            level = smaller
        yield from map(sorted, found)

    def _users(self, node: int, slot: int) -> Iterable[int]:
        """The steps from `node` on whose actor has this field."""
        steps = self._execution.steps
        return (position for position in range(node, len(steps)) if steps[position].slot == slot)

    def _then(self, position: int, value: int) -> int:
        """The value that a step leaves when it finds another one than it did."""
        step = self._execution.steps[position]
        if step.before == value:
            return step.then
        _, options = self._local.rows[step.place][step.control]
        if not options[value]:
            raise ModelError("a step is not possible in an order that handlers declare to be one")
        return options[value][0].then

    def _after(self, first: int, steps: Iterable[int]) -> frozenset[int]:
        """Those of the steps that happen after one of them, itself included."""
        clocks = self._execution.clocks
        return frozenset(step for step in steps if clocks[step] >> first & 1)

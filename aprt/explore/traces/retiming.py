"""If other steps came before a step than did: what the value of its actor would be, and what the step could do then."""

from __future__ import annotations

from typing import TypeAlias

from aprt.core.errors import ModelError
from aprt.explore.commuting.bits import members
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps, Options
from aprt.explore.traces.happens_before import Execution

Opening: TypeAlias = tuple[int, tuple[LocalStep, ...]]
"""Steps, as a set, and what is possible after them."""


class Retiming:
    """Answers that for `execution` as it is when asked. Sets of steps are integers, as there."""

    def __init__(self, execution: Execution, local: LocalSteps) -> None:
        self._execution, self._local = execution, local

    def openings(self, node: int, slot: int, options: Options, later: int, program: int) -> list[Opening]:
        """The largest parts of `later`, closed under happens-before, after which a step with these options is possible.

        program: the clock of the step before that one in its context; what happened before it stays.
        All of it, or none, unless changes of the actor commute. (Those of a queue do, but none of them is in the way
        of another one at the same end.)
        """
        if possible := options[self._value(node, slot, later)]:
            return [(later, possible)]
        if slot not in self._local.loose:
            return []
        found: list[Opening] = []
        steps = self._execution.steps
        users = [i for i in self._users(node, slot) if (later & ~program) >> i & 1 and steps[i].queue is None]
        level = {later} if users else set()
        while level:
            smaller: set[int] = set()
            for part in level:
                if any(part & more == part for more, _ in found):
                    continue
                if possible := options[self._value(node, slot, part)]:
                    found.append((part, possible))
                else:
                    smaller.update(part & ~self._after(user) for user in users if part >> user & 1)
            level = smaller
        return found

    def _value(self, node: int, slot: int, steps: int) -> int:
        """What is in a field after `steps`, taken in their order at the node of step number `node`."""
        value = None
        for position in self._users(node, slot):
            if value is None:
                value = self._execution.steps[position].value
            if steps >> position & 1:
                value = self._then(position, value)
        return self._execution.nodes[-1][slot] if value is None else value

    def _users(self, node: int, slot: int) -> list[int]:
        """Where the steps from `node` on are whose actor has this field."""
        return members(self._execution.on(slot) >> node << node)

    def _then(self, position: int, value: int) -> int:
        """The value that a step leaves when it finds another one than it did."""
        step = self._execution.steps[position]
        if step.value == value:
            return step.next_value
        _, options = self._local.rows[step.place][step.control]
        if not options[value]:
            raise ModelError("a step is not possible in an order that handlers declare to be one")
        return options[value][0].next_value

    def _after(self, first: int) -> int:
        """The steps that happen after one, itself included."""
        return sum(1 << i for i, clock in enumerate(self._execution.clocks) if clock >> first & 1)

"""Races of an execution, and the executions that reverse them.

Two steps race when they depend on each other and could come in the other order: the later one, f, is possible where the
earlier one, e, was taken, after all that does not happen after e. Then these steps, and f behind them, lead to where
no order of the present execution leads.

Abdulla, Aronis, Jonsson, Sagonas, JACM 64(4), 2017, call a race what has nothing between the two in happens-before.
That is for steps that never block. Here an unlock may stand between two requests of a lock, and it cannot be the step
that is reversed: f was not possible before it. So from f backwards the steps of its actor are looked at until one is
found before which f was possible; what happens before that one, or before the preceding step of f's own context, is
settled by other races. Three more rules are needed for steps that block:

(a) What a context still waits for when an execution has ended is a step as well: it may have been possible earlier.
(b) f is *timed anew*: what it does, and what happens before it, is what it would be at its new place.
(c) Where sleep sets end an execution (in source mode only), (a) holds too.

When f waits for several steps that commute with each other (the readers of a lock, for a writer) and all but e can come
without e, those that are in its way are left out of the sequence. An oops depends on every step; what other contexts
would have done next is reversed with it. The options of a choice exclude each other: each of the others is reversed
with the one that was taken, which leaves out those that are covered (to branch into all of them where one is taken
would begin executions in vain).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import attrs

from aprt.explore.happens_before import Execution
from aprt.explore.local_steps import LocalStep, LocalSteps, Options
from aprt.explore.retiming import Retiming
from aprt.explore.wakeup_tree import WakeupSequence


@attrs.frozen
class Rules:
    """Which of the rules for steps that block are in force. Without all of them a search is wrong."""

    pending: bool = True  # (a)
    timed_anew: bool = True  # (b)
    asleep: bool = True  # (c)


EVERY_RULE: Final = Rules()


@attrs.define(eq=False)  # frozen takes twice as long to make, and very many are
class Race:
    """The step number `node` races with f, now at `position`. step: f as it would be in front of the other one.

    others: the steps to take instead of that one, by position, and f with them; None is all that do not happen after
    it.
    """

    node: int
    position: int
    step: LocalStep
    others: list[int] | None = None


@attrs.define(eq=False)
class _Later:
    """f, the later step of a race. position: where it is, or would come next. slot, options: see `LocalSteps.rows`.

    program: the clock of the step before in the same context.
    """

    position: int
    slot: int
    options: Options
    program: int


class Races:
    """The races of `execution`, as it is when asked.

    brief: what came after f is left out where a race is reversed (source sets).
    """

    def __init__(self, execution: Execution, local: LocalSteps, rules: Rules, brief: bool) -> None:
        self._execution, self._local, self._rules, self._brief = execution, local, rules, brief
        self._retiming = Retiming(execution, local)
        self._meets = local.kinds.meets

    def of_step(self, position: int) -> Sequence[Race]:
        """The races in which the step at `position` is the later one, and the other options of a choice."""
        step = self._execution.steps[position]
        if step.slot == step.place:
            return self.between(position, position)
        earlier = self._execution.depends_on(position) if self._execution.joined[position] else 0
        return self._backwards(earlier, self._taken(position)) if earlier else ()

    def of_pending(self) -> Iterator[Race]:
        """The races of what contexts wait for, or would have done next, where the execution has ended."""
        execution = self._execution
        steps, end, node = execution.steps, len(execution.steps), execution.nodes[-1]
        last = 1 << end - 1 if end and steps[-1].oops else 0
        for place, rows in enumerate(self._local.rows):
            slot, options = rows[node[place]]
            if slot != place or last:
                earlier = sum(1 << e for e in range(end) if steps[e].slot == slot != place) | last
                program = execution.last(place)
                yield from self._backwards(earlier & ~program, _Later(end, slot, options, program))

    def between(self, e: int, position: int) -> list[Race]:
        """How the steps at `e` and `position` race; for a choice and itself, with its other options."""
        if e != position:
            return self._between(e, self._taken(position))
        step = self._execution.steps[position]
        _, options = self._local.rows[step.place][step.control]
        return [Race(e, position, other) for other in options[step.before] if other is not step]

    def _taken(self, position: int) -> _Later:
        step, execution = self._execution.steps[position], self._execution
        program = execution.clocks[position] ^ (execution.joined[position] | 1 << position)
        return _Later(position, *self._local.rows[step.place][step.control], program)

    def _backwards(self, earlier: int, f: _Later) -> list[Race]:
        """The races of f with `earlier` steps, given as bits, last one first."""
        found = []
        while earlier:
            e = earlier.bit_length() - 1
            earlier ^= 1 << e
            races = self._between(e, f)
            if races:
                found += races
                earlier &= ~self._execution.clocks[e]
        return found

    def _between(self, e: int, f: _Later) -> list[Race]:
        step, local = self._execution.steps[e], self._local
        if f.slot == step.slot and f.slot not in local.loose:
            # whatever else changed the actor happens after e
            possible = f.options[step.before]
            depends = possible and self._meets[step.kind] >> possible[0].kind & 1
            return [Race(e, f.position, possible[0])] if depends else []
        found: list[Race] = []
        for others in self._retiming.openings(e, f.slot, f.options, self._later(e, f.position), f.program):
            possible = f.options[self._retiming.value(e, f.slot, others)]  # several if an oops came before a choice
            found += (Race(e, f.position, p, others) for p in possible if self._meets[step.kind] >> p.kind & 1)
        return found

    def _later(self, e: int, f: int) -> list[int]:
        """The steps after `e` that do not happen after it."""
        clocks = self._execution.clocks
        return [i for i in range(e + 1, f if self._brief else len(clocks)) if not clocks[i] >> e & 1]

    def initial(self, race: Race, labels: Collection[int]) -> bool:
        """Whether f, or a step before it, can come first instead of the earlier step, and its label is one of these."""
        steps, clocks, node = self._execution.steps, self._execution.clocks, race.node
        between = range(node + 1, race.position)
        for i in between:
            if steps[i].label in labels and clocks[i] >> node == 1 << (i - node):
                return True
        if race.step.label not in labels or race.step.queue is not None:
            return False
        place, meets = race.step.place, self._meets[race.step.kind]
        for i in between:
            if (steps[i].place == place or meets >> steps[i].kind & 1) and not clocks[i] >> node & 1:
                return False
        return True

    def reversed(self, race: Race) -> WakeupSequence:
        """The steps that lead to where f comes before the other step. f stands where it did, as the last of `steps`."""
        execution, f, end = self._execution, race.position, len(self._execution.steps)
        others = self._later(race.node, f) if race.others is None else race.others
        step, before = self._timed_anew(race, others)
        front = [i for i in others if i < f or before >> i & 1]
        behind = [i for i in others if i > f and not before >> i & 1]
        steps, clocks = [*execution.steps, step], [*execution.clocks, before | 1 << end]
        return WakeupSequence([*front, end, *behind], steps, clocks, self._meets)

    def _timed_anew(self, race: Race, others: list[int]) -> tuple[LocalStep, int]:
        """f behind the others, and the clocks of those that happen before it, joined."""
        execution, step = self._execution, race.step
        if not self._rules.timed_anew and race.position < len(execution.steps):
            return execution.steps[race.position], execution.clocks[race.position]
        meets, before = self._meets[step.kind], 0
        for i in others:
            other = execution.steps[i]
            if other.place == step.place or meets >> other.kind & 1:
                before |= execution.clocks[i]
        if step.queue is not None:
            before |= execution.item((*range(race.node), *others), step.slot, step.queue)[1]
        return step, before

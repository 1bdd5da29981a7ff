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

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from aprt.explore.commuting.bits import members
from aprt.explore.commuting.local_steps import OPTION_BITS, LocalStep, LocalSteps, Options
from aprt.explore.traces.happens_before import Execution
from aprt.explore.traces.retiming import Retiming
from aprt.explore.traces.wakeup_tree import WakeupSequence


@attrs.frozen
class Rules:
    """Which of the rules for steps that block are in force. Without all of them a search is wrong."""

    pending: bool = True  # (a)
    timed_anew: bool = True  # (b)
    asleep: bool = True  # (c)


EVERY_RULE: Final = Rules()

_NONE: Final[Sequence[Race]] = ()


@attrs.define(eq=False)  # frozen takes twice as long to make, and very many are
class Race:
    """The step number `node` races with f, now at `position`. step: f as it would be in front of the other one.

    without: the steps that are in its way there, though they do not happen after the other one, as a set.
    """

    node: int
    position: int
    step: LocalStep
    without: int = 0


@attrs.define(eq=False)
class Pending:
    """What a context would do next, where the execution has ended. slot, options: see `LocalSteps.rows`."""

    place: int
    lane: int
    slot: int
    options: Options


class Races:
    """The races of `execution`, as it is when asked.

    brief: what came after f is left out where a race is reversed (source sets).
    """

    def __init__(self, execution: Execution, local: LocalSteps, rules: Rules, brief: bool) -> None:
        self._execution, self._local, self._rules, self._brief = execution, local, rules, brief
        self._retiming = Retiming(execution, local)
        self._meets, self._loose, self._sleepers = local.kinds.meets, local.loose, local.sleepers

    def of_steps(self, sleeping: Sequence[int]) -> list[Race]:
        """The races in which a new step (`Execution.earlier`) is the later one, and the other options of choices.

        sleeping: by node. Most races are covered for good, and easily seen to be: f sleeps there, and what it depends
        on behind the earlier step happens after that one. These are left out.
        """
        found: list[Race] = []
        steps = self._execution.steps
        for position, earlier in self._execution.earlier.items():
            f = steps[position]
            found += self._backwards(earlier, position, f, f.sleeper if f.plain else 0, sleeping)
        return found

    def pending(self) -> tuple[Pending, ...]:
        """What contexts wait for, or would have done next, where the execution has ended: the same in equal states."""
        steps, node = self._execution.steps, self._execution.nodes[-1]
        oops = bool(steps) and steps[-1].oops
        lanes = self._local.lanes
        asked = ((place, *rows[node[place]]) for place, rows in enumerate(self._local.rows))
        return tuple(
            Pending(place, lanes[place], slot, options) for place, slot, options in asked if slot != place or oops
        )

    def of_pending(self, pending: Iterable[Pending]) -> Iterator[Race]:
        """The races of these, as if they were steps at the end of the execution."""
        execution = self._execution
        steps, end = execution.steps, len(execution.steps)
        last = 1 << end - 1 if end and steps[-1].oops else 0
        for f in pending:
            earlier = last if f.slot == f.place else execution.on(f.slot) | last
            if earlier := earlier & ~execution.lanes[end][f.lane]:
                yield from self._backwards(earlier, end, f)

    def between(self, e: int, position: int) -> Sequence[Race]:
        """How the steps at `e` and `position` race; for a choice and itself, with its other options."""
        return self._between(e, position, self._execution.steps[position])

    def _backwards(
        self, earlier: int, position: int, f: LocalStep | Pending, sleeper: int = 0, sleeping: Sequence[int] = ()
    ) -> list[Race]:
        """The races of f, at `position`, with `earlier` steps, last one first. sleeper: f, if it is a plain step."""
        found: list[Race] = []
        clocks, program, behind = self._execution.clocks, self._execution.lanes[position][f.lane], -1
        while True:
            e = earlier.bit_length() - 1
            # its context has not moved since, so what sleeps there is f itself
            if sleeper and sleeper & sleeping[e] and behind >> e & 1 and not program >> e:
                earlier &= ~clocks[e]
            elif races := self._between(e, position, f):
                found += races
                earlier &= ~clocks[e]
            else:
                earlier ^= 1 << e
            if not earlier:
                return found
            behind &= clocks[e]

    def _between(self, e: int, position: int, f: LocalStep | Pending) -> Sequence[Race]:
        step, slot, meets = self._execution.steps[e], f.slot, self._meets
        if slot == step.slot and slot not in self._loose:
            # whatever else changed the actor happens after e
            possible = f.options[step.value]
            if e == position:
                return [Race(e, e, other) for other in possible if other is not step]
            if not (possible and meets[step.kind] >> possible[0].kind & 1):
                return _NONE
            return (Race(e, position, possible[0]),)
        found: list[Race] = []
        program, later = self._execution.program(f.place, position), self._later(e, position)
        for others, possible in self._retiming.openings(e, slot, f.options, later, program):
            # several are possible if an oops came before a choice
            found += [Race(e, position, p, later ^ others) for p in possible if meets[step.kind] >> p.kind & 1]
        return found

    def _later(self, e: int, f: int) -> int:
        """The steps after `e` that do not happen after it."""
        later = self._execution.later(e)
        return later & (1 << f) - 1 if self._brief else later

    def covered(self, race: Race, sleeping: int, foreign: int) -> bool | None:
        """Whether one of the steps that sleep is a weak initial of what reverses a race; None if none is.

        True: it is f, or a step before it, so whatever else an execution has, what reverses the race is covered there.
        foreign: those that cover only what they are a part of.
        """
        execution, f, node, found = self._execution, race.step, race.node, None
        if f.sleeper & sleeping and self._can_begin(race):
            return True
        clocks, behind = execution.clocks, -2 << node
        for number in members(sleeping):
            label, kind = self._sleepers.known[number]
            place = label >> OPTION_BITS
            mine = execution.own[place] & behind
            first = mine & -mine
            i = first.bit_length() - 1
            if mine and not (clocks[i] >> node & 1 or race.without & first):
                if clocks[i] & behind == first and execution.steps[i].label == label:
                    if i < race.position:
                        return True
                    found = False
                continue
            apart = place != f.place and not foreign >> number & 1 and not self._meets[kind] >> f.kind & 1
            if apart and execution.follow(node, execution.meeting(kind) & ~race.without):
                found = False
        return found

    def _can_begin(self, race: Race) -> bool:
        """Whether f can come first in what reverses a race."""
        execution, f = self._execution, race.step
        if f.queue is not None:
            sequence = self.reversed(race)
            return sequence.can_begin(sequence.end)
        before = execution.meeting(f.kind) | execution.own[f.place]
        return execution.follow(race.node, before & ~race.without)

    def reversed(self, race: Race) -> WakeupSequence:
        """The steps that lead to where f comes before the other step. f stands where it did."""
        execution, position = self._execution, race.position
        timed = self._rules.timed_anew or position == len(execution.clocks)
        before = None if timed else execution.clocks[position]
        return WakeupSequence(execution, self._meets, race.node, self.others(race), race.step, before)

    def others(self, race: Race) -> int:
        """The steps that lead there, as a set, but for f."""
        return self._later(race.node, race.position) & ~race.without

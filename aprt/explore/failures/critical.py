"""What decides in a failing execution: the order of two steps, or a choice.

Every race of the execution is reversed: all that does not happen after the earlier step is done, then the later step.
From there everything that can follow is looked at, since it would say little that one execution in the other order
does not fail. The pair is critical if the failure cannot be reached any more; if it can, another pair is to blame. A
choice is critical if the failure cannot be reached with any of the other options.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import attrs

from aprt.core.schedule import Label
from aprt.explore.failures.failing import Playground
from aprt.explore.failures.failing_trace import FailingTrace, take
from aprt.explore.failures.prospects import Prospects
from aprt.explore.learned.packing import INITIAL
from aprt.explore.traces.races import EVERY_RULE, Race, Races


@attrs.frozen
class CriticalPair:
    """first comes before second in the execution. waits: second never comes: its context waits for it in the deadlock.

    proved: whether all that can follow the other order was looked at; if not, no failure was found in what was.
    """

    first: Label
    second: Label
    waits: bool
    proved: bool


@attrs.frozen
class CriticalChoice:
    """chosen: what the environment chose. instead: the operations that it could have chosen. proved: as for pairs."""

    chosen: Label
    instead: tuple[str, ...]
    proved: bool


@attrs.frozen(eq=False)
class _Way:
    """A race, and the state after its reversal; None where something fails on the way there."""

    race: Race
    state: int | None


class Decisive:
    """What decides in a failing trace. prospects: explores what follows each reversal."""

    def __init__(self, ground: Playground, trace: FailingTrace, prospects: Prospects) -> None:
        self._ground, self._trace, self._prospects = ground, trace, prospects
        self._races = Races(trace.execution, trace.local, EVERY_RULE, brief=False)
        self._orders = [self._way(race) for race in self._turned()]
        choices = [position for position in trace.causes() if trace.options(position) > 1]
        self._choices = [[self._way(race) for race in self._races.between(i, i)] for i in choices]
        for way in (*self._orders, *(way for ways in self._choices for way in ways)):
            if way.state is not None:
                prospects.explore(way.state)

    def pairs(self) -> tuple[CriticalPair, ...]:
        """The critical pairs, the last ones first.

        Of pairs with the same second step only the last stay: one is left out if its first step happens before that of
        another. (One that is proved is left out only for another that is proved.)
        """
        trace, found = self._trace, list[CriticalPair]()
        # by second step, what happens before the first ones, as bits: of pairs that are proved, and of all
        proved, known = defaultdict[Label, int](int), defaultdict[Label, int](int)
        for way in self._orders:
            node, second, can_fail = way.race.node, self._second(way.race), self._can_fail(way)
            settled = known if can_fail is None else proved
            if can_fail or settled[second] >> node & 1:
                continue
            waits, past = way.race.position == len(trace), trace.execution.clocks[node]
            found.append(CriticalPair(trace.labels[node], second, waits, proved=can_fail is False))
            known[second] |= past
            if can_fail is False:
                proved[second] |= past
        return tuple(found)

    def choices(self) -> tuple[CriticalChoice, ...]:
        """The critical choices, the last ones first."""
        found = []
        for ways in reversed(self._choices):
            outlook = [self._can_fail(way) for way in ways]
            if not any(outlook):
                instead = tuple(self._ground.label(way.race.step.number).op for way in ways)
                chosen = self._trace.labels[ways[0].race.node]
                found.append(CriticalChoice(chosen, instead, proved=None not in outlook))
        return tuple(found)

    def _turned(self) -> Iterator[Race]:
        """The races that led to the failure, the last ones first."""
        if self._trace.failure == "deadlock":
            yield from self._races.of_pending(self._races.pending())
        for position in reversed(self._trace.causes()):
            for e in reversed(self._trace.unsettled(position)):
                yield from self._races.between(e, position)

    def _can_fail(self, way: _Way) -> bool | None:
        return True if way.state is None else self._prospects.can_fail(way.state)

    def _way(self, race: Race) -> _Way:
        """Take the later step instead of the earlier one."""
        trace, sequence, state = self._trace, self._races.reversed(race), INITIAL
        order = sequence.order
        there = order.index(sequence.end)
        first = sorted([*order[:there], *(i for i in order[there + 1 :] if i < race.position)])
        steps = [*trace.execution.steps[: race.node], *sequence.steps([*first, sequence.end])]
        for step in steps:
            state, failure, oops = take(self._ground, state, trace.step(state, step.label))
            if failure is not None or oops:
                return _Way(race, None)
        return _Way(race, state)

    def _second(self, race: Race) -> Label:
        trace = self._trace
        if race.position < len(trace):
            return trace.labels[race.position]
        return next(label for label in trace.pending if label.context == trace.context(race.step))

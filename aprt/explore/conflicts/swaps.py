"""What the order of two conflicting steps changes, wherever two contexts can take them in either order.

In every state in which two contexts can each take a step and the two steps depend on each other, both orders are taken,
and all that can follow each is known (`explore.conflicts.outcomes`). The race is

- *harmful* where the verdicts that can come of the two orders differ, or only one of them can end without any;
- a matter of *order only* where nothing but the end states differ;
- *inevitable* where no execution of either order ends without one: nothing shows then that the order does no harm;
- *benign* otherwise.

Steps of the same two contexts with the same two operations are one race, as bad as its worst case; inevitable cases
count only where there are no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Literal, TypeAlias

import attrs

from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.explore.commuting.independence import StepInfo, dependent
from aprt.explore.conflicts.outcomes import OVER, Outcomes, Way

Harm: TypeAlias = Literal["harmful", "order-only", "benign", "inevitable"]
Operation: TypeAlias = tuple[str, str]  # context, operation

_WORSE: tuple[Harm, ...] = ("inevitable", "benign", "order-only", "harmful")


@attrs.frozen
class Witness:
    """An execution to an outcome. verdict: of several, the first by name; None for one that ends."""

    schedule: Schedule
    verdict: str | None


@attrs.frozen
class Swap:
    """A race. states: in how many both orders were possible.

    both: if harmful or order-only, two executions, the same up to the race: one with `first` first, one with `second`
    first. At least one of them has an outcome that the other order never has.
    differ: if order-only, the actors whose values differ in the two end states.
    verdicts: if inevitable, the verdicts that come, whatever the order.
    """

    first: Operation
    second: Operation
    harm: Harm
    states: int
    both: tuple[Witness, ...] = ()
    differ: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()


def swaps(outcomes: Outcomes, system: System) -> tuple[Swap, ...]:
    """The races of a system, the worst first. outcomes: complete."""
    return _Swaps(outcomes, system).found()


@attrs.define(eq=False)
class _Case:
    """The worst case of a race so far: the state, the two ways out of it, and what can come of the two orders.

    states: in how many states the race was met, good or bad.
    """

    harm: Harm
    number: int
    ways: tuple[Way, Way]
    after: tuple[int, int]
    states: int = 0

    def join(self, other: _Case) -> None:
        """Another state in which it is the same."""
        self.after = self.after[0] | other.after[0], self.after[1] | other.after[1]


class _Swaps:
    def __init__(self, outcomes: Outcomes, system: System) -> None:
        self._outcomes, self._actors = outcomes, {actor.name: actor for actor in system.actors}
        self._from = outcomes.from_each()
        self._infos: dict[int, StepInfo] = {}
        self._dependent: dict[tuple[int, int], bool] = {}

    def found(self) -> tuple[Swap, ...]:
        cases: dict[tuple[Operation, Operation], _Case] = {}
        for number in range(len(self._outcomes.met)):
            for one, other in self._pairs(number):
                key = self._operation(one), self._operation(other)
                case = self._case(number, one, other)
                known = cases.setdefault(key, case)
                known.states += 1
                if _WORSE.index(case.harm) > _WORSE.index(known.harm):
                    case.states = known.states
                    cases[key] = case
                elif case.harm == known.harm == "inevitable":
                    known.join(case)
        swaps = [self._swap(key, case) for key, case in cases.items()]
        return tuple(sorted(swaps, key=lambda swap: (-_WORSE.index(swap.harm), swap.first, swap.second)))

    def _pairs(self, number: int) -> Iterator[tuple[Way, Way]]:
        """Steps that two contexts can take in a state, and that depend on each other."""
        for one, other in combinations(self._outcomes.ways[number], 2):
            if one.place != other.place and self._conflict(one.step, other.step):
                yield one, other

    def _conflict(self, one: int, other: int) -> bool:
        key = one, other
        if key not in self._dependent:
            a, b = self._info(one), self._info(other)
            # an oops depends on whatever comes before it, and that is no race
            self._dependent[key] = a.actor == b.actor is not None and dependent(a, b)
        return self._dependent[key]

    def _info(self, step: int) -> StepInfo:
        if step not in self._infos:
            event = self._outcomes.tables.steps[step].event
            self._infos[step] = StepInfo.of(event, None if event.actor is None else self._actors[event.actor])
        return self._infos[step]

    def _operation(self, way: Way) -> Operation:
        label = self._outcomes.tables.steps[way.step].event.label
        return label.context, label.op

    def _case(self, number: int, one: Way, other: Way) -> _Case:
        first, second = self._after(one, other.place), self._after(other, one.place)
        return _Case(self._harm(first, second), number, (one, other), (first, second))

    def _harm(self, first: int, second: int) -> Harm:
        """What the order decides, where these outcomes can come of the two."""
        if self._judged(first) != self._judged(second):
            return "harmful"
        if first != second:
            return "order-only"
        return "benign" if first & ~self._outcomes.judged else "inevitable"

    def _after(self, way: Way, then: int) -> int:
        """All that can come of a step, if the context at `then`, where it can, takes the next one."""
        return way.here | self._union(way.target, then)

    def _union(self, number: int, then: int) -> int:
        if number == OVER:
            return 0
        following = [way for way in self._outcomes.ways[number] if way.place == then]
        if not following:
            return self._from[number]
        bits = 0
        for way in following:
            bits |= way.here | (0 if way.target == OVER else self._from[way.target])
        return bits

    def _judged(self, bits: int) -> tuple[int, bool]:
        """The verdicts among some outcomes, and whether there is an end without one."""
        return bits & self._outcomes.judged, bits & ~self._outcomes.judged > 0

    def _first(self, bits: int) -> int:
        """The outcome that was met first; of the verdicts only, if there are any."""
        bits = bits & self._outcomes.judged or bits
        return bits & -bits

    def _swap(self, key: tuple[Operation, Operation], case: _Case) -> Swap:
        if case.harm == "benign":
            return Swap(*key, case.harm, case.states)
        if case.harm == "inevitable":
            return Swap(*key, case.harm, case.states, verdicts=self._verdicts(case))
        telling = self._first(case.after[0] ^ case.after[1])
        side = 0 if case.after[0] & telling else 1
        other = case.after[1 - side]
        against = self._first(other & ~case.after[side] or other & ~self._outcomes.judged or other)
        chosen = (telling, against) if side == 0 else (against, telling)
        both = self._witness(case, 0, chosen[0]), self._witness(case, 1, chosen[1])
        return Swap(*key, case.harm, case.states, both, self._differ(*chosen) if case.harm == "order-only" else ())

    def _verdicts(self, case: _Case) -> tuple[str, ...]:
        """The verdicts that can come of either order."""
        return tuple(id for id, bit in self._outcomes.verdicts.items() if case.after[0] >> bit & 1)

    def _witness(self, case: _Case, side: int, outcome: int) -> Witness:
        """An execution in which that side (0 or 1) comes first, and which ends with that outcome."""
        verdict = next((id for id, bit in self._outcomes.verdicts.items() if 1 << bit == outcome), None)
        return Witness(self._outcomes.tables.schedule(self._steps(case, side, outcome)), verdict)

    def _steps(self, case: _Case, side: int, outcome: int) -> list[int]:
        way, then = case.ways[side], case.ways[1 - side].place
        steps = [*self._outcomes.met.way_to(case.number), way.step]
        if way.here & outcome:
            return steps
        following = next((one for one in self._outcomes.ways[way.target] if one.place == then), None)
        if following is not None:
            steps, way = [*steps, following.step], following
        return steps if way.here & outcome else [*steps, *self._outcomes.onwards(way.target, outcome, self._from)]

    def _differ(self, one: int, other: int) -> tuple[str, ...]:
        """The actors whose values differ in two ends."""
        packing = self._outcomes.packing
        states = [state for state, number in self._outcomes.ends.items() if 1 << number in (one, other)]
        return tuple(
            name for name, slot in packing.actors.items() if len({packing.field(state, slot) for state in states}) > 1
        )

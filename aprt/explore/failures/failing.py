"""How a schedule fails, and what it costs to follow: what a smaller schedule is compared by.

Two schedules fail alike when they violate the same property by the same operation of the same context; or both in an
end state, both in a deadlock, or both by a step into a *trap*, a state from which something goes on for ever. Of two
that fail alike, the better one has fewer preemptions, then fewer steps, then fewer switches. A *switch* is a step by
another context than the step before. It is a *preemption* when the context before could have gone on (Musuvathi and
Qadeer, "Iterative Context Bounding", PLDI 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Literal, TypeAlias

import attrs

from aprt.core.properties import Property
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System
from aprt.explore.checking.checks import Checks, Due, judged
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Move, Offer, Tables

SWITCH, STEP, PREEMPTION = 1, 1 << 24, 1 << 48  # prices as one integer, which compares like the three in a row
NOBODY = -1  # the place of the context that ran before the first step

Failure: TypeAlias = tuple[str, str] | Literal["start", "end", "deadlock", "trap"]
"""How a property was violated: by this operation of this context (context, operation), or in such a state."""


@attrs.frozen(order=True)
class Price:
    """What it costs to follow a schedule. Less is better, the first number first."""

    preemptions: int
    steps: int
    switches: int

    @classmethod
    def of(cls, packed: int) -> Price:
        """From a sum of `PREEMPTION`, `STEP` and `SWITCH`."""
        return cls(packed // PREEMPTION, packed % PREEMPTION // STEP, packed % STEP)


@attrs.frozen
class Played:
    """An execution, by the numbers of its steps. price: packed. failure: how its end violates the property, if so."""

    steps: tuple[int, ...]
    price: int
    failure: Failure | None


class Playground:
    """A system on which one property is watched, one step at a time. `close` it when done.

    trap: says of a state in which an execution can go on whether to enter it is a failure. No check of a step shows
    that; who knows it, sets it (`explore.failures.trap`).
    """

    def __init__(self, system: System, property: Property) -> None:
        self.system = system
        self.trap: Callable[[int], bool] = frozenset[int]().__contains__
        self.checks = Checks((property,), system)
        self.tables: Tables[Due] = Tables(system, self.checks.packing, self.checks.due, self.checks.blocked)
        self._enabled: dict[int, tuple[Offer[Due], ...]] = {}

    def close(self) -> None:
        """Drop the suspended coroutines."""
        self.tables.close()

    def enabled(self, state: int) -> tuple[Offer[Due], ...]:
        """What a state offers. Not to be asked of a state after an oops: nothing follows that."""
        try:
            return self._enabled[state]
        except KeyError:
            offers = self._enabled[state] = self.tables.offers(state)
            return offers

    def take(self, state: int, move: Move[Due]) -> tuple[int, Failure | None, bool]:
        """The state after a step, how the step fails, and whether that was an oops."""
        _, number, (watch, _) = move
        successor, wrong = judged(state, move)
        oops = watch is not None and watch.oops
        if not wrong:
            return successor, "trap" if not oops and self.trap(successor) else None, oops
        label = self.label(number)
        return successor, (label.context, label.op), oops

    def words(self, state: int, move: Move[Due]) -> frozenset[str]:
        """What a step violates, in words."""
        _, wrong = judged(state, move)
        return frozenset(text for _, text in wrong)

    def stuck(self, state: int) -> Failure | None:
        """How a state fails in which no step is possible; None when it does not."""
        waiting = self.tables.waiting(state)
        if waiting:
            return "deadlock" if self.checks.deadlock(state, waiting) else None
        return "end" if self.checks.end(state) else None

    def label(self, number: int) -> Label:
        """The label of a step, whose `nth` does not count."""
        return self.tables.steps[number].event.label

    def play(self, wanted: Iterable[Label]) -> Played:
        """Do what is wanted as far as that is possible, up to the first failure.

        A step is passed over when its context blocks or is done, or has a choice in which there is no such option;
        when the context would do something else, it does that.
        """
        places = {context.name: place for place, context in enumerate(self.system.contexts)}
        if self.checks.start(self.tables.first):
            return Played((), 0, "start")
        state, last, price, steps = INITIAL, NOBODY, 0, list[int]()
        for label in wanted:
            place = places[label.context]
            enabled = dict(self.enabled(state))
            move = self._move(enabled.get(place, ()), label.op)
            if move is None:
                continue
            price += fare(last, place, last in enabled)
            state, failure, oops = self.take(state, move)
            last = place
            steps.append(move[1])
            if failure or oops:
                return Played(tuple(steps), price, failure)
        return Played(tuple(steps), price, None if self.enabled(state) else self.stuck(state))

    def states(self, steps: Iterable[int]) -> list[int]:
        """The states that these steps lead through, the initial one first; without the memories of histories."""
        packing, changes = self.tables.packing, self.tables.changes
        deltas = (sum(packing.delta(slot, 0, change) for slot, change in changes[step]) for step in steps)
        return list(accumulate(deltas, initial=INITIAL))

    def schedule(self, steps: Iterable[int]) -> Schedule:
        """The schedule that takes the steps with these numbers."""
        return self.tables.schedule(steps)

    def _move(self, moves: tuple[Move[Due], ...], op: str) -> Move[Due] | None:
        for move in moves:
            if self.label(move[1]).op == op:
                return move
        return moves[0] if len(moves) == 1 else None


def fare(last: int, place: int, able: bool) -> int:
    """What a step costs, packed. last: the place of the context before; able: whether that could have gone on."""
    if place == last or last == NOBODY:
        return STEP
    return PREEMPTION + STEP + SWITCH if able else STEP + SWITCH

"""A number as an actor, for small systems."""

from __future__ import annotations

import attrs

from aprt.core.actor import Actor, Outcome, handler
from aprt.core.caller import Caller


@attrs.frozen
class Count:
    value: int = 0


@attrs.frozen(eq=False)
class Counter(Actor[Count]):
    """Starts at 0. Nothing blocks."""

    def initial(self) -> Count:
        return Count()

    @handler(reads="value")
    def load(self, state: Count, by: Caller) -> Outcome[Count, int]:
        return state, state.value

    @handler(writes="value")
    def store(self, state: Count, by: Caller, value: int) -> Outcome[Count, None]:
        return Count(value), None

    @handler(writes="value")
    def add(self, state: Count, by: Caller, amount: int) -> Outcome[Count, int]:
        return Count(state.value + amount), state.value + amount

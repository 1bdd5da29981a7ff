"""Peterson's mutual exclusion for two processes, with a step for each of its six labels.

Definition and figures: TLA+ Examples, specifications/locks_auxiliary_vars/Peterson.tla.
"""

from __future__ import annotations

from functools import partial

import attrs

from aprt import BLOCK, Actor, Caller, Context, Outcome, System, choose, handler


@attrs.frozen
class FlagsState:
    """c: who wants to enter. turn: who goes first when both do."""

    c: tuple[bool, bool] = (False, False)
    turn: int = 0


@attrs.frozen(eq=False)
class Flags(Actor[FlagsState]):
    def initial(self) -> FlagsState:
        return FlagsState()

    @handler(reads="c", writes="c")
    def want(self, state: FlagsState, by: Caller, me: int, wanted: bool) -> Outcome[FlagsState, None]:
        other = state.c[1 - me]
        return attrs.evolve(state, c=(other, wanted) if me else (wanted, other)), None

    @handler(reads="", writes="turn")
    def yield_to(self, state: FlagsState, by: Caller, other: int) -> Outcome[FlagsState, None]:
        return attrs.evolve(state, turn=other), None

    @handler(reads="c turn")
    def enter(self, state: FlagsState, by: Caller, me: int) -> Outcome[FlagsState, None]:
        """Blocks while the other one wants to enter and it is the other one's turn."""
        return BLOCK if state.c[1 - me] and state.turn != me else (state, None)


def peterson() -> System:
    """Two processes that enter and leave the critical section for ever."""
    flags = Flags("flags")

    async def process(me: int) -> None:
        while True:
            await choose("noncritical", "skip")
            await flags.want(me, True)
            await flags.yield_to(1 - me)
            await flags.enter(me)
            await choose("critical", "skip")
            await flags.want(me, False)

    return System((flags,), tuple(Context(f"p{i}", partial(process, i)) for i in range(2)))

"""timer: a callback that runs some time after the timer was armed.

Time is virtual: an armed timer may fire at any step, so every order of expiry and everything else is explored.
Its daemon context runs `timer_daemon(timer, callback)`; the callback returns whether the timer is to fire again.

    idle --arm--> armed --fire--> running --finish--> idle
                                          --rearm---> armed

The callback runs in a handler of interrupts, a hard one (hrtimer) or a soft one (timer_list), so sleeping in it is a
finding of rule P23, and a lock that it takes is taken elsewhere with such interrupts off (`kernel.spinlock`). A
callback that always fires again leaves a system without an end state: let something end it.

Mirrors: include/linux/hrtimer.h: hrtimer_start; kernel/time/hrtimer.c: hrtimer_cancel, hrtimer_try_to_cancel,
__run_hrtimer; kernel/time/timer.c: mod_timer, timer_delete_sync.
Left out: expiry times, and with them hrtimer_forward and slack; CPUs, so two timers of one CPU may run at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

import attrs

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.notes import Irq
from aprt.kernel import rules
from aprt.kernel.running import Runnable

Args = TypeVarTuple("Args")


@attrs.frozen
class TimerState:
    """runner: the context that runs the callback just now. A running timer may be armed as well."""

    armed: bool = False
    runner: str | None = None


@attrs.frozen(eq=False)
class Timer(Runnable[TimerState]):
    """Starts out idle. irq: what its callback runs in."""

    atomic = ("*",)

    irq: Irq = "hardirq"

    def initial(self) -> TimerState:
        return TimerState()

    @handler(reads="armed", writes="armed", orders="release")
    def arm(self, state: TimerState, by: Caller) -> Outcome[TimerState, bool]:
        """From now on it may fire, once; replies whether it was armed already. Allowed while the callback runs."""
        if state.armed:
            return state, True
        return attrs.evolve(state, armed=True), False

    @handler(reads="armed", writes="armed")
    def cancel(self, state: TimerState, by: Caller) -> Outcome[TimerState, bool]:
        """Never blocks; replies whether it was armed, and then it will not fire. A running callback goes on."""
        if not state.armed:
            return state, False
        return attrs.evolve(state, armed=False), True

    @handler(reads="armed runner", writes="armed", acquires="exclusive")
    def cancel_sync(self, state: TimerState, by: Caller) -> Outcome[TimerState, bool]:
        """Blocks while the callback runs, then as `cancel`. Finding: called by the callback (ends the execution).

        It spins rather than sleeps, so it may be called under a spinlock that the callback does not take.
        """
        if state.runner == by.context:
            return state, False, rules.recursive(by, self.name)
        if state.runner is not None:
            return BLOCK
        return (attrs.evolve(state, armed=False) if state.armed else state), state.armed

    @handler(reads="armed runner", writes="armed runner")
    def fire(self, state: TimerState, by: Caller) -> Outcome[TimerState, None]:
        """For the daemon: blocks until armed and the callback does not run; then the caller runs it."""
        if not state.armed or state.runner is not None:
            return BLOCK
        return TimerState(runner=by.context), None, self.begun(self.irq)

    @handler(reads="runner", writes="runner")
    def finish(self, state: TimerState, by: Caller) -> Outcome[TimerState, None]:
        """For the daemon: the callback has returned. Finding: the caller does not run it (nothing changes)."""
        return self._ended(state, by)

    @handler(reads="runner", writes="armed runner", orders="release")
    def rearm(self, state: TimerState, by: Caller) -> Outcome[TimerState, None]:
        """For the daemon: as `finish`, and the timer is armed again in the same step."""
        return self._ended(state, by, armed=True)


async def timer_daemon(timer: Timer, callback: Callable[[*Args], Awaitable[bool]], *args: *Args) -> None:
    """The daemon of `timer`: runs the behaviour `callback(*args)` whenever it fires; True rearms it."""
    while True:
        await timer.fire()
        if await callback(*args):
            await timer.rearm()
        else:
            await timer.finish()

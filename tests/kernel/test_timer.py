"""Timers: fire once at any step after arming, and do not outlive `cancel_sync`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Gave, Hold, Oops, Took
from aprt.core.properties import DEADLOCK, HANG, Noted, Property
from aprt.core.system import Context, System
from aprt.explore.explore import explore
from aprt.kernel.held import held
from aprt.kernel.mutex import Mutex
from aprt.kernel.object import Object
from aprt.kernel.rules import RULES
from aprt.kernel.spinlock import Spinlock
from aprt.kernel.timer import Timer, TimerState, timer_daemon
from tests.kernel.callers import A, answer

TIMER = Timer("timer")
IDLE, ARMED = TimerState(), TimerState(armed=True)
RUNNING, AGAIN, OTHER = TimerState(runner="a"), TimerState(armed=True, runner="a"), TimerState(runner="b")
GAVE = Gave("timer")
NOT_MINE = Broken("K2", "a releases timer, which b holds")
P9 = Property("P9", "nothing freed is used", (Noted(),))


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (TIMER.arm(), IDLE, (ARMED, False, ())),
        (TIMER.arm(), RUNNING, (AGAIN, False, ())),
        (TIMER.arm(), ARMED, (ARMED, True, ())),
        (TIMER.cancel(), ARMED, (IDLE, True, ())),
        (TIMER.cancel(), AGAIN, (RUNNING, True, ())),
        (TIMER.cancel(), RUNNING, (RUNNING, False, ())),
        (TIMER.cancel_sync(), ARMED, (IDLE, True, ())),
        (TIMER.cancel_sync(), IDLE, (IDLE, False, ())),
        (TIMER.cancel_sync(), RUNNING, (RUNNING, False, (Oops("K1", "a locks timer, which it already holds"),))),
        (TIMER.fire(), ARMED, (RUNNING, None, (Took(Hold("timer", atomic=True, runs="hardirq")),))),
        (TIMER.finish(), RUNNING, (IDLE, None, (GAVE,))),
        (TIMER.finish(), AGAIN, (ARMED, None, (GAVE,))),
        (TIMER.finish(), OTHER, (OTHER, None, (NOT_MINE,))),
        (TIMER.rearm(), RUNNING, (ARMED, None, (GAVE,))),
        (TIMER.rearm(), OTHER, (OTHER, None, (NOT_MINE,))),
    ],
    ids=str,
)
def test_what_each_message_does(call: Call[object], before: TimerState, expected: object) -> None:
    assert answer(call, before, A) == expected


@pytest.mark.parametrize(
    ("call", "state"),
    [
        (TIMER.fire(), IDLE),
        (TIMER.fire(), TimerState(armed=True, runner="b")),
        (TIMER.cancel_sync(), OTHER),
    ],
    ids=str,
)
def test_what_blocks(call: Call[object], state: TimerState) -> None:
    assert answer(call, state, A) is BLOCK


@attrs.frozen
class DeviceState:
    live: bool = True
    ticks: int = 0


@attrs.frozen(eq=False)
class Device(Object[DeviceState]):
    """What the callback uses and the user frees. It counts to two, so that a timer may tick forever."""

    def initial(self) -> DeviceState:
        return DeviceState()

    @handler(reads="ticks", writes="ticks")
    def tick(self, state: DeviceState, by: Caller) -> Outcome[DeviceState, None]:
        return (state if state.ticks == 2 else attrs.evolve(state, ticks=state.ticks + 1)), None


DEVICE = Device("device")


async def tick_once() -> bool:
    await DEVICE.tick()
    return False


async def tick_on() -> bool:
    await DEVICE.tick()
    return True


def ticking(user: Callable[[], Coroutine[Any, Any, None]], callback: Callable[[], Coroutine[Any, Any, bool]]) -> System:
    contexts = (Context("user", user), Context("timer", lambda: timer_daemon(TIMER, callback), daemon=True))
    return System((TIMER, DEVICE), contexts)


async def arms() -> None:
    await TIMER.arm()


async def tears_down() -> None:
    await TIMER.arm()
    await TIMER.cancel_sync()
    await DEVICE.free()


async def tears_down_hastily() -> None:
    await TIMER.arm()
    await TIMER.cancel()
    await DEVICE.free()


@pytest.mark.parametrize("callback", [tick_once, tick_on])
def test_the_callback_never_runs_after_cancel_sync(callback: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    found = explore(ticking(tears_down, callback), (P9, DEADLOCK, HANG, *RULES), stop_on="all")
    assert (found.findings, found.complete, found.unmerged) == ((), True, ())


def test_a_cancel_that_does_not_wait_lets_the_callback_use_what_was_freed() -> None:
    (finding,) = explore(ticking(tears_down_hastily, tick_once), (P9,)).findings
    assert finding.text == "use after free: tick on freed device"
    assert [str(label) for label in finding.schedule] == [
        "user: timer.arm",
        "timer: timer.fire",
        "user: timer.cancel",
        "user: device.free",
        "timer: device.tick",
    ]


def test_a_timer_that_nobody_stops_has_no_end() -> None:
    assert explore(ticking(arms, tick_once), (HANG,)).findings == ()
    (finding,) = explore(ticking(arms, tick_on), (HANG,)).findings
    assert finding.text.startswith("no end state can be reached")


def test_a_callback_that_sleeps_is_found() -> None:
    mutex = Mutex("mutex")

    async def sleeps() -> bool:
        async with held(mutex):
            return False

    system = ticking(arms, sleeps)
    (finding,) = explore(System((*system.actors, mutex), system.contexts), RULES).findings
    assert (finding.property, finding.text) == (
        "P23",
        "timer may sleep for mutex in atomic context: it holds timer",
    )


def test_cancelling_under_a_spinlock_that_the_callback_takes_is_a_deadlock() -> None:
    spin = Spinlock("spin")

    async def locked_tick() -> bool:
        async with held(spin):
            return False

    async def cancels_locked() -> None:
        await TIMER.arm()
        async with held(spin):
            await TIMER.cancel_sync()

    system = ticking(cancels_locked, locked_tick)
    (finding,) = explore(System((*system.actors, spin), system.contexts), (DEADLOCK,)).findings
    assert finding.text == "user waits for timer.cancel_sync"

"""Running a system once: the short way, for callers that need no stage of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeAlias, assert_never

import trio

from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.listener import Listener
from aprt.core.properties import Property
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.runtime.observer import Watch
from aprt.runtime.pace import Free, Steered
from aprt.runtime.policy import Chaos, Policy, Uniform
from aprt.runtime.stage import Direction, Gated, Stage

Mode: TypeAlias = Literal["gated", "chaos", "free", "steered"]

MAX_STEPS = 10_000


def is_running() -> bool:
    """Whether this thread is in the middle of a trio run."""
    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        return False
    return True


def direction(mode: Mode, seed: int = 0, *, jitter: int = 0) -> Direction:
    """A way to run, for one execution.

    gated: the gate picks any enabled step. chaos: the gate goes by changing priorities. Both repeat with the seed.
    free: trio decides; each request is delayed by up to `jitter` passes of its scheduler. steered: trio decides, but
    contexts of low priority are held back. For these two the seed repeats only the delays and the choices.
    """
    match mode:
        case "gated":
            return Gated(Uniform(seed))
        case "chaos":
            return Gated(Chaos(seed))
        case "free":
            return Free(seed, jitter)
        case "steered":
            return Steered(seed)
        case _:
            assert_never(mode)


async def run_system(
    system: System,
    *,
    mode: Mode = "gated",
    seed: int = 0,
    jitter: int = 0,
    policy: Policy | None = None,
    properties: Sequence[Property] = (),
    max_steps: int | None = MAX_STEPS,
    stop_on_finding: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Execution:
    """One execution on trio tasks of its own, all gone when it returns or is cancelled.

    policy: picks the steps, through the gate, in place of `mode` and `seed`. The rest is as in `direction` and
    `Watch`.
    Raises: as `Stage.run`.
    """
    chosen = direction(mode, seed, jitter=jitter) if policy is None else Gated(policy)
    async with Stage(system) as stage:
        return await stage.run(chosen, Watch(properties, max_steps, stop_on_finding, on_event))


def run(
    system: System,
    *,
    mode: Mode = "gated",
    seed: int = 0,
    jitter: int = 0,
    policy: Policy | None = None,
    properties: Sequence[Property] = (),
    max_steps: int | None = MAX_STEPS,
    stop_on_finding: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Execution:
    """`run_system` in a trio run of its own."""
    return trio.run(
        partial(
            run_system,
            system,
            mode=mode,
            seed=seed,
            jitter=jitter,
            policy=policy,
            properties=properties,
            max_steps=max_steps,
            stop_on_finding=stop_on_finding,
            on_event=on_event,
        )
    )


def replay(
    system: System, schedule: Schedule, properties: Sequence[Property] = (), listeners: Sequence[Listener] = ()
) -> Execution:
    """The execution of that schedule on trio tasks, in a trio run of its own. Raises: as `Stage.replay`."""

    async def once() -> Execution:
        async with Stage(system) as stage:
            return await stage.replay(schedule, Watch(properties, listeners=listeners))

    return trio.run(once)

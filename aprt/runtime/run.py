"""Running a system once: the short way, for callers that need no stage of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal, TypeAlias, assert_never, get_args

import trio

from aprt.core.arguments import check_kind, check_one_of
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.listener import Listener
from aprt.core.properties import Property, listed
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

    Raises: `UserError` for any other.
    """
    check_one_of("mode", mode, get_args(Mode))
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
    properties: Property | Iterable[Property] = (),
    max_steps: int | None = MAX_STEPS,
    stop_on_finding: bool = True,
    on_event: Callable[[Event], None] | None = None,
) -> Execution:
    """One execution on trio tasks of its own, all gone when it returns or is cancelled.

    It ends at the first violation of a property, unless told otherwise.

    policy: picks the steps, through the gate, in place of `mode` and `seed`. The rest is as in `direction` and
    `Watch`.
    Raises: as `Stage.run`; `UserError` for an argument of another kind.
    """
    check_kind("system", system, System, "a System")
    chosen = direction(mode, seed, jitter=jitter) if policy is None else Gated(policy)
    async with Stage(system) as stage:
        return await stage.run(chosen, Watch(listed(properties), max_steps, stop_on_finding, on_event))


def run(
    system: System,
    *,
    mode: Mode = "gated",
    seed: int = 0,
    jitter: int = 0,
    policy: Policy | None = None,
    properties: Property | Iterable[Property] = (),
    max_steps: int | None = MAX_STEPS,
    stop_on_finding: bool = True,
    on_event: Callable[[Event], None] | None = None,
) -> Execution:
    """One execution on trio tasks, in a trio run of its own, up to the first violation of a property.

    mode: "gated" picks any step that is possible, by the seed; "chaos" goes by priorities that change, which shows rare
    races sooner; "free" and "steered" leave it to trio, so that the seed does not repeat it (`direction`).
    max_steps: where to cut it. stop_on_finding: False goes on after a violation. on_event: called with each event.
    Raises: as `run_system`.
    """
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
    system: System,
    schedule: Schedule,
    properties: Property | Iterable[Property] = (),
    listeners: Sequence[Listener] = (),
) -> Execution:
    """The execution of that schedule on trio tasks, in a trio run of its own, from its first step to its last.

    Raises: as `Stage.replay`; `UserError` for an argument of another kind.
    """
    check_kind("system", system, System, "a System")
    check_kind("schedule", schedule, Schedule, "a Schedule, such as finding.schedule")
    watch = Watch(listed(properties), listeners=listeners)

    async def once() -> Execution:
        async with Stage(system) as stage:
            return await stage.replay(schedule, watch)

    return trio.run(once)

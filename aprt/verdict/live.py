"""Running a system live until it breaks something: one stage, one seed after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

import attrs
import trio

from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.core.notes import Oops
from aprt.core.properties import Property
from aprt.core.system import System
from aprt.detect.detection import Detection
from aprt.detect.detectors import Detectors
from aprt.runtime.errors import sole
from aprt.runtime.observer import Watch
from aprt.runtime.run import MAX_STEPS, Mode, direction
from aprt.runtime.stage import Stage

Beside: TypeAlias = Callable[[Stage], Awaitable[object]]

JITTER = 8  # passes of trio's scheduler that a request is held back at most


@attrs.frozen
class Plan:
    """How to run. Executions have the seeds `seed`, `seed + 1`, ...

    The first one with a finding, or that ends in an oops, is the last.
    """

    mode: Mode = "gated"
    seed: int = 0
    runs: int = 1
    jitter: int = 0  # in mode free: passes of trio's scheduler that a request is held back at most
    max_steps: int = MAX_STEPS
    detect: Collection[str] = ()  # the kinds of detectors that listen (`aprt.detect`)


@attrs.frozen
class LiveRun:
    """How a plan ended."""

    execution: Execution  # the last execution of the plan
    seed: int  # of that execution
    runs: int  # executions in all
    stopped: bool  # whether `stop` ended the plan
    detected: tuple[Detection, ...] = ()  # in the last execution; then what only all of them together show

    @property
    def unasked(self) -> tuple[str, ...]:
        """Numbers of the properties at whose violation it ended, where nothing that was asked about is violated."""
        if self.execution.findings or self.execution.ending != "oops":
            return ()
        oopses = (note.property for note in self.execution.events[-1].notes if isinstance(note, Oops))
        return tuple(dict.fromkeys(oopses))


@attrs.frozen
class Hits:
    """How often a way of running broke something."""

    name: str  # of the way of running
    hits: int
    runs: int  # executions that were done
    first: int | None  # number of the execution that was the first hit, from 1
    steps: int
    seconds: float
    stopped: bool = False  # whether `stop` ended the plan before all of its executions were done


def run_live(
    system: System,
    properties: Sequence[Property],
    plan: Plan,
    *,
    on_event: Callable[[Event], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    beside: Beside | None = None,
) -> LiveRun:
    """Run until a finding or an oops, or until the plan is done.

    on_event: called with each event. stop: asked after each event whether to cut the execution and leave.
    beside: a trio task that may look at the stage meanwhile (a live view); it is cancelled at the end.
    """
    return trio.run(_run_live, system, properties, plan, on_event, stop, beside)


def count_hits(
    name: str,
    system: System,
    properties: Sequence[Property],
    plan: Plan,
    stop: Callable[[], bool] = lambda: False,
) -> Hits:
    """Run the whole plan, whatever it finds. stop: asked after each execution whether that is enough."""
    return trio.run(_count_hits, name, system, properties, plan, stop)


async def _run_live(
    system: System,
    properties: Sequence[Property],
    plan: Plan,
    on_event: Callable[[Event], None] | None,
    stop: Callable[[], bool],
    beside: Beside | None,
) -> LiveRun:
    try:
        async with Stage(system) as stage, trio.open_nursery() as nursery:
            stopped = False

            def hear(event: Event) -> None:
                nonlocal stopped
                if on_event is not None:
                    on_event(event)
                if stop():
                    stopped = True
                    stage.stop()

            detectors = Detectors(system, plan.detect)
            if beside is not None:
                nursery.start_soon(beside, stage)
            for i in range(plan.runs):
                way = direction(plan.mode, plan.seed + i, jitter=plan.jitter)
                detectors.begin()
                watch = Watch(properties, plan.max_steps, True, hear, (detectors,) if plan.detect else ())
                execution = await stage.run(way, watch)
                if execution.findings or execution.ending == "oops" or stopped:
                    break
            nursery.cancel_scope.cancel()
            return LiveRun(execution, plan.seed + i, i + 1, stopped, (*detectors.found, *detectors.across))
    except BaseExceptionGroup as group:  # the nursery wraps the one error there is
        error = sole(group)
        raise error from error.__cause__


async def _count_hits(
    name: str, system: System, properties: Sequence[Property], plan: Plan, stop: Callable[[], bool]
) -> Hits:
    hits, steps, done, first = 0, 0, 0, None
    begin = trio.current_time()
    async with Stage(system) as stage:
        while done < plan.runs and not stop():
            way = direction(plan.mode, plan.seed + done, jitter=plan.jitter)
            execution = await stage.run(way, Watch(properties, plan.max_steps, stop_on_finding=True))
            done += 1
            steps += len(execution.events)
            hits += bool(execution.findings)
            first = done if execution.findings and first is None else first
    return Hits(name, hits, done, first, steps, trio.current_time() - begin, stopped=done < plan.runs)

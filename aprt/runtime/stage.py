"""The stage: the trio tasks of a system, kept alive over many executions.

Every actor and every context has a task of its own, and so has the observer. An execution hands each of them a
*part*: a fresh initial state or behaviour, with a fresh mailbox, so that nothing of one execution can reach the
next. When it is over, every part is halted and the tasks wait for the next one. That saves the start of a trio
run and of the tasks, which cost more than a short replay.

The task that asks for an execution directs it: it waits for the observer, and runs the gate if there is one.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TypeAlias

import attrs
import trio

# what trio.testing exports; but that imports pytest, too, where there is one
from trio._core import wait_all_tasks_blocked  # type: ignore[attr-defined]

from aprt.core.errors import ModelError, ReplayMismatch
from aprt.core.execution import Execution
from aprt.core.schedule import Schedule
from aprt.core.system import System
from aprt.runtime.actor import ActorPart
from aprt.runtime.context import Addresses, ContextPart, FreeContext, GatedContext
from aprt.runtime.errors import sole
from aprt.runtime.gate import Gate
from aprt.runtime.ledger import Ledger, Snapshot, Statistics
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import Close, Over, Report, Stalled, ToDirector
from aprt.runtime.observer import UNWATCHED, Breach, ObserverPart, Watch, actor_task
from aprt.runtime.pace import Free, Steered
from aprt.runtime.policy import Follow, Limited, Policy


class Part(Protocol):
    """What a task does in one execution."""

    async def play(self) -> None: ...

    def halt(self) -> None: ...


@attrs.frozen(eq=False)
class Gated:
    """One step at a time, picked by a policy (which belongs to this execution)."""

    policy: Policy


Direction: TypeAlias = Free | Steered | Gated

OBSERVER, WATCHDOG = "observer", "watchdog"


class Stage:
    """The tasks of one system: `async with Stage(system) as stage: execution = await stage.replay(schedule)`.

    cast: how each actor's part is played; a fault is planted by another class (`runtime.faults`).
    One execution at a time. Leaving the block ends all tasks and closes all behaviours; so does cancelling it.
    """

    def __init__(self, system: System, cast: type[ActorPart] = ActorPart) -> None:
        self.system = system
        self._cast = cast
        self._inboxes: dict[str, Mailbox[Part]] = {}
        self._observer: ObserverPart | None = None
        self._busy = False

    async def __aenter__(self) -> Self:
        self._manager = trio.open_nursery()
        self._nursery = await self._manager.__aenter__()
        actors = (actor_task(actor.name) for actor in self.system.actors)
        contexts = (context_task(context.name) for context in self.system.contexts)
        for name in (*actors, *contexts, OBSERVER, WATCHDOG):
            self._inboxes[name] = Mailbox()
            self._nursery.start_soon(_perform, self._inboxes[name], name=name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nursery.cancel_scope.cancel()
        try:
            # the error of the block goes on by itself: in the nursery it would come out wrapped in a group
            await self._manager.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            _, errors = group.split(trio.Cancelled)
            if errors is None:
                raise
            error = sole(errors)
            raise error from error.__cause__

    async def run(self, direction: Direction, watch: Watch = UNWATCHED) -> Execution:
        """One execution, from the initial states. If the driver loses an answer it is `cut`, and `blocked` names
        the context that got none.

        Raises: `ComponentCrash`; what the policy, a property or `on_event` raises; `ModelError` when an execution
        is already going on. After any of these, and when cancelled, the stage is ready for the next.
        """
        if self._busy:
            raise ModelError("a stage performs one execution at a time")
        self._busy = True
        director: Mailbox[ToDirector] = Mailbox()
        self._observer = ObserverPart(self.system, watch, director, gated=isinstance(direction, Gated))
        reports = self._observer.mailbox
        actors = self._actors(reports)
        addresses = {part.actor.name: part.mailbox for part in actors.values()}
        contexts = self._contexts(direction, addresses, reports, director)
        # contexts last: whatever they report, the others are there to hear it
        parts: dict[str, Part] = {OBSERVER: self._observer, WATCHDOG: Watchdog(reports), **actors, **contexts}
        for task, part in parts.items():
            self._inboxes[task].put(part)
        try:
            if isinstance(direction, Gated):
                gate = Gate(self.system, addresses, reports, director)
                policy = direction.policy
                if watch.max_steps is not None:
                    policy = Limited(policy, watch.max_steps)
                return await gate.run(policy, quiet=watch.on_event is None)
            return await _over(director)
        finally:
            for part in parts.values():
                part.halt()
            self._busy = False

    async def replay(self, schedule: Schedule, watch: Watch = UNWATCHED) -> Execution:
        """The execution of that schedule, step by step; `cut` if more could follow.

        Raises: `ReplayMismatch` at the first step that is not enabled, and what `run` raises.
        """
        execution = await self.run(Gated(Follow(schedule)), watch)
        done = len(execution.events)
        if execution.ending == "oops" and done < len(schedule):
            raise ReplayMismatch(done, str(schedule.labels[done]), ())
        return execution

    def stop(self) -> None:
        """Cut the execution that is going on, if there is one; it returns what has happened so far."""
        if self._busy and self._observer is not None:
            self._observer.mailbox.put(Close("cut"))

    def snapshot(self) -> Snapshot:
        """The system after the last recorded step of the current execution, or of the last one."""
        return self._ledger().snapshot()

    def statistics(self) -> Statistics:
        """The counts of the current execution, or of the last one."""
        return self._ledger().statistics()

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Where the driver broke its own rules in the last execution; empty, unless a fault was planted."""
        return () if self._observer is None else tuple(self._observer.breaches)

    def _ledger(self) -> Ledger:
        return Ledger(self.system) if self._observer is None else self._observer.ledger

    def _actors(self, reports: Mailbox[Report]) -> dict[str, ActorPart]:
        states = self.system.initial()
        return {actor_task(a.name): self._cast(a, states[a.name], reports) for a in self.system.actors}

    def _contexts(
        self, direction: Direction, actors: Addresses, reports: Mailbox[Report], director: Mailbox[ToDirector]
    ) -> dict[str, ContextPart]:
        contexts = self.system.contexts
        parts: list[ContextPart]
        if isinstance(direction, Gated):
            parts = [GatedContext(context, actors, reports, director) for context in contexts]
        else:
            paces = direction.paces([context.name for context in contexts])
            parts = [FreeContext(context, actors, reports, paces[context.name]) for context in contexts]
        return {context_task(part.name): part for part in parts}


class Watchdog:
    """Tells the observer when no task at all can go on, although the execution is not over."""

    def __init__(self, reports: Mailbox[Report]) -> None:
        self._reports, self._scope = reports, trio.CancelScope()

    async def play(self) -> None:
        with self._scope:
            await wait_all_tasks_blocked()
            self._reports.put(Stalled())

    def halt(self) -> None:
        self._scope.cancel()


def context_task(context: str) -> str:
    """The name of a context's trio task."""
    return f"context {context}"


async def _perform(parts: Mailbox[Part]) -> None:
    while True:
        part = await parts.get()
        await part.play()


async def _over(director: Mailbox[ToDirector]) -> Execution:
    message = await director.get()
    assert isinstance(message, Over)
    return message.execution()

"""One execution of a system, step by step, on live coroutines: nothing is looked up in tables.

It does plainly what the searches do fast. Replays use it, and tests hold the searches to it.
"""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Any

from aprt.core import step
from aprt.core.caller import Caller
from aprt.core.chain import Place, await_places
from aprt.core.effects import Call, Choose
from aprt.core.errors import ReplayMismatch
from aprt.core.events import Event
from aprt.core.execution import Blocked, Ending, Execution
from aprt.core.listener import Listener
from aprt.core.monitor import Monitor
from aprt.core.properties import Property
from aprt.core.schedule import Label
from aprt.core.step import Ask, Step
from aprt.core.system import System
from aprt.explore.learned.thread import Thread


class Stepper:
    """A system that starts in its initial state. states: by actor. callers: by context, what it holds.

    listeners: hear of each step. Use it in a `with` statement, which ends by dropping the behaviours that are not done.
    """

    def __init__(
        self, system: System, properties: tuple[Property, ...] = (), listeners: tuple[Listener, ...] = ()
    ) -> None:
        self.system = system
        self.states: dict[str, Any] = system.initial()
        self.callers = {context.name: Caller(context.name) for context in system.contexts}
        self.events: list[Event] = []
        self._actors = {actor.name: actor for actor in system.actors}
        self._threads = {context.name: Thread(context, self._actors) for context in system.contexts}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._monitor = Monitor(system, properties)
        self._listeners: tuple[Listener, ...] = (self._monitor, *listeners)
        self._oops = False
        for context in system.contexts:
            self._ask(context.name)

    def __enter__(self) -> Stepper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for thread in self._threads.values():
            thread.drop()

    def options(self, context: str) -> tuple[str, ...]:
        """The operations that `context` can do now: none when it blocks or is done, several for a choice."""
        return tuple(self._steps(context))

    def enabled(self) -> tuple[Label, ...]:
        """The labels of all steps that are possible now, contexts in order."""
        return tuple(
            Label(context.name, op, self._seen[context.name, op] + 1)
            for context in self.system.contexts
            for op in self.options(context.name)
        )

    def offers(self, label: Label) -> bool:
        """Whether the step with that label is possible now."""
        context, op = label.context, label.op
        return context in self._threads and label.nth == self._seen[context, op] + 1 and op in self._steps(context)

    def step(self, context: str, op: str) -> None:
        """Do one of the possible steps; its event is then the last of `events`.

        Raises: `ReplayMismatch` when it is not possible.
        """
        done = self._steps(context).get(op)
        if done is None:
            raise ReplayMismatch(len(self.events), f"{context}: {op}", tuple(map(str, self.enabled())))
        self._seen[context, op] += 1
        event = done.at(len(self.events), self._seen[context, op])
        self.events.append(event)
        if event.actor is not None:
            self.states[event.actor] = event.state
        self.callers[context] = done.caller
        self._oops = done.oops
        if not done.oops:
            self._threads[context].resume(event.reply)
        for listener in self._listeners:
            listener.feed(event)
        if not done.oops:
            self._ask(context)

    def waiting(self) -> Blocked:
        """The contexts that are not done, daemons left out, each with its pending operation."""
        pending = ((c.name, self._threads[c.name].effect) for c in self.system.contexts if not c.daemon)
        return tuple((name, str(effect)) for name, effect in pending if effect is not None)

    def asks(self) -> dict[str, Ask]:
        """The calls that are pending, by context."""
        asked = ((context.name, self._asked(context.name)) for context in self.system.contexts)
        return {name: ask for name, ask in asked if ask is not None}

    def places(self, context: str) -> tuple[Place, ...]:
        """Where in its functions `context` is, outermost first: nowhere when it is done."""
        return await_places(self._threads[context].behaviour)

    def ending(self) -> Ending:
        """How the execution ended; `cut` when it can go on."""
        if self._oops:
            return "oops"
        if self.enabled():
            return "cut"
        return "deadlock" if self.waiting() else "end"

    def execution(self) -> Execution:
        """What this execution was; it is over with that."""
        ending = self.ending()
        blocked = self.waiting() if ending == "deadlock" else ()
        for listener in self._listeners:
            listener.finish(ending, blocked)
        return Execution(tuple(self.events), ending, self._monitor.findings, blocked)

    def _ask(self, context: str) -> None:
        ask = self._asked(context)
        if ask is None:
            return
        for listener in self._listeners:
            listener.ask(ask)

    def _asked(self, context: str) -> Ask | None:
        thread = self._threads[context]
        return Ask(self.callers[context], thread.effect, thread.chain) if isinstance(thread.effect, Call) else None

    def _steps(self, context: str) -> dict[str, Step]:
        """What `context` can do now, by operation."""
        if self._oops:
            return {}
        thread, by = self._threads[context], self.callers[context]
        match thread.effect:
            case Call() as effect:
                actor = self._actors[effect.actor.name]
                done = step.call(actor, self.states[actor.name], effect, by, thread.chain)
                return {} if done is None else {done.event.label.op: done}
            case Choose() as effect:
                steps = [step.choice(effect, option, by, thread.chain) for option in effect.options]
                return {done.event.label.op: done for done in steps}
            case _:
                return {}

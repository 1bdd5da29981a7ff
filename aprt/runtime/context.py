"""One context on stage: the task that steps a behaviour and gets its effects performed by messages.

A free context sends its requests itself, after the delay that its pace asks for, and draws its choices. A gated one
offers every effect to the gate and waits; the gate forwards it when it is picked, or grants the context a number of
steps, which it then does by itself.
"""

from __future__ import annotations

import abc
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import trio

from aprt.core.caller import Caller
from aprt.core.chain import await_chain
from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError
from aprt.core.foreign import check_returned, foreign
from aprt.core.schedule import Label
from aprt.core.step import Ask
from aprt.core.system import Behaviour, Context, operation
from aprt.runtime.errors import ComponentCrash
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import (
    Able,
    Answer,
    Asked,
    Attempt,
    Chose,
    Crashed,
    Finished,
    Go,
    Halt,
    Offer,
    Report,
    Request,
    ToActor,
    ToContext,
    ToDirector,
)
from aprt.runtime.pace import Pace

Addresses = Mapping[str, Mailbox[ToActor]]

_UNWINDING = 1_000  # awaits that an abandoned behaviour may try in its clean-up code


class _Halted(Exception):
    """Unwinds a part whose execution is over."""


class ContextPart(abc.ABC):
    """The part that one context plays in one execution."""

    def __init__(self, context: Context, actors: Addresses, reports: Mailbox[Report]) -> None:
        self.context, self.name = context, context.name
        self.actors, self.reports = actors, reports
        self.caller = Caller(context.name)
        self.mailbox: Mailbox[ToContext] = Mailbox()
        self._times: Counter[str] = Counter()
        self._doing = "its start"

    async def play(self) -> None:
        """Run the behaviour to its end, or until halted; it is closed either way."""
        try:
            behaviour = self._start()
            try:
                await self._run(behaviour)
            finally:
                _abandon(self.name, behaviour)
        except ComponentCrash as crash:
            self.reports.put(Crashed(crash))
        except _Halted:
            pass

    def halt(self) -> None:
        self.mailbox.put(Halt())

    @abc.abstractmethod
    async def ask(self, request: Request) -> Answer:
        """Get the request to its actor, and the answer."""

    @abc.abstractmethod
    async def choose(self, labels: tuple[Label, ...]) -> int:
        """The index of the option that the environment takes."""

    def finished(self) -> None:
        self.reports.put(Finished(self.name))

    async def receive(self) -> Answer | Go | Able:
        message = await self.mailbox.get()
        if isinstance(message, Halt):
            raise _Halted
        return message

    async def _run(self, behaviour: Behaviour) -> None:
        answer = None
        while (effect := self._resume(behaviour, answer)) is not None:
            if isinstance(effect, Call):
                answer = await self._call(effect, await_chain(behaviour))
            else:
                answer = await self._choice(effect, await_chain(behaviour))
        self.finished()

    async def _call(self, call: Call[Any], chain: tuple[str, ...]) -> Any:
        self._doing = str(call)
        if call.actor.name not in self.actors:
            wrong = ModelError(f"{self.name} does {call}, but the system has no {call.actor.name}")
            raise self._crash(wrong) from wrong
        request = Request(call, self._label(self._doing), self.caller, chain, self.mailbox)
        self._times[self._doing] += 1
        answer = await self.ask(request)
        if answer.notes:
            self.caller = self.caller.after(answer.notes)
        return answer.reply

    async def _choice(self, choice: Choose[Any], chain: tuple[str, ...]) -> Any:
        labels = tuple(self._label(operation(choice, option)) for option in choice.options)
        self._doing = str(choice)
        index = await self.choose(labels)
        self._times[labels[index].op] += 1
        self.reports.put(Chose(labels[index], choice.options[index], self.caller, chain))
        return choice.options[index]

    def _label(self, op: str) -> Label:
        return Label(self.name, op, self._times[op] + 1)

    def _start(self) -> Behaviour:
        try:
            return self.context.behaviour()
        except Exception as error:
            raise self._crash(error) from error

    def _resume(self, behaviour: Behaviour, answer: Any) -> Call[Any] | Choose[Any] | None:
        try:
            effect: Effect[Any] = behaviour.send(answer)
        except StopIteration as end:
            self._check_returned(end.value)
            return None
        except (Exception, SystemExit) as error:
            raise self._crash(error) from error
        if not isinstance(effect, Call | Choose):
            wrong = foreign(self.name, behaviour, effect)
            raise self._crash(wrong) from wrong
        return effect

    def _check_returned(self, returned: object) -> None:
        try:
            check_returned(self.name, returned)
        except ModelError as error:
            raise self._crash(error) from error

    def _crash(self, error: BaseException) -> ComponentCrash:
        return ComponentCrash(self.name, self.caller, (), self._doing, error)


class FreeContext(ContextPart):
    """Goes as trio lets it."""

    def __init__(self, context: Context, actors: Addresses, reports: Mailbox[Report], pace: Pace) -> None:
        super().__init__(context, actors, reports)
        self.pace = pace

    async def ask(self, request: Request) -> Answer:
        for _ in range(self.pace.delay()):
            await trio.lowlevel.checkpoint()
        actor = request.call.actor.name
        self.reports.put_nowake(_asked(request))
        self.actors[actor].put(request)
        answer = await self.receive()
        assert isinstance(answer, Answer)
        return answer

    async def choose(self, labels: tuple[Label, ...]) -> int:
        # a behaviour that does nothing but choose must let the others run
        await trio.lowlevel.checkpoint()
        if self.mailbox.queue:
            await self.receive()
        return self.pace.choice(len(labels))


class GatedContext(ContextPart):
    """Parks before each effect until the gate lets it go, unless the step was granted before."""

    def __init__(
        self, context: Context, actors: Addresses, reports: Mailbox[Report], gate: Mailbox[ToDirector]
    ) -> None:
        super().__init__(context, actors, reports)
        self.gate = gate
        self._granted: deque[Label] = deque()  # the next steps, if it may do them by itself

    async def ask(self, request: Request) -> Answer:
        actor, label = request.call.actor.name, request.label
        self.reports.put_nowake(_asked(request))
        granted = self._is_granted((label,))
        while True:
            if granted:
                self.actors[actor].put(Attempt(request, self.mailbox, watched=False))
            else:
                self._park((label,), request)
            match await self.receive():
                case Answer() as answer:
                    if granted:
                        self._granted.popleft()
                    return answer
                case Go(labels):
                    self._granted, granted = deque(labels), True
                case Able():
                    granted = False

    async def choose(self, labels: tuple[Label, ...]) -> int:
        self.reports.put_nowake(Asked(self.name, self._doing, None))
        if not self._is_granted(labels):
            self._park(labels, None)
            go = await self.receive()
            assert isinstance(go, Go)
            self._granted = deque(go.labels)
        return labels.index(self._granted.popleft())

    def finished(self) -> None:
        super().finished()
        self.gate.put(Finished(self.name, len(self._granted)))

    def _is_granted(self, labels: tuple[Label, ...]) -> bool:
        """Whether the next step that it may do by itself is one of these."""
        return bool(self._granted) and self._granted[0] in labels

    def _park(self, labels: tuple[Label, ...], request: Request | None) -> None:
        self.gate.put(Offer(self.name, labels, request, self.mailbox, len(self._granted)))
        self._granted.clear()


def _asked(request: Request) -> Asked:
    return Asked(request.caller.context, request.label.op, Ask(request.caller, request.call, request.chain))


def _abandon(name: str, behaviour: Behaviour) -> None:
    # clean-up code may await: such effects are steps of no execution, so it is told again and again to go
    for _ in range(_UNWINDING):
        try:
            behaviour.close()
            return
        except Exception:
            continue
    raise ModelError(f"{name} cannot be stopped: it goes on after GeneratorExit")

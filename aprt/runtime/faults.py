"""Planted faults: ways in which a driver can be wrong, each of which a comparison must report.

fifo            an actor takes the newest message first. Shows: the observer saw an older one arrive (`Breach`).
stray           a handler runs in the task of the sender. Shows: the observer is told which task ran it (`Breach`).
dropped_reply   an actor loses its first reply. Shows: no task can go on; `cut`, and `blocked` names the context.
double_grant    a request that blocks is performed as if its actor were untouched. Shows: the log of a free
                execution is none of the model; through the gate, what should be a deadlock goes on.

A gate puts one message at a time into a mailbox, so `fifo` needs a free execution with two requests on their way to
one actor. Any order of those is a legal log, hence arrival itself has to be checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aprt.core.actor import BLOCK, Actor, Block, Done
from aprt.runtime.actor import ActorPart
from aprt.runtime.mailbox import Mailbox, T
from aprt.runtime.messages import Answer, Attempt, Report, Request, ToActor


class _Stack(Mailbox[T]):
    async def get(self) -> T:
        message = await super().get()
        self.queue.appendleft(message)
        return self.queue.pop()


class NewestFirst(ActorPart):
    """`fifo`."""

    def __init__(self, actor: Actor[Any], state: Any, reports: Mailbox[Report]) -> None:
        super().__init__(actor, state, reports)
        self.mailbox = _Stack()


class _Shortcut(Mailbox[ToActor]):
    def __init__(self, part: ActorPart) -> None:
        super().__init__()
        self._part = part

    def put(self, message: ToActor) -> None:
        if isinstance(message, Request | Attempt):
            self._part.serve(message)
        else:
            super().put(message)


class Stray(ActorPart):
    """`stray`."""

    def __init__(self, actor: Actor[Any], state: Any, reports: Mailbox[Report]) -> None:
        super().__init__(actor, state, reports)
        self.mailbox = _Shortcut(self)


class LosesReply(ActorPart):
    """`dropped_reply`."""

    _lost = False

    def answer(self, request: Request, answer: Answer) -> None:
        if self._lost:
            super().answer(request, answer)
        self._lost = True


class GrantsTwice(ActorPart):
    """`double_grant`."""

    def handle(self, request: Request) -> Done[Any] | Literal[Block.BLOCK]:
        outcome = super().handle(request)
        return (
            outcome if outcome is not BLOCK else self.actor.handle(self.actor.initial(), request.call, request.caller)
        )


FAULTS: Mapping[str, type[ActorPart]] = {
    "fifo": NewestFirst,
    "stray": Stray,
    "dropped_reply": LosesReply,
    "double_grant": GrantsTwice,
}

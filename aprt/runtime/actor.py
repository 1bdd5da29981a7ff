"""One actor on stage: the task that owns its state and runs its handlers, one message at a time.

A request that BLOCKs stays here, and is tried again, in order of arrival, as soon as the state has changed: in the
same breath, so that nobody ever sees a request waiting that could run.
"""

from __future__ import annotations

from typing import Any, Literal

import trio

from aprt.core.actor import BLOCK, Actor, Block, Done
from aprt.core.notes import Oops
from aprt.runtime.errors import ComponentCrash
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import (
    Able,
    Answer,
    Attempt,
    Crashed,
    Halt,
    Handled,
    Probe,
    Report,
    Request,
    ToActor,
    Waits,
)


class ActorPart:
    """The part that one actor plays in one execution."""

    def __init__(self, actor: Actor[Any], state: Any, reports: Mailbox[Report]) -> None:
        self.actor = actor
        self.mailbox: Mailbox[ToActor] = Mailbox()
        self._state = state
        self._waiting: list[Request] = []
        self._reports = reports

    async def play(self) -> None:
        """Serve until halted."""
        while not isinstance(message := await self.mailbox.get(), Halt):
            self.serve(message)

    def halt(self) -> None:
        self.mailbox.put(Halt())

    def serve(self, message: Request | Probe | Attempt) -> None:
        """Handle one message, and then whatever waited for the change that it made."""
        try:
            match message:
                case Probe(request, answers):
                    answers.put(Able(request.label.context, self._outcome(request) is not BLOCK))
                case Attempt(request, answers, watched):
                    if not self._perform(request, watched):
                        answers.put(Able(request.label.context, False))
                case Request():
                    self._accept(message)
        except ComponentCrash as crash:
            self._reports.put(Crashed(crash))

    def _accept(self, request: Request) -> None:
        before = self._state
        if not self._perform(request):
            self._waiting.append(request)
            self._reports.put(Waits(request.label.context))
        elif self._state is not before:
            self._retry()

    def _retry(self) -> None:
        # each success may enable an older request, so the search starts over
        while (done := next((r for r in self._waiting if self._perform(r)), None)) is not None:
            self._waiting.remove(done)

    def _perform(self, request: Request, watched: bool = True) -> bool:
        outcome = self._outcome(request)
        if outcome is BLOCK:
            return False
        after, reply, notes = outcome
        changed = after is not self._state
        self._state = after
        task = trio.lowlevel.current_task().name
        # after an oops nothing goes on, so its context never gets an answer
        oops = any(isinstance(note, Oops) for note in notes)
        tell = self._reports.put if watched or oops else self._reports.put_nowake
        tell(Handled(request, reply, notes, after, changed, task))
        if not oops:
            self.answer(request, Answer(reply, notes))
        return True

    def answer(self, request: Request, answer: Answer) -> None:
        request.answers.put(answer)

    def _outcome(self, request: Request) -> Done[Any] | Literal[Block.BLOCK]:
        try:
            return self.handle(request)
        except Exception as error:
            queued = (m for m in self.mailbox.queue if isinstance(m, Request))
            mailbox = tuple(str(r.label) for r in (*self._waiting, *queued))
            raise ComponentCrash(self.actor.name, self._state, mailbox, str(request.label), error) from error

    def handle(self, request: Request) -> Done[Any] | Literal[Block.BLOCK]:
        return self.actor.handle(self._state, request.call, request.caller)

"""The gate: lets one context through at a time, picked by a policy.

Contexts park at the gate before each effect. When all are parked or finished, the gate asks the actors which of the
parked requests could run now: a probe, answered by the actor's own task. The policy picks among those; the gate
forwards that one and waits until its context is parked again.

An answer to a probe stays valid until that actor's state changes, so a step asks again only for the requests that
lie before the actor it went to. A policy that knows its next steps is not asked at all: the context is granted as many
of them as are its own, and comes back when they are done, or one of them cannot be. That makes a replay more than
twice as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from aprt.core.errors import ModelError
from aprt.core.execution import Ending, Execution
from aprt.core.schedule import Label
from aprt.core.system import System
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import (
    Able,
    Attempt,
    Close,
    Finished,
    Go,
    Offer,
    Over,
    Probe,
    Ready,
    Report,
    ToActor,
    ToDirector,
    Waits,
)
from aprt.runtime.policy import Policy


class Gate:
    """The gate of one execution. mailbox: where contexts, actors and the observer answer."""

    def __init__(
        self,
        system: System,
        actors: Mapping[str, Mailbox[ToActor]],
        reports: Mailbox[Report],
        mailbox: Mailbox[ToDirector],
    ) -> None:
        self._system, self._actors, self._reports, self._mailbox = system, actors, reports, mailbox
        self._offers: dict[str, Offer] = {}
        self._able: dict[str, bool] = {}  # context -> the answer to its probe, while that is valid
        self._finished = 0
        self._left = 0  # steps that the last context came back without
        self._over: Execution | None = None

    async def run(self, policy: Policy, *, quiet: bool = False) -> Execution:
        """Let the policy pick until it stops, nothing can move, or the observer says that it is over.

        quiet: nobody looks at each step, or at who waits: grant several steps at once where the policy knows them.
        Raises: whatever the policy raises, `ComponentCrash`, or what a property or the `on_event` function raises.
        """
        step = 0
        await self._until(self._parked)
        while self._over is None:
            done = await self._follow(policy.expected(step)) if quiet else 0
            if not done:
                await self._pick(policy, step)
            step += done or 1
        return self._over

    async def _follow(self, labels: tuple[Label, ...]) -> int:
        """Grant a context these steps, and wait until it is parked again. How many it did."""
        offer = self._offers.get(labels[0].context) if labels else None
        if offer is None or labels[0] not in offer.labels:
            return 0
        self._able.clear()  # what it will change is not looked at
        del self._offers[offer.context]
        offer.answers.put(Go(labels))
        await self._until(self._parked)
        return len(labels) - self._left

    async def _pick(self, policy: Policy, step: int) -> None:
        self._probe()
        await self._until(lambda: len(self._able) == len(self._offers))
        if self._over is not None:
            return
        enabled = self._enabled()
        label = policy.pick(enabled, step)
        if label is None:
            self._reports.put(Close(self._ending(enabled)))
            await self._until(lambda: False)  # the observer answers with Over
        elif label not in enabled:
            raise ModelError(f"the policy picked {label}, which is not enabled")
        else:
            await self._let(label)

    async def _let(self, label: Label) -> None:
        """Let that step go, which is enabled, and wait until its context is parked again."""
        offer = self._offers.pop(label.context)
        del self._able[label.context]
        if offer.request is not None:
            actor = offer.request.call.actor.name
            self._actors[actor].put(Attempt(offer.request, self._mailbox, watched=True))
            self._forget(actor)
        else:
            offer.answers.put(Go((label,)))
        await self._until(self._parked)

    def _parked(self) -> bool:
        return len(self._offers) + self._finished == len(self._system.contexts)

    async def _until(self, reached: Callable[[], bool]) -> None:
        while self._over is None and not reached():
            self._take(await self._mailbox.get())

    def _take(self, message: ToDirector) -> None:
        match message:
            case Offer():
                self._offers[message.context], self._left = message, message.left
            case Able(context, able):
                self._able[context] = able
                self._reports.put(Ready(context) if able else Waits(context))
            case Finished(_, left):
                self._finished += 1
                self._left = left
            case Over():
                self._over = message.execution()
            case _:
                assert_never(message)

    def _probe(self) -> None:
        for context, offer in self._offers.items():
            if offer.request is None:
                self._able[context] = True
            elif context not in self._able:
                self._actors[offer.request.call.actor.name].put(Probe(offer.request, self._mailbox))

    def _forget(self, actor: str) -> None:
        for context, offer in self._offers.items():
            if offer.request is not None and offer.request.call.actor.name == actor:
                self._able.pop(context, None)

    def _enabled(self) -> list[Label]:
        """In the order of the system's contexts."""
        able = (context.name for context in self._system.contexts if self._able.get(context.name))
        return [label for name in able for label in self._offers[name].labels]

    def _ending(self, enabled: Sequence[Label]) -> Ending:
        if enabled:
            return "cut"
        unfinished = any(not self._system.context(name).daemon for name in self._offers)
        return "deadlock" if unfinished else "end"

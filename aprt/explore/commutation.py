"""Holds handlers to what they declare: two messages that are said to commute are tried in both orders.

A message is tried with every other that is possible in the same state of the actor, by another context. Both are pure
calls of handlers, so each pair is looked at once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from aprt.core import step
from aprt.core.effects import Call
from aprt.core.errors import ModelError
from aprt.core.step import Step
from aprt.core.system import System
from aprt.explore.independence import StepInfo, Use


class Commutation:
    """What was seen of a system's handlers so far."""

    def __init__(self, system: System) -> None:
        self._actors = {actor.name: actor for actor in system.actors}
        self._met: defaultdict[tuple[str, Any], list[tuple[Step, Use]]] = defaultdict(list)

    def meet(self, before: Any, done: Step, info: StepInfo) -> None:
        """A step is possible when its actor's state is `before`; info: what independence makes of it.

        Raises: `ModelError` when it does not commute with another one although both declare that it does.
        """
        if info.actor is None or not info.uses[0].commutes or not info.changed:
            return
        use = info.uses[0]
        met = self._met[info.actor, before]
        for other, used in met:
            if other.event.context != info.context and not use.meets(used):
                self._try(before, done, other)
        met.append((done, use))

    def _try(self, before: Any, one: Step, other: Step) -> None:
        first, second = self._then(one, other), self._then(other, one)
        if first is None or second is None:
            why = "one makes the other block"
        elif not (_same(first, other) and _same(second, one)):
            why = "their order shows in a reply, a note or in whether the state changed"
        elif first.event.state != second.event.state:
            why = "their order shows in the state"
        else:
            return
        a, b = one.event, other.event
        raise ModelError(
            f"{a.label.op} by {a.context} and {b.label.op} by {b.context} are declared to commute, "
            f"but {why} when {a.actor} is {before!r}"
        )

    def _then(self, first: Step, second: Step) -> Step | None:
        """The second step, after the first."""
        event, actor = second.event, self._actors[str(second.event.actor)]
        return step.call(actor, first.event.state, Call(actor, event.op, event.args), event.caller, event.chain)


def _same(done: Step, alone: Step) -> bool:
    """Whether a step did the same as when it came alone."""
    a, b = done.event, alone.event
    return (a.reply, a.notes, a.changed) == (b.reply, b.notes, b.changed)

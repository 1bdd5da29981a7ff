"""Checks what handlers declare: two messages that are said to commute are tried in the other order, too."""

from __future__ import annotations

from typing import Any

from aprt.core import step
from aprt.core.effects import Call
from aprt.core.errors import ModelError
from aprt.core.step import Step
from aprt.core.system import System


class Commutation:
    """Tries pairs of steps of a system. Pure calls of handlers, so once for each pair is enough."""

    def __init__(self, system: System) -> None:
        self._actors = {actor.name: actor for actor in system.actors}

    def check(self, before: Any, one: Step, other: Step) -> None:
        """Check two steps that are declared to commute: `one`, when its actor is `before`, and `other` after it.

        Raises: `ModelError` if the other order shows in a reply, a note, the state, or in that one of them blocks.
        """
        first = self._again(before, other)
        second = None if first is None else self._again(first.event.state, one)
        if first is None or second is None:
            why = "one makes the other block, or not"
        elif not (_same(first, other) and _same(second, one)):
            why = "their order shows in a reply, a note or in whether the state changed"
        elif second.event.state != other.event.state:
            why = "their order shows in the state"
        else:
            return
        a, b = one.event, other.event
        raise ModelError(
            f"{a.label.op} by {a.context} and {b.label.op} by {b.context} are declared to commute, "
            f"but {why}, when {a.actor} is {before!r}"
        )

    def _again(self, state: Any, done: Step) -> Step | None:
        """The same message, sent to the actor in another state."""
        event, actor = done.event, self._actors[str(done.event.actor)]
        return step.call(actor, state, Call(actor, event.op, event.args), event.caller, event.chain)


def _same(done: Step, before: Step) -> bool:
    a, b = done.event, before.event
    return (a.reply, a.notes, a.changed) == (b.reply, b.notes, b.changed)

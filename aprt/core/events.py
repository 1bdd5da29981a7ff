"""Events: what happened in one step. Both drivers emit exactly these, so their logs can be compared."""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.caller import Caller
from aprt.core.notes import Broken, Note, Oops
from aprt.core.schedule import Label


@attrs.frozen
class Event:
    """One step of one execution.

    index: from 0. actor: the actor that handled it, None for a choice. state: that actor's state afterwards.
    changed: whether that is another object than before; a store of an equal value is a change.
    caller: what the context held *before* the step.
    chain: the behaviours being run, outermost first, by function name.
    """

    index: int
    label: Label
    actor: str | None
    args: tuple[Any, ...]
    reply: Any
    notes: tuple[Note, ...]
    state: Any
    changed: bool
    caller: Caller
    chain: tuple[str, ...]

    @property
    def context(self) -> str:
        return self.label.context

    @property
    def op(self) -> str:
        """The message without its actor, or the whole text of a choice."""
        return self.label.op if self.actor is None else self.label.op.removeprefix(f"{self.actor}.")

    @property
    def broken(self) -> tuple[Broken | Oops, ...]:
        """The violations that the handler itself saw."""
        return tuple(note for note in self.notes if isinstance(note, Broken | Oops))

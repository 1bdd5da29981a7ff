"""One step, as every driver takes it: a handler run on its actor's state, or a choice made. Pure."""

from __future__ import annotations

from typing import Any

import attrs

from aprt.core.actor import BLOCK, Actor, Done
from aprt.core.caller import Caller
from aprt.core.effects import Call, Choose
from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.notes import Note, Oops
from aprt.core.schedule import Label
from aprt.core.system import operation


@attrs.frozen
class Step:
    """What one step did. caller: the context afterwards. The event's place in an execution is for the driver
    to fill in: its `index` is -1 and its label's `nth` 1."""

    event: Event
    caller: Caller

    @property
    def oops(self) -> bool:
        """Whether the execution ends here."""
        return bool(self.event.notes) and any(isinstance(note, Oops) for note in self.event.notes)

    def at(self, index: int, nth: int) -> Event:
        """The event of this step as number `index` of an execution, the `nth` of its kind."""
        return attrs.evolve(self.event, index=index, label=attrs.evolve(self.event.label, nth=nth))


@attrs.frozen
class Ask:
    """A call that a context has made, whether or not it can be handled yet. by: the context, with what it holds."""

    by: Caller
    call: Call[Any]
    chain: tuple[str, ...]


def call(actor: Actor[Any], state: Any, effect: Call[Any], by: Caller, chain: tuple[str, ...]) -> Step | None:
    """Context `by` sends `effect` to `actor` in `state`; None when that blocks.

    Raises: `ModelError` that names the context and the operation when the handler raises.
    """
    outcome = perform(actor, state, effect, by)
    return None if outcome is None else called(actor, state, effect, by, chain, outcome)


def perform(actor: Actor[Any], state: Any, effect: Call[Any], by: Caller) -> Done[Any] | None:
    """What the handler answers; None when it blocks. Raises: as `call` does."""
    try:
        outcome = actor.handle(state, effect, by)
    except ModelError:  # says itself what and where
        raise
    except Exception as error:
        raise ModelError(f"{by.context}: {effect} raised {error!r} in state {state!r}") from error
    return None if outcome is BLOCK else outcome


def called(
    actor: Actor[Any], state: Any, effect: Call[Any], by: Caller, chain: tuple[str, ...], done: Done[Any]
) -> Step:
    """The step in which the handler answers `done`."""
    after, reply, notes = done
    label = Label(by.context, operation(effect))
    event = Event(-1, label, actor.name, effect.args, reply, notes, after, after is not state, by, chain)
    return Step(event, by.after(notes))


def choice(effect: Choose[Any], option: Any, by: Caller, chain: tuple[str, ...]) -> Step:
    """The environment picks `option` for context `by`: the reply of an event that has no actor, args or state."""
    notes: tuple[Note, ...] = ()
    label = Label(by.context, operation(effect, option))
    return Step(Event(-1, label, None, (), option, notes, None, False, by, chain), by)

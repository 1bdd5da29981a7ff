"""What handlers declare, held against the actor that has them and against what they do.

A search relies on declarations without looking again, so a mistake in one is an error, never a finding: all checks
here raise `ModelError`, which names actor and handler and says what to do.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from aprt.core.errors import ModelError

if TYPE_CHECKING:
    from aprt.core.actor import Actor, Done, Handler


def check_declared(actor: Actor[Any], state: object) -> None:
    """Refuse a handler that declares a field which `state` lacks, or a lock or a bound which the actor lacks."""
    kind: Any = type(state)
    fields = frozenset(field_names(kind) or ())
    for found in map(actor.handler, actor.messages()):
        where = place(actor, found)
        for name in sorted(found.fields - fields):
            known = ", ".join(sorted(fields)) or "none"
            raise ModelError(
                f"{where} declares that it reads or writes {name!r}, which {kind.__name__} does not "
                f"have (its fields: {known}; '*' is the whole state)"
            )
        for name in found.guarding:
            if not hasattr(actor, name):
                raise ModelError(
                    f"{where} declares guarded_by={name!r}, which the actor does not have; "
                    "name an attribute that holds the lock's actor, or None"
                )
        if found.room is not None and not hasattr(actor, found.room):
            raise ModelError(f"{where} declares room={found.room!r}, which the actor does not have; name one")


def outcome_parts(actor: Actor[Any], found: Handler[Any, ..., Any], outcome: Any) -> Done[Any]:
    """State, reply and notes of what a handler returned that did not block. Refuse what is no outcome."""
    if isinstance(outcome, tuple):
        if len(outcome) == 2:
            return *outcome, ()
        if len(outcome) == 3 and isinstance(outcome[2], tuple):
            return outcome
    what = "(state, reply), (state, reply, notes) or BLOCK"
    raise ModelError(f"{place(actor, found)} returned {outcome!r}; a handler returns {what}")


def check_change(actor: Actor[Any], found: Handler[Any, ..., Any], before: object, after: object) -> None:
    """Refuse a change of the state that the handler does not declare."""
    changed = changed_fields(before, after)
    if not changed <= found.writes and "*" not in found.writes:
        fields = ", ".join(sorted(changed - found.writes))
        raise ModelError(f"{place(actor, found)} changed {fields}, which it does not declare; add that to its writes")
    if found.queue is not None:
        _check_queue(actor, found, getattr(before, found.queue), getattr(after, found.queue), changed)


def _check_queue(actor: Actor[Any], found: Handler[Any, ..., Any], was: Any, now: Any, changed: frozenset[str]) -> None:
    if found.puts is not None:
        room = actor.room(found)
        moved = now[:-1] == was and len(now) > len(was) and (room is None or len(was) < room)
    else:
        moved = now == was[1:] and len(now) < len(was)
    if not moved or changed != {found.queue}:
        does = "puts one item into" if found.puts is not None else "takes one item from"
        raise ModelError(f"{actor.name}.{found.op} declares that it {does} {found.queue}, and did something else")


def check_waiting(actor: Actor[Any], found: Handler[Any, ..., Any], state: object) -> None:
    """Refuse a put that blocks although its queue has room, and a take that blocks although there is an item."""
    if found.puts is not None:
        room = actor.room(found)
        if room is None or len(getattr(state, found.puts)) < room:
            raise ModelError(f"{actor.name}.{found.op} blocks although {found.puts} has room by what it declares")
    if found.takes is not None and getattr(state, found.takes):
        raise ModelError(f"{actor.name}.{found.op} blocks although there is something in {found.takes}")


def place(actor: Actor[Any], found: Handler[Any, ..., Any]) -> str:
    """A handler as an error names it: `vm0.put (Vm)`."""
    return f"{actor.name}.{found.op} ({type(actor).__name__})"


def changed_fields(before: object, after: object) -> frozenset[str]:
    """The names of the fields that differ; "*" for states that are not attrs records of one class."""
    kind: Any = type(before)
    names = field_names(kind)
    if names is None or type(after) is not kind:
        return frozenset() if before == after else frozenset("*")
    # most fields are the same objects, and equality of large sets is slow to find out
    return frozenset(
        [name for name in names if (old := getattr(before, name)) is not (new := getattr(after, name)) and old != new]
    )


@cache
def field_names(kind: Any) -> tuple[str, ...] | None:
    """The fields of an attrs class, in order; None for another class."""
    return tuple(field.name for field in attrs.fields(kind)) if attrs.has(kind) else None

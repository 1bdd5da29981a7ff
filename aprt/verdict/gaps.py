"""Messages that nobody handled: those that a verdict has to name, and those that are the business of others.

The kinds of aprt's own actors are parts for hundreds of scenarios. A message to one that was never handled counts as a
*gap* when a property that was asked about looks at what it changes, and code that the executions did enter calls it, in
lines to which an answer would have led (`explore.deciding`): this very scenario might have gone there. Of a property
that looks at whatever happens (P9, P20) no message is one more than any other. Every message of a reader's own actors
counts, and none of the primitives in `aprt.kernel`: a lock that nobody ever tries is a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias

from aprt.core.actor import Actor
from aprt.core.properties import After, Always, AtEnd, Before, Eventually, History, Property
from aprt.verdict.branches import Branch

Message: TypeAlias = tuple[type[Any], str]
"""A kind of actors, and a message to them."""

Kinds: TypeAlias = Mapping[type[Any], Sequence[Actor[Any]]]
"""The actors of each kind."""


def gaps_and_others(
    properties: Iterable[Property], kinds: Kinds, never: Sequence[Message], branches: Sequence[Branch]
) -> tuple[list[Message], list[Message]]:
    """Of messages that were never handled the gaps, and the others that code calls which was entered."""
    called, might = ({*_called(kinds, some)} for some in (branches, [branch for branch in branches if branch.answer]))
    looked_at = _looked_at(properties)
    gaps = [message for message in never if _is_own(message) or (message in might and _matters(message, looked_at))]
    return gaps, [message for message in never if message in called and message not in gaps]


def word(message: Message) -> str:
    """`Kind.message`."""
    return f"{message[0].__name__}.{message[1]}"


def _home(message: Message) -> str:
    kind, op = message
    return str(getattr(kind, op).run.__module__)


def _is_own(message: Message) -> bool:
    """Whether it is the reader's."""
    return not _home(message).startswith("aprt.")


def _called(kinds: Kinds, branches: Iterable[Branch]) -> Iterable[Message]:
    """What is called in these lines, but for primitives."""
    meant = (message for branch in branches for call in branch.calls for message in _meant(kinds, call))
    return (message for message in meant if not _home(message).startswith("aprt.kernel."))


def _matters(message: Message, looked_at: Set[type[Any]]) -> bool:
    kind, op = message
    return kind in looked_at and bool(getattr(kind, op).writes)


def _looked_at(properties: Iterable[Property]) -> Set[type[Any]]:
    """The kinds of actors that these are about, by name or as what they read."""
    found = {type(actor) for property in properties for actor, _ in property.about}
    for check in (check for property in properties for check in property.checks):
        match check:
            case Always(reads) | AtEnd(reads) | Eventually(reads) if reads:
                found.update(map(type, reads))
            case Before(actor, _, reads) | After(actor, _, reads):
                found.update(map(type, (actor, *reads)))
            case History(_, concerns):
                found.update(map(type, concerns))
            case _:
                pass  # it looks at whatever happens
    return found


def _meant(kinds: Kinds, call: str) -> list[Message]:
    """The messages that a call in the code may be: of the kind whose actors are called so, or else of any."""
    name, _, op = call.rpartition(".")
    able = [kind for kind, actors in kinds.items() if op in actors[0].messages()]
    named = [kind for kind in able if any(_last(actor.name) == name for actor in kinds[kind])]
    return [(kind, op) for kind in named or able]


def _last(name: str) -> str:
    """`gisa` of `vm0.gisa`, `hw` of `hw 05.0004`, `mdev` of `mdev1`."""
    return name.split()[0].rpartition(".")[2].rstrip("0123456789")

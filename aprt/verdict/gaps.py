"""Messages that nobody handled: which of them a verdict has to name (*gaps*), and which are left to other scenarios.

aprt's own actors are parts for hundreds of scenarios, so most of their messages have no place in any one of them. A
message to one of them is a gap when both hold:

- a property that was asked about looks at what the message changes. Properties that look at whatever happens (P9, P20)
  do not count, as they single out no message;
- the message is sent in lines that no step entered, of a function that some step did enter, and to which another answer
  would have led (`explore.checking.deciding`): this very scenario might have gone there.

Every unhandled message of a reader's own actors is a gap. None of the primitives in `aprt.kernel` is: that nobody ever
tries a lock says nothing.
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
    """The gaps among the messages in `never`, and the others that a function sends which some step entered."""
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
    """Whether it belongs to an actor of the reader's own."""
    return not _home(message).startswith("aprt.")


def _called(kinds: Kinds, branches: Iterable[Branch]) -> Iterable[Message]:
    """The messages that these lines send, except to primitives of `aprt.kernel`."""
    meant = (message for branch in branches for call in branch.calls for message in _meant(kinds, call))
    return (message for message in meant if not _home(message).startswith("aprt.kernel."))


def _matters(message: Message, looked_at: Set[type[Any]]) -> bool:
    kind, op = message
    return kind in looked_at and bool(getattr(kind, op).writes)


def _looked_at(properties: Iterable[Property]) -> Set[type[Any]]:
    """The kinds of actors that these properties name or read."""
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
                pass  # such a check looks at whatever happens
    return found


def _meant(kinds: Kinds, call: str) -> list[Message]:
    """What a call `name.op` in the code may mean: `op` to the actors called `name`, or else to all that handle it."""
    name, _, op = call.rpartition(".")
    able = [kind for kind, actors in kinds.items() if op in actors[0].messages()]
    named = [kind for kind in able if any(_last(actor.name) == name for actor in kinds[kind])]
    return [(kind, op) for kind in named or able]


def _last(name: str) -> str:
    """`gisa` of `vm0.gisa`, `hw` of `hw 05.0004`, `mdev` of `mdev1`."""
    return name.split()[0].rpartition(".")[2].rstrip("0123456789")

"""Effects: all that a behaviour may await.

There are two. `Call` is a message to one actor whose answer is awaited; `Choose` lets the environment decide.
Everything else (locks, mailboxes, wait queues, timers, hardware) is a call to an actor. A behaviour is an
`async def` that awaits nothing but effects and other behaviours; it must be deterministic given the answers.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from aprt.core.arguments import check_kind
from aprt.core.errors import WrongArgument

if TYPE_CHECKING:
    from aprt.core.actor import Actor

R = TypeVar("R")
T = TypeVar("T", bound=Hashable)


class Effect(Generic[R]):
    """Something a behaviour awaits; a driver performs it and sends the answer in."""

    __slots__ = ()

    def __await__(self) -> Generator[Effect[R], R, R]:
        return (yield self)


@attrs.frozen
class Call(Effect[R]):
    """A message to one actor. `BLOCK` disables the step until that actor's state changes."""

    actor: Actor[Any]
    op: str
    args: tuple[Hashable, ...]

    def __str__(self) -> str:
        return f"{self.actor.name}.{self.op}"


@attrs.frozen
class Choose(Effect[T]):
    """The environment picks one of `options`; never blocks. The choice is part of the step's label."""

    about: str
    options: tuple[T, ...]

    def __str__(self) -> str:
        return f"choose {self.about}"


def choose(about: str, *options: T) -> Choose[T]:
    """One of `options`, picked by the environment: every driver may take any of them.

    Options are hashable and print distinctly. Raises: `UserError` when there are none, or no word for what is chosen.
    """
    check_kind("choose", about, str, "what is chosen, in a word, before the options")
    if not options:
        raise WrongArgument(f"choose {about!r} has no options; give it one or more")
    return Choose(about, options)

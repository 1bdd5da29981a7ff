"""Kinds of tables: each says what it reads of a picture and makes a sheet of it.

A live view makes a sheet anew only when what the kind reads has changed. To find that out costs next to nothing, as an
actor's state is the same object until a handler changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Protocol

import attrs

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.system import View
from aprt.runtime.ledger import Snapshot
from aprt.view.tables.sheet import Cell, Sheet, bad, good, quiet


@attrs.frozen(eq=False)
class Picture:
    """All that tables are made of."""

    snapshot: Snapshot
    events: tuple[Event, ...] = ()  # the last ones, oldest first
    last: Mapping[str, Event] = attrs.field(factory=dict)  # by context, its last event
    lived: Set[str] = frozenset()  # actors alive at some time of the execution: of the others none was freed


class Kind(Protocol):
    """One table."""

    @property
    def title(self) -> str: ...

    @property
    def actors(self) -> tuple[Actor[Any], ...]:
        """The actors whose states it shows."""
        ...

    def reads(self, picture: Picture) -> tuple[object, ...]:
        """What the sheet depends on; as long as this is equal, so is the sheet."""
        ...

    def sheet(self, picture: Picture) -> Sheet: ...


@attrs.frozen(eq=False)
class Looked(View):
    """A view for tables. lived: as in `Picture`."""

    lived: Set[str] = frozenset()

    def born(self, actor: Actor[Any]) -> bool:
        """Whether an object is alive or was."""
        return self(actor).live or actor.name in self.lived

    def life(self, actor: Actor[Any], alive: str = "live", dead: str = "FREED") -> Cell:
        """Whether an object is alive; `not yet` if it never was."""
        if not self.born(actor):
            return quiet("not yet")
        return good(alive) if self(actor).live else bad(dead)


@attrs.frozen(eq=False)
class Actors:
    """A table of the states of some actors, and of nothing else."""

    title: str
    actors: tuple[Actor[Any], ...]
    draw: Callable[[Looked], Sheet]  # from a view of just these actors

    def reads(self, picture: Picture) -> tuple[object, ...]:
        return tuple(_Same(picture.snapshot.states[actor.name]) for actor in self.actors)

    def sheet(self, picture: Picture) -> Sheet:
        states = {actor.name: picture.snapshot.states[actor.name] for actor in self.actors}
        return self.draw(Looked(states, lived=picture.lived))


class _Same:
    """A state, compared by identity: to compare two large ones by value takes longer than to draw them."""

    __slots__ = ("_state",)

    def __init__(self, state: object) -> None:
        self._state = state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._state is self._state

    __hash__ = None  # type: ignore[assignment]

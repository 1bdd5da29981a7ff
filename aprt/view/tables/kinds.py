"""Kinds of tables: each says what it reads of a picture and makes a sheet of it.

A live view makes a sheet anew only when what the kind reads has changed, which costs next to nothing to find out:
an actor's state is the same object until a handler changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.system import View
from aprt.runtime.ledger import Snapshot
from aprt.view.tables.sheet import Sheet


@attrs.frozen(eq=False)
class Picture:
    """All that tables are made of. events: the last ones, oldest first. last: context -> its last event."""

    snapshot: Snapshot
    events: tuple[Event, ...] = ()
    last: Mapping[str, Event] = attrs.field(factory=dict)


class Kind(Protocol):
    """One table."""

    @property
    def title(self) -> str: ...

    @property
    def actors(self) -> tuple[Actor[Any], ...]:
        """Those whose states it shows."""
        ...

    def reads(self, picture: Picture) -> tuple[object, ...]:
        """What the sheet depends on; as long as this is equal, so is the sheet."""
        ...

    def sheet(self, picture: Picture) -> Sheet: ...


@attrs.frozen(eq=False)
class Actors:
    """A table of the states of some actors, and of nothing else. draw: gets a view of just these."""

    title: str
    actors: tuple[Actor[Any], ...]
    draw: Callable[[View], Sheet]

    def reads(self, picture: Picture) -> tuple[object, ...]:
        return tuple(picture.snapshot.states[actor.name] for actor in self.actors)

    def sheet(self, picture: Picture) -> Sheet:
        return self.draw(View({actor.name: picture.snapshot.states[actor.name] for actor in self.actors}))

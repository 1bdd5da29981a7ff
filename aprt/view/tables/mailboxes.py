"""Mailboxes: the requests that lie before each actor, blocked ones included."""

from __future__ import annotations

from typing import Any, Final

import attrs
from rich.text import Text

from aprt.core.actor import Actor
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import Column, Sheet, plain, quiet

COLUMNS: Final = (Column("MAILBOX"), Column("N", right=True), Column("OLDEST"))


@attrs.frozen(eq=False)
class Mailboxes:
    """Those that are not empty, in the order of the system's actors; the oldest request of each."""

    title: str = "mailboxes"
    actors: tuple[Actor[Any], ...] = ()

    def reads(self, picture: Picture) -> tuple[object, ...]:
        return tuple(picture.snapshot.mailboxes.items())

    def sheet(self, picture: Picture) -> Sheet:
        boxes = picture.snapshot.mailboxes
        rows = [(plain(name), plain(len(box)), _told(name, box[0])) for name, box in boxes.items() if box]
        empty = (quiet("all empty"), plain(0), plain(None))
        return Sheet(self.title, COLUMNS, tuple(rows) or (empty,))


def _told(actor: str, request: str) -> Text:
    """The request; the actor's name is there already."""
    context, _, operation = request.partition(": ")
    return plain(f"{context}: {operation.removeprefix(actor + '.')}")

"""Mailboxes: the requests that lie before each actor, blocked ones included."""

from __future__ import annotations

from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import DULL, NEXT, Cell, Column, Sheet, plain, quiet

COLUMNS: Final = (Column("MAILBOX"), Column("N", right=True), Column("OLDEST"))


@attrs.frozen(eq=False)
class Mailboxes:
    """The mailboxes that are not empty, in the order of the system's actors, with the oldest request of each."""

    title: str = "mailboxes"
    actors: tuple[Actor[Any], ...] = ()

    def reads(self, picture: Picture) -> tuple[object, ...]:
        return (*picture.snapshot.mailboxes.items(), *picture.snapshot.waiting)

    def sheet(self, picture: Picture) -> Sheet:
        shot = picture.snapshot
        boxes = [(name, box) for name, box in shot.mailboxes.items() if box]
        rows = tuple((plain(name), plain(len(box)), _told(name, box[0])) for name, box in boxes)
        empty = (quiet("all empty"), plain(0), plain(None))
        # what is blocked is a daemon with nothing to do, or seen where locks are shown
        ranks = (DULL if all(_context(request) in shot.waiting for request in box) else NEXT for _, box in boxes)
        return Sheet(self.title, COLUMNS, rows or (empty,), tuple(ranks), enough=5)


def _context(request: str) -> str:
    return request.partition(": ")[0]


def _told(actor: str, request: str) -> Cell:
    """The request without the actor's name, which has a column of its own."""
    context, _, operation = request.partition(": ")
    return plain(f"{context}: {operation.removeprefix(actor + '.')}")

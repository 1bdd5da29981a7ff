"""The last events: step, context, operation and reply."""

from __future__ import annotations

from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import Cell, Column, Sheet, bad, busy, plain, quiet
from aprt.view.words import word

COLUMNS: Final = (Column("STEP", right=True), Column("CONTEXT"), Column("OPERATION"), Column("REPLY"))


@attrs.frozen(eq=False)
class Log:
    """A line per event, the newest last. A violation that a handler noted stands in place of the reply."""

    title: str = "last steps"
    actors: tuple[Actor[Any], ...] = ()

    def reads(self, picture: Picture) -> tuple[object, ...]:
        return picture.events

    def sheet(self, picture: Picture) -> Sheet:
        return Sheet(self.title, COLUMNS, tuple(map(_row, picture.events)), newest=True)


def _row(event: Event) -> tuple[Cell, ...]:
    return plain(event.index), plain(event.context), _operation(event), _reply(event)


def _operation(event: Event) -> Cell:
    if event.actor is None:
        return busy(event.op)
    return plain(f"{event.label.op}({', '.join(map(word, event.args))})")


def _reply(event: Event) -> Cell:
    if event.broken:
        return bad(" ".join(note.property for note in event.broken))
    return quiet("-") if event.reply is None or event.actor is None else plain(word(event.reply))

"""Contexts: what each holds, where it is, and what it does next or waits for."""

from __future__ import annotations

from typing import Any, Final

import attrs

from aprt.core.actor import Actor
from aprt.core.caller import Caller
from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.system import Context
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import DULL, FIRST, NEXT, Cell, Column, Sheet, busy, good, listed, plain, quiet

COLUMNS: Final = (
    Column("CONTEXT"),
    Column("STATE"),
    Column("NEXT, OR WAITS FOR"),
    Column("LAST IN", drop=2),
    Column("HOLDS"),
)


@attrs.frozen(eq=False)
class Contexts:
    """A row per context: `done`, `ready`, or `waits` until an actor changes (`idle` for a daemon).

    The context that took the last step has a `>`.
    """

    contexts: tuple[Context, ...]
    title: str = "contexts"
    actors: tuple[Actor[Any], ...] = ()

    def reads(self, picture: Picture) -> tuple[object, ...]:
        shot, names = picture.snapshot, [context.name for context in self.contexts]
        return (
            *(shot.callers[name] for name in names),
            *(shot.doing.get(name) for name in names),
            *(name in shot.waiting for name in names),
            *(picture.last.get(name) for name in names),
            _newest(picture),
        )

    def sheet(self, picture: Picture) -> Sheet:
        rows = tuple(_row(context, picture) for context in self.contexts)
        return Sheet(self.title, COLUMNS, rows, tuple(_rank(context, picture) for context in self.contexts))


def _rank(context: Context, picture: Picture) -> int:
    shot, name = picture.snapshot, context.name
    if name == _newest(picture) or shot.callers[name].held:
        return FIRST
    return DULL if name not in shot.doing or (context.daemon and name in shot.waiting) else NEXT


def _row(context: Context, picture: Picture) -> tuple[Cell, ...]:
    shot, name = picture.snapshot, context.name
    doing = shot.doing.get(name)
    mark = ">" if name == _newest(picture) else " "
    if doing is None:
        state = quiet("done")
    elif name not in shot.waiting:
        state = good("ready")
    else:
        state = quiet("idle") if context.daemon else busy("waits")
    # where a context that is done was last says nothing
    place = "" if doing is None else _innermost(picture.last.get(name))
    return Cell(f"{mark} {name}"), state, plain(doing), plain(place), _holds(shot.callers[name])


def _holds(caller: Caller) -> Cell:
    return listed(hold.lock if hold.mode == "exclusive" else f"{hold.lock} ({hold.mode})" for hold in caller.held)


def _innermost(event: Event | None) -> str:
    """The innermost function of the call chain."""
    chain = without_helpers(event.chain) if event else []
    return f"{chain[-1]}()" if chain else ""


def _newest(picture: Picture) -> str | None:
    return picture.events[-1].context if picture.events else None

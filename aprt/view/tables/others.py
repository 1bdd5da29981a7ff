"""Actors that no other table shows: name and state."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from aprt.core.actor import Actor
from aprt.core.system import System
from aprt.view.tables.kinds import Actors, Kind, Looked
from aprt.view.tables.sheet import Column, Sheet, plain
from aprt.view.words import word

COLUMNS: Final = (Column("ACTOR"), Column("STATE"))


def others(system: System, kinds: Iterable[Kind]) -> Actors | None:
    """The table of the actors that no table of `kinds` shows; None when there are none."""
    shown = {actor.name for kind in kinds for actor in kind.actors}
    left = tuple(actor for actor in system.actors if actor.name not in shown)
    return Actors("actors", left, partial(_sheet, left)) if left else None


def _sheet(actors: tuple[Actor[Any], ...], view: Looked) -> Sheet:
    return Sheet("actors", COLUMNS, tuple((plain(a.name), plain(word(view(a)))) for a in actors))

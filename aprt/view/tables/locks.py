"""Locks: who has them and who waits. Those that are free and wanted by nobody are only counted."""

from __future__ import annotations

from typing import Any, Final, assert_never

import attrs

from aprt.core.actor import Actor
from aprt.core.system import System, View
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem
from aprt.kernel.spinlock import Spinlock
from aprt.runtime.ledger import Snapshot
from aprt.view.tables.kinds import Picture
from aprt.view.tables.sheet import Cell, Column, Sheet, busy, listed, plain, quiet

COLUMNS: Final = (Column("LOCK"), Column("HELD BY"), Column("WAITING"))

Lock = Mutex | Spinlock | RwSem


@attrs.frozen(eq=False)
class Locks:
    """Mutexes, spinlocks and rwsems."""

    actors: tuple[Lock, ...]
    title: str = "locks"

    @classmethod
    def of(cls, system: System) -> Locks | None:
        """None for a system without locks."""
        locks = tuple(actor for actor in system.actors if isinstance(actor, Lock))
        return cls(locks) if locks else None

    def reads(self, picture: Picture) -> tuple[object, ...]:
        shot = picture.snapshot
        return (*(shot.states[a.name] for a in self.actors), *(_waiting(shot, a) for a in self.actors))

    def sheet(self, picture: Picture) -> Sheet:
        view = View(picture.snapshot.states)
        rows = [(lock, _holders(lock, view), _waiting(picture.snapshot, lock)) for lock in self.actors]
        taken = [row for row in rows if row[1] or row[2]]
        cells: list[tuple[Cell, ...]] = [
            (plain(lock.name), plain(holders), busy(" ".join(waiting)) if waiting else listed(()))
            for lock, holders, waiting in taken
        ]
        if len(taken) < len(rows):
            cells.append((quiet(f"{len(rows) - len(taken)} free"), Cell(), Cell()))
        return Sheet(self.title, COLUMNS, tuple(cells))


def _holders(lock: Lock, view: View) -> str:
    match lock:
        case Mutex():
            return view(lock).owner or ""
        case Spinlock():
            return view(lock).owner or ""
        case RwSem():
            state = view(lock)
            return f"{state.writer} (write)" if state.writer else " ".join(f"{name} (read)" for name in state.readers)
        case _:
            assert_never(lock)


def _waiting(shot: Snapshot, lock: Actor[Any]) -> tuple[str, ...]:
    """The contexts whose request lies before the lock, blocked."""
    asking = (request.split(": ")[0] for request in shot.mailboxes[lock.name])
    return tuple(context for context in asking if context in shot.waiting)

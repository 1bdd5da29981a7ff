"""Data that is touched without its lock (P22): the other access that nothing keeps away from it.

Two accesses race when they are of one field, by two contexts, one of them a change, and no lock is held in both. That
the search comes by both in one execution says that they can meet; a lock in common says that they cannot overlap.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import attrs

from aprt.core.actor import Actor
from aprt.core.events import Event
from aprt.core.properties import Finding, History, Property, Wrong
from aprt.core.system import System
from aprt.explore.result import Bounds, Question
from aprt.explore.states import search

_ID = "P22"
_BOUNDS = Bounds(max_states=100_000)


@attrs.frozen
class Access:
    """One step on some data. reads, writes: fields, as declared; locks: those held then, by name.

    unlocked: what P22 says of it, if it says that a lock is missing.
    """

    context: str
    reads: frozenset[str]
    writes: frozenset[str]
    locks: frozenset[str]
    unlocked: str

    @classmethod
    def of(cls, event: Event, actor: Actor[Any]) -> Access:
        """What a step does to its actor."""
        declared = actor.handler(event.op)
        locks = frozenset(hold.lock for hold in event.caller.held)
        unlocked = next((note.text for note in event.broken if note.property == _ID), "")
        return cls(event.context, declared.reads, declared.writes if event.changed else frozenset(), locks, unlocked)

    def races(self, other: Access) -> bool:
        """Whether nothing keeps the two apart."""
        meet = _common(self.writes, other.reads | other.writes) or _common(other.writes, self.reads)
        unlocked = bool(self.unlocked or other.unlocked)
        return meet and unlocked and self.context != other.context and not self.locks & other.locks


def race(system: System, actor: Actor[Any]) -> Finding | None:
    """Two accesses of `actor` that race, the second by the last step of a shortest schedule; None: none was met."""

    def advance(memory: Hashable, event: Event) -> Hashable | Wrong:
        met = memory if isinstance(memory, frozenset) else frozenset()
        access = Access.of(event, actor)
        other = next((one for one in met if access.races(one)), None)
        return met | {access} if other is None else Wrong(access.unlocked or other.unlocked)

    asked = Property(_ID, "", (History(frozenset(), (actor,), advance),))
    found = search(Question(system, (asked,), _BOUNDS)).findings
    return found[0] if found else None


def _common(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some & others) or ("*" in some and bool(others)) or ("*" in others and bool(some))

"""What one execution was: the events, how it ended, and what it broke. Both drivers return it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from aprt.core.events import Event
from aprt.core.finding import Finding
from aprt.core.schedule import Schedule

Ending: TypeAlias = Literal["end", "deadlock", "oops", "cut"]
Blocked: TypeAlias = tuple[tuple[str, str], ...]
"""What each unfinished context waits for, as (context, operation)."""


@attrs.frozen
class Execution:
    """One run of a system.

    ending: `end` and `deadlock` as in `core.system`; `oops`: software touched what it must not, nothing goes on;
    `cut`: stopped from outside (end of the schedule, step limit, cancelled).
    findings: in the order seen; a property appears once, at its first violation.
    blocked: for a deadlock, what each unfinished context waits for.
    """

    events: tuple[Event, ...]
    ending: Ending
    findings: tuple[Finding, ...] = ()
    blocked: Blocked = ()

    def __str__(self) -> str:
        """How it ended, and what it broke after how many steps, a line each."""
        waiting = ", ".join(f"{context} waits for {op}" for context, op in self.blocked)
        ended = f"{self.ending} after {len(self.events)} steps" + (f": {waiting}" if waiting else "")
        broken = (f"{one.property}: {one.text} (after {len(one.schedule)} steps)" for one in self.findings)
        return "\n".join((ended, *broken))

    @property
    def schedule(self) -> Schedule:
        """The schedule that repeats this execution."""
        return Schedule(tuple(event.label for event in self.events))

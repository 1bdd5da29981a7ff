"""Steps at which something is checked, for the plain loop, which knows where a check is in order.

A check looks at few fields of a state only. So what it said is known by the masked state, and a *guard* remembers for
which of these the check is in order. The check of a history also moves on the memory of that history, which is a field
of the state: for that, its guard remembers what to add to the successor.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from aprt.explore.checking.checks import Due
from aprt.explore.checking.judges import Judge, Recorder
from aprt.explore.learned.packing import Packing
from aprt.explore.learned.tables import Move
from aprt.explore.stateful.layout import Layout


@attrs.define(eq=False)
class Guard:
    """Where a check is known to be in order. check: None for what a handler noted, which has to be recorded only once.

    mask: keeps the fields the check depends on. known: by the masked state, what to add to the successor, mostly 0.
    """

    check: Judge | Recorder | None
    mask: int = 0
    known: dict[int, int] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class NotedStep:
    """A step with checks. before: guards of the state in which it is taken. after: of the state to which it leads.
    always: likewise, but only if that state is new.
    """

    delta: int
    move: Move[Due]
    before: tuple[Guard, ...]
    after: tuple[Guard, ...]
    always: tuple[Guard, ...]
    oops: bool


class Guards:
    """The guards of all checks of one search, for states packed as `layout` says."""

    def __init__(self, packing: Packing, layout: Layout) -> None:
        self._packing, self._layout = packing, layout
        self._by_check: dict[Judge | Recorder, Guard] = {}

    def noted(self, move: Move[Due], delta: int) -> NotedStep:
        """A step that adds `delta`, with the guards of all that is checked at it."""
        watch, judges = move[2]
        always = self._of(judges)
        if watch is None:
            return NotedStep(delta, move, (), (), always, oops=False)
        noted = (Guard(None),) if watch.noted else ()
        before = (*noted, *self._of(watch.before), *self._of(watch.histories))
        return NotedStep(delta, move, before, self._of(watch.after), always, watch.oops)

    def _of(self, checks: Iterable[Judge | Recorder]) -> tuple[Guard, ...]:
        return tuple(self._by_check.setdefault(check, Guard(check)) for check in checks)

    def remember(self, guard: Guard, wide: int, state: int) -> None:
        """The check was made in this state, given as `packing` packs it (`wide`) and as `layout` does."""
        mask, adds = 0, 0
        if guard.check is not None:
            mask = self._layout.mask(guard.check.slots)
        if isinstance(guard.check, Recorder):
            (slot,) = guard.check.slots
            adds = self._layout.delta([(slot, self._packing.change(slot, guard.check(wide)[0]))])
        if mask != guard.mask:  # it has looked at more than before
            guard.mask = mask
            guard.known.clear()
        guard.known[state & mask] = adds

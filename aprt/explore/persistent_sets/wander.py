"""Random walks that learn local steps before a search that wants to know most of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from aprt.explore.checking.checks import Note
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.learned.tables import Tables

_STEPS, _WALKS = 100, 100  # of one walk at most; walks at most
_QUIET = 5  # walks in a row that learn nothing, after which it is enough


def wander(local: LocalSteps, tables: Tables[Note], start: Sequence[int]) -> None:
    """Take random steps, again and again from the state with the fields `start`, while something is learned."""
    lots, quiet = Random(0), 0
    for _ in range(_WALKS):
        before, numbers = len(tables.learned), list(start)
        for _ in range(_STEPS):
            step = _some_step(local, numbers, lots)
            if step is None or step.oops:
                break
            numbers[step.slot], numbers[step.place] = step.then, step.after
        quiet = quiet + 1 if len(tables.learned) == before else 0
        if quiet == _QUIET:
            break


def _some_step(local: LocalSteps, numbers: Sequence[int], lots: Random) -> LocalStep | None:
    """A step out of the state with these fields, if there is one: of the first context from some place on."""
    rows, count = local.rows, len(local.rows)
    first = int(lots.random() * count)
    for place in range(first, first + count):
        slot, options = rows[place % count][numbers[place % count]]
        steps = options[numbers[slot]]
        if steps:
            return steps[int(lots.random() * len(steps))]
    return None

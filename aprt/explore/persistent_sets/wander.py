"""Walks that learn local steps: random ones before a search that wants to know most of them, others behind it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from aprt.explore.checking.checks import Due
from aprt.explore.commuting.local_steps import LocalStep, LocalSteps
from aprt.explore.learned.tables import Tables

_STEPS, _WALKS = 100, 100  # of one walk at most; walks at most
_QUIET = 5  # walks in a row that learn nothing, after which it is enough
_AHEAD = 1_000  # steps at most of a walk in which one context runs ahead


def wander(local: LocalSteps, tables: Tables[Due], start: Sequence[int]) -> None:
    """Take random steps, again and again from the state with the fields `start`, while something is learned."""
    lots, quiet = Random(0), 0
    for _ in range(_WALKS):
        before, numbers = len(tables.learned), list(start)
        for _ in range(_STEPS):
            step = _some_step(local, numbers, int(lots.random() * len(local.rows)), lots)
            if step is None or step.oops:
                break
            numbers[step.slot], numbers[step.place] = step.next_value, step.next_control
        quiet = quiet + 1 if len(tables.learned) == before else 0
        if quiet == _QUIET:
            break


def run_ahead(local: LocalSteps, start: Sequence[int]) -> None:
    """Let each context in turn run ahead of the others as far as it can, from the state with the fields `start`, until
    it comes round.

    That fills queues, which a search that takes what is put as soon as it can does not. Raises: `ModelError` where a
    put then blocks that is declared not to.
    """
    for first in range(len(local.rows)):
        lots, numbers, seen = Random(0), list(start), set[tuple[int, ...]]()
        while len(seen) < _AHEAD and tuple(numbers) not in seen:
            seen.add(tuple(numbers))
            step = _some_step(local, numbers, first, lots)
            if step is None or step.oops:
                break
            numbers[step.slot], numbers[step.place] = step.next_value, step.next_control


def _some_step(local: LocalSteps, numbers: Sequence[int], first: int, lots: Random) -> LocalStep | None:
    """A step out of the state with these fields, if there is one: of the first context from some place on."""
    rows, count = local.rows, len(local.rows)
    for place in range(first, first + count):
        slot, options = rows[place % count][numbers[place % count]]
        steps = options[numbers[slot]]
        if steps:
            return steps[int(lots.random() * len(steps))]
    return None

"""Fewer context switches, same behaviour: commute independent neighbours of an execution.

The result is an execution of the same Mazurkiewicz trace (`explore.commuting.independence`), in which every context
gets the same answers. A property that compares several actors may still tell the two apart, so the caller has to check
that the finding is still there.
"""

from __future__ import annotations

from collections.abc import Sequence

from aprt.core.events import Event
from aprt.core.schedule import Label, Schedule
from aprt.explore.commuting.independence import StepInfo, dependent


def merge_runs(events: Sequence[Event]) -> Schedule:
    """An equivalent schedule with runs as long as a greedy choice makes them. The last step stays last."""
    pending = [(StepInfo.of(event), event.label) for event in events[:-1]]
    order: list[Label] = []
    context = pending[0][0].context if pending else ""
    while pending:
        i = _next(pending, context)
        if i is None:
            i, context = 0, pending[0][0].context
        order.append(pending.pop(i)[1])
    return Schedule((*order, *(event.label for event in events[-1:])))


def _next(pending: Sequence[tuple[StepInfo, Label]], context: str) -> int | None:
    """Where the next step of `context` is, if it can go before all that is pending."""
    for i, (step, _) in enumerate(pending):
        if step.context == context:
            return None if any(dependent(step, earlier) for earlier, _ in pending[:i]) else i
    return None

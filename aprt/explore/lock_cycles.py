"""Findings about the lock order, which no single execution need show: made when a search is over.

A search notes what contexts ask for while they hold locks when it learns a step, which costs it nothing, and stops at
the first cycle when told to stop at the first finding. Then the same strategy looks for each edge of the cycle by
itself: it met them before, so it does so again. Where it cannot (a random one may have seen a step that it did not
take), the states are searched. What is not shown is no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from aprt.core.lock_order import Cycle, title
from aprt.core.properties import Finding, LockOrder, NoEdge, Part, Property
from aprt.explore import states
from aprt.explore.result import Exploration, Question

_STATES = 200_000  # to look through for an edge that the strategy did not show

Search = Callable[[Question], Exploration]


def judged(question: Question, found: Exploration, search: Search) -> Exploration:
    """What was found, with the cycle in the lock order that there is, and a schedule for each edge of it.

    search: the strategy that found it, in one process.
    """
    ids = [p.id for p in question.properties if any(isinstance(check, LockOrder) for check in p.checks)]
    if found.lock_order is None or not ids:
        return found
    others = tuple(finding for finding in found.findings if finding.property not in ids)
    cycle = found.lock_order.cycle()
    if cycle is None or (others and question.stop_on == "first"):
        return found
    cycles = tuple(finding for id in ids for finding in _finding(id, question, cycle, search))
    return attrs.evolve(found, findings=(*others, *cycles))


def _finding(id: str, question: Question, cycle: Cycle, search: Search) -> Iterator[Finding]:
    parts = []
    for edge in cycle:
        asked = Property(id, title(cycle), (NoEdge(edge),))
        quiet = attrs.evolve(question, properties=(asked,), stop_on="first", report=None, symmetry=False)
        bounded = attrs.evolve(quiet, bounds=attrs.evolve(question.bounds, max_states=_STATES), loop="auto")
        shown = search(quiet).findings or states.search(bounded).findings
        if not shown:
            return
        parts.append(Part(edge, shown[0].text, shown[0].schedule))
    yield Finding(id, title(cycle), max((part.schedule for part in parts), key=len), parts=tuple(parts))

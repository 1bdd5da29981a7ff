"""Findings about the lock order, which no single execution need show: made when a search is over.

When a search learns a step, it notes what the context asks for and which locks it holds then, which costs nothing.
Told to stop at the first finding, it stops at the step that closes a first cycle. Afterwards an execution is looked
for that makes all edges of the cycle. If there is none, or none is soon found, the same strategy looks for each edge
by itself; it has met every edge once, so it meets it again. (A random strategy may have learned a step that it did not
take; then states are searched.) An edge that cannot be shown makes no finding, but the answer says that something is
`unshown`, not that there is no cycle. Of several cycles the first is the finding; of the others the answer has the
names.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from aprt.core.finding import Finding, Part
from aprt.core.lock_order import Cycle, title
from aprt.core.properties import LockOrder, NoEdges, Property
from aprt.explore.replay import replay
from aprt.explore.result import Exploration, Question
from aprt.explore.stateful import states
from aprt.explore.watchdog import Stop

_STATES = 100_000  # to look through for one execution: half a second

Search = Callable[[Question], Exploration]


def with_cycle(question: Question, found: Exploration, search: Search) -> Exploration:
    """The answer `found`, with the first cycle in its lock order, if there is one, and a schedule for each edge of it.

    search: the strategy that found it, in one process.
    """
    ids = [p.id for p in question.properties if any(isinstance(check, LockOrder) for check in p.checks)]
    if found.lock_order is None or not ids:
        return found
    others = tuple(finding for finding in found.findings if finding.property not in ids)
    cycles = found.lock_order.cycles()
    if not cycles or (others and question.stop_on == "first"):
        return found
    wrong = {(id, text) for id, text in found.wrong if id not in ids} | {(id, title(c)) for id in ids for c in cycles}
    try:
        shown = tuple(_finding(id, question, cycles[0], search) for id in ids)
    except Stop as stop:
        return attrs.evolve(found, findings=others, stopped=stop.reason)
    return attrs.evolve(found, findings=(*others, *shown), wrong=frozenset(wrong))


def _finding(id: str, question: Question, cycle: Cycle, search: Search) -> Finding:
    """One execution that shows the whole cycle, if that is soon found, or else one for each edge.

    Raises: `Stop` when an edge is not shown.
    """
    alone = attrs.evolve(question, stop_on="first", report=None, symmetry=False, loop="auto", save=None, besides=())
    few = attrs.evolve(alone, bounds=attrs.evolve(question.bounds, max_states=_STATES))
    whole = _shown(id, few, cycle, states.search)
    if whole is not None:
        return whole
    parts: list[Part] = []
    for edge in cycle:
        shown = _shown(id, alone, (edge,), search) or _shown(id, few, (edge,), states.search)
        if shown is None:
            raise Stop("unshown")
        parts += shown.parts
    return Finding(id, title(cycle), max((part.schedule for part in parts), key=len), parts=tuple(parts))


def _shown(id: str, question: Question, edges: Cycle, search: Search) -> Finding | None:
    """An execution that makes all of these edges. Raises: `Stop` when the search for it was interrupted."""
    asked = Property(id, "these locks are not taken in that order", (NoEdges(edges),))
    found = search(attrs.evolve(question, properties=(asked,)))
    if found.findings:
        return replay(question.system, found.findings[0].schedule, (asked,)).findings[0]
    if found.stopped == "interrupted":
        raise Stop("interrupted")
    return None

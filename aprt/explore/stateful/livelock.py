"""Livelocks: loops of the state graph out of which nothing leads.

A state that reaches no end, no deadlock and no oops leads, whatever is done, into a *bottom component*: states that
can all be reached from each other, and out of which no step leads. There contexts go on for ever, and nothing that
anybody does ends it, under any scheduler, fair or not. What is shown is the bottom component that takes the fewest
steps to reach, and one round in it that neglects nobody (`fairness`), to show that a fair scheduler may go on like
that, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from aprt.explore.checking.checks import Due
from aprt.explore.learned.tables import Tables
from aprt.explore.reachability import Following
from aprt.explore.stateful.components import components
from aprt.explore.stateful.eventually import staying
from aprt.explore.stateful.fairness import round_trip
from aprt.explore.stateful.loop import Loop
from aprt.explore.watchdog import Look, looking


@attrs.frozen
class Round:
    """The number of a state, the steps that lead from it back to it, and the places of the contexts that take them."""

    here: int
    steps: tuple[int, ...]
    contexts: tuple[int, ...]


def no_way_out(tables: Tables[Due], loop: Loop, following: Following, lost: Sequence[int], look: Look) -> Round:
    """One round in the bottom component that is reached first, from the state in which it is first entered.

    loop, following: of all states. lost: the numbers, at least one, of the states that reach no state without steps.
    """
    parts = components(lost, following, look)
    bottoms = (part for part in parts if all(part.issuperset(following(number)) for number in looking(part, look)))
    bottom = min(bottoms, key=min)
    here = min(bottom)
    graph = staying(tables, {loop.state(number): number for number in looking(bottom, look)}, look)
    edges = round_trip(graph, bottom, here, look)
    return Round(here, tuple(edge.step for edge in edges), tuple(dict.fromkeys(edge.context for edge in edges)))

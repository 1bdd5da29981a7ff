"""What stays as it is for ever: fair loops among the states in which a check says that it is so."""

from __future__ import annotations

from aprt.explore.checks import Judge, Note
from aprt.explore.fairness import Edge, Graph, Node, fair_loop
from aprt.explore.loop import Loop, after
from aprt.explore.tables import Tables


def for_ever(tables: Tables[Note], loop: Loop, judge: Judge) -> tuple[int, str, tuple[int, ...]] | None:
    """The first state from which it can stay so: its number, what the check says of it, and the steps round.

    loop: with all states. None: nowhere.
    """
    oopses = set(loop.oopses)
    states = {loop.state(number): number for number in range(len(loop)) if number not in oopses}
    states = {state: number for state, number in states.items() if judge(state) is not None}
    found = fair_loop(_graph(tables, states))
    if found is None:
        return None
    here, edges = found
    text = judge(loop.state(here))
    assert text is not None
    return here, f"{text}, for ever", tuple(edge.step for edge in edges)


def _graph(tables: Tables[Note], states: dict[int, int]) -> Graph:
    return {number: _node(tables, states, state) for state, number in states.items()}


def _node(tables: Tables[Note], states: dict[int, int], state: int) -> Node:
    edges, enabled, takers = [], set(), set()
    for place, moves in tables.offers(state):
        for move in moves:
            enabled.add(place)
            done = tables.steps[move[1]]
            takes = len(done.caller.held) > len(done.event.caller.held)
            if takes:
                takers.add(place)
            target = states.get(after(state, move)[0])
            if target is not None:
                edges.append(Edge(target, move[1], place, takes))
    return Node(tuple(edges), frozenset(enabled), frozenset(takers))

"""What stays as it is for ever: fair loops among the states in which a check says that it is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aprt.explore.checking.checks import Note
from aprt.explore.checking.judges import Judge
from aprt.explore.learned.tables import Tables
from aprt.explore.stateful.fairness import Edge, Graph, Node, fair_loop
from aprt.explore.stateful.loop import Loop, after


def for_ever(
    tables: Tables[Note], loop: Loop, judges: Sequence[Judge]
) -> Iterator[tuple[str, str, int, tuple[int, ...]]]:
    """For each check that can stay so: its property, what it says, the first state from which it can, the steps round.

    loop: with all states.
    """
    oopses = set(loop.oopses)
    so: list[dict[int, int]] = [{} for _ in judges]
    for number in range(len(loop)):
        if number not in oopses:
            state = loop.state(number)
            for judge, states in zip(judges, so, strict=True):
                if judge(state) is not None:
                    states[state] = number
    for judge, states in zip(judges, so, strict=True):
        found = fair_loop(staying(tables, states))
        if found is not None:
            here, edges = found
            yield judge.id, for_ever_text(judge(loop.state(here))), here, tuple(edge.step for edge in edges)


def for_ever_text(said: str | None) -> str:
    """What is wrong when what a check said stays so."""
    return f"{said}, for ever"


def no_way_out(tables: Tables[Note], loop: Loop, lost: int) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Behind a state that reaches no end: the first state of a loop that nothing leads out of, the steps round, and the
    places of the contexts that take them.

    loop: with all states.
    """
    numbers = {loop.state(number): number for number in range(len(loop))}
    todo = [loop.state(lost)]
    behind = {todo[0]: lost}
    while todo:
        state = todo.pop()
        for move in tables.moves(state):
            successor, _ = after(state, move)
            if successor not in behind:
                behind[successor] = numbers[successor]
                todo.append(successor)
    found = fair_loop(staying(tables, behind))
    assert found is not None, "what is behind a state that reaches no end is finite, and is gone round in"
    here, edges = found
    return here, tuple(edge.step for edge in edges), tuple(dict.fromkeys(edge.context for edge in edges))


def staying(tables: Tables[Note], states: Mapping[int, int]) -> Graph:
    """The part of the state graph with these states, each with its number."""
    return {number: _node(tables, states, state) for state, number in states.items()}


def _node(tables: Tables[Note], states: Mapping[int, int], state: int) -> Node:
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

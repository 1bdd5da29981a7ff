"""What stays so for ever (`Eventually`): fair loops among the states in which a check says that something is so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from aprt.explore.checking.checks import Due, after
from aprt.explore.checking.judges import Judge
from aprt.explore.learned.tables import Tables
from aprt.explore.reachability import Following
from aprt.explore.stateful.components import components
from aprt.explore.stateful.fairness import Edge, Graph, Node, fair_loop
from aprt.explore.stateful.loop import Loop
from aprt.explore.watchdog import Look, looking, unwatched


def for_ever(
    tables: Tables[Due], loop: Loop, following: Following, judges: Sequence[Judge], look: Look
) -> Iterator[tuple[str, str, int, tuple[int, ...]]]:
    """For each check whose words can stay true: its property, the words, the first state from which they can, and the
    steps that go round from there.

    They can stay true if one can go round fairly (`fairness`) in states in which they are. There may be steps out of
    these states, as long as nobody must take one. loop, following: of all states, in the order of the fewest steps to
    them.
    """
    oopses = set(loop.oopses)
    so: list[list[int]] = [[] for _ in judges]
    for number in looking(range(len(loop)), look):
        if number not in oopses:
            state = loop.state(number)
            for judge, numbers in zip(judges, so, strict=True):
                if judge(state) is not None:
                    numbers.append(number)
    for judge, numbers in zip(judges, so, strict=True):
        cyclic = {loop.state(number): number for number in looking(_gone_round_in(numbers, following, look), look)}
        found = fair_loop(staying(tables, cyclic, look), look)
        if found is not None:
            here, edges = found
            yield judge.id, for_ever_text(judge(loop.state(here))), here, tuple(edge.step for edge in edges)


def _gone_round_in(numbers: Collection[int], following: Following, look: Look) -> Iterator[int]:
    """Those of these states that some steps within them lead back to: few, as a rule."""
    within = frozenset(numbers)

    def targets(number: int) -> list[int]:
        return [target for target in following(number) if target in within]

    for part in components(numbers, targets, look):
        if len(part) > 1 or not part.isdisjoint(targets(*part)):
            yield from part


def for_ever_text(said: str | None) -> str:
    """What is wrong when what a check said stays so."""
    return f"{said}, for ever"


def staying(tables: Tables[Due], states: Mapping[int, int], look: Look = unwatched) -> Graph:
    """The part of the state graph with these states, each with its number."""
    return {number: _node(tables, states, state) for state, number in looking(states.items(), look)}


def _node(tables: Tables[Due], states: Mapping[int, int], state: int) -> Node:
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

"""Fair loops: whether a part of the state graph can be gone round in for ever, without neglecting anybody.

A run that never ends is fair when no context is neglected:

    weakly      a context that can take a step, and goes on being able to, takes one
    strongly    a context that can take a lock again and again takes one (somebody else may hold it in between)

A strongly connected component has a fair loop unless a context can step in all of it and never does within it; one
that can take a lock somewhere in it and never does is avoided by leaving those states out, and looking again.

Algorithm: Baier & Katoen, Principles of Model Checking, section 6.5; components: Tarjan 1972.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import attrs


@attrs.frozen
class Edge:
    """A step from a state to a state. takes: whether its context then holds something more."""

    target: int
    step: int
    context: int
    takes: bool = False


@attrs.frozen
class Node:
    """A state: the steps that stay in the part of the graph, who can step at all, and who can take something."""

    edges: tuple[Edge, ...]
    enabled: frozenset[int]
    takers: frozenset[int]


Graph = Mapping[int, Node]
Loop = tuple[Edge, ...]


def fair_loop(graph: Graph) -> tuple[int, Loop] | None:
    """A fair loop, by the lowest number of a state from which there is one, and its steps from there; None: no loop.

    The steps are few, but not always the fewest: each context that would be neglected is visited in turn.
    """
    found = min(fair_parts(graph), key=min, default=None)
    if found is None:
        return None
    start = min(found)
    return start, _loop(graph, found, start)


def fair_parts(graph: Graph) -> Iterator[frozenset[int]]:
    """The largest sets of states that can be gone round in, all of each, without neglecting anybody."""
    yield from _fair(graph, graph.keys())


def _fair(graph: Graph, nodes: Collection[int]) -> Iterator[frozenset[int]]:
    for component in _components(graph, nodes):
        inside = [edge for node in component for edge in graph[node].edges if edge.target in component]
        if not inside:
            continue
        moving = {edge.context for edge in inside}
        taking = {edge.context for edge in inside if edge.takes}
        if frozenset.intersection(*(graph[node].enabled for node in component)) - moving:
            continue
        denied = frozenset().union(*(graph[node].takers for node in component)) - taking
        if denied:
            yield from _fair(graph, [node for node in component if not graph[node].takers & denied])
        else:
            yield component


def _components(graph: Graph, nodes: Collection[int]) -> Iterator[frozenset[int]]:
    """The strongly connected components of these states."""
    wanted = frozenset(nodes)
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in nodes:
        if root in index:
            continue
        todo = [(root, _targets(graph, root, wanted))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while todo:
            node, targets = todo[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    todo.append((target, _targets(graph, target, wanted)))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[node])
                if low[node] == index[node]:
                    members = set[int]()
                    while node not in members:
                        members.add(stack.pop())
                    on_stack -= members
                    yield frozenset(members)


def _targets(graph: Graph, node: int, wanted: frozenset[int]) -> Iterator[int]:
    return iter([edge.target for edge in graph[node].edges if edge.target in wanted])


Goal = Callable[[Edge], bool]


def _loop(graph: Graph, component: frozenset[int], start: int) -> Loop:
    goals: list[Goal] = []
    while True:
        loop = _round(graph, component, start, goals)
        neglected = _neglected(graph, start, loop)
        if neglected is None:
            return loop
        goals.append(neglected)


def _round(graph: Graph, component: frozenset[int], start: int, goals: Iterable[Goal]) -> Loop:
    """From a state past each goal and back."""
    loop: list[Edge] = []
    here = start
    for goal in goals:
        loop += _way(graph, component, here, goal)
        here = loop[-1].target
    if here != start or not loop:
        loop += _way(graph, component, here, lambda edge: edge.target == start)
    return tuple(loop)


def _way(graph: Graph, component: frozenset[int], here: int, goal: Goal) -> list[Edge]:
    """The shortest way whose last step is the goal."""
    came: dict[int, list[Edge]] = {here: []}
    todo = deque([here])
    while todo:
        node = todo.popleft()
        for edge in graph[node].edges:
            if edge.target not in component:
                continue
            if goal(edge):
                return [*came[node], edge]
            if edge.target not in came:
                came[edge.target] = [*came[node], edge]
                todo.append(edge.target)
    raise AssertionError("a fair component has a way to everybody who would be neglected")


def _neglected(graph: Graph, start: int, loop: Loop) -> Goal | None:
    """What is still to be visited on a loop, so that nobody is neglected."""
    nodes = [graph[node] for node in (start, *(edge.target for edge in loop))]
    moving = {edge.context for edge in loop}
    taking = {edge.context for edge in loop if edge.takes}
    for context in sorted(frozenset.intersection(*(node.enabled for node in nodes)) - moving):
        return lambda edge: edge.context == context or context not in graph[edge.target].enabled
    for context in sorted(frozenset().union(*(node.takers for node in nodes)) - taking):
        return lambda edge: edge.takes and edge.context == context
    return None

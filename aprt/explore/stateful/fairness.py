"""Fair loops: whether a part of the state graph can be gone round in for ever, without neglecting anybody.

A run that never ends is fair when no context is neglected:

    weakly      a context that can take a step, and goes on being able to, takes one
    strongly    a context that can take a lock again and again takes one (somebody else may hold it in between)

A strongly connected component has a fair loop unless a context can step in all of it and never does within it; one
that can take a lock somewhere in it and never does is avoided by leaving those states out, and looking again.

The fewest steps of a fair loop are those of a shortest way through pairs of a state and of who is still neglected.

Algorithms: Baier & Katoen, Principles of Model Checking, section 6.5; components: Tarjan 1972; shortest way: A*, Hart,
Nilsson & Raphael 1968.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

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


Graph: TypeAlias = Mapping[int, Node]
Loop: TypeAlias = tuple[Edge, ...]


def fair_loop(graph: Graph) -> tuple[int, Loop] | None:
    """The lowest number of a state from which there is a fair loop, and the fewest steps of one; None: no loop."""
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


@attrs.frozen(cache_hash=True)
class _Walk:
    """Where a walk has come to, and what it owes.

    waiting: who could step in all of its states, and took none of its steps. denied: who could take something in some
    state, and has taken nothing. served: who has taken something.
    """

    node: int
    waiting: frozenset[int]
    denied: frozenset[int]
    served: frozenset[int]

    def behind(self, edge: Edge, target: Node) -> _Walk:
        served = self.served | {edge.context} if edge.takes else self.served
        waiting = (self.waiting - {edge.context}) & target.enabled
        return _Walk(edge.target, waiting, (self.denied | target.takers) - served, served)


def _loop(graph: Graph, component: frozenset[int], start: int) -> Loop:
    """The fewest steps round that neglect nobody: A*, by how far it is back at least."""
    back = _distances(graph, component, start)
    todo: list[tuple[int, int, _Walk, Loop]] = []
    walk, loop = _Walk(start, graph[start].enabled, graph[start].takers, frozenset()), Loop()
    seen, order = {walk}, count()
    while not loop or walk.node != start or walk.waiting or walk.denied:
        for edge in graph[walk.node].edges:
            if edge.target in component:
                longer = (*loop, edge)
                following = walk.behind(edge, graph[edge.target])
                heappush(todo, (len(longer) + back[edge.target], next(order), following, longer))
        while walk in seen:
            _, _, walk, loop = heappop(todo)
        seen.add(walk)
    return loop


def _distances(graph: Graph, component: frozenset[int], goal: int) -> dict[int, int]:
    """How many steps it is at least to a state from each of the component."""
    sources: dict[int, list[int]] = {node: [] for node in component}
    for node in component:
        for edge in graph[node].edges:
            if edge.target in component:
                sources[edge.target].append(node)
    distances, todo = {goal: 0}, deque([goal])
    while todo:
        node = todo.popleft()
        for source in sources[node]:
            if source not in distances:
                distances[source] = distances[node] + 1
                todo.append(source)
    return distances

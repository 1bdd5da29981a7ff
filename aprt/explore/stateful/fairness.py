"""Fair loops: whether a part of the state graph can be gone round in for ever, without neglecting anybody.

A run that never ends is fair when no context is neglected:

    weakly      a context that can take a step, and goes on being able to, takes one
    strongly    a context that can take a lock again and again takes one (somebody else may hold it in between)

A strongly connected component has a fair loop unless a context can step in all of it and never does within it; one
that can take a lock somewhere in it and never does is avoided by leaving those states out, and looking again.

What a context does with its steps is up to it: of the options of a choice one may be taken each time, and a context
that tries for several locks has had its turn when it takes one of them.

The fewest steps of a fair loop are those of a shortest way through pairs of a state and of who is still neglected.

Algorithms: Baier & Katoen, Principles of Model Checking, section 6.5; shortest way: A*, Hart, Nilsson & Raphael 1968.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeAlias, TypeVar

import attrs

from aprt.explore.stateful.components import components
from aprt.explore.watchdog import Look, looking, unwatched

_WALKS: Final = 50_000  # to look at for the fewest steps: some seconds


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
Way: TypeAlias = tuple[Edge, ...]
"""Steps that follow one another."""

_T = TypeVar("_T")
_Came: TypeAlias = dict[_T, tuple[_T, Edge] | None]
"""How everything was first come to: from where, and with which step; None where it began."""


def fair_loop(graph: Graph, look: Look = unwatched) -> tuple[int, Way] | None:
    """The lowest number of a state from which there is a fair loop, and a `round_trip`; None: no loop."""
    found = min(fair_parts(graph, look), key=min, default=None)
    if found is None:
        return None
    start = min(found)
    return start, round_trip(graph, found, start, look)


def fair_parts(graph: Graph, look: Look = unwatched) -> Iterator[frozenset[int]]:
    """The largest sets of states that can be gone round in, all of each, without neglecting anybody."""
    yield from _fair(graph, graph.keys(), look)


def _fair(graph: Graph, nodes: Collection[int], look: Look) -> Iterator[frozenset[int]]:
    wanted = frozenset(nodes)

    def targets(node: int) -> list[int]:
        return [edge.target for edge in graph[node].edges if edge.target in wanted]

    for component in components(nodes, targets, look):
        inside = [edge for node in looking(component, look) for edge in graph[node].edges if edge.target in component]
        if not inside:
            continue
        moving = {edge.context for edge in inside}
        taking = {edge.context for edge in inside if edge.takes}
        if frozenset.intersection(*(graph[node].enabled for node in looking(component, look))) - moving:
            continue
        denied = frozenset().union(*(graph[node].takers for node in looking(component, look))) - taking
        if denied:
            rest = [node for node in looking(component, look) if not graph[node].takers & denied]
            yield from _fair(graph, rest, look)
        else:
            yield component


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

    @classmethod
    def from_(cls, start: int, graph: Graph) -> _Walk:
        """Before the first step from `start`: whoever can step, or take something, is neglected so far."""
        return cls(start, graph[start].enabled, graph[start].takers, frozenset())

    def behind(self, edge: Edge, target: Node) -> _Walk:
        served = self.served | {edge.context} if edge.takes else self.served
        waiting = (self.waiting - {edge.context}) & target.enabled
        return _Walk(edge.target, waiting, (self.denied | target.takers) - served, served)

    def owes(self, start: int) -> bool:
        """Whether this is not yet a loop from `start` that neglects nobody."""
        return self.node != start or bool(self.waiting or self.denied)

    def pays(self, edge: Edge, target: Node) -> bool:
        """Whether that step ends the neglect of somebody, who takes it, or who cannot step behind it."""
        taken = edge.takes and edge.context in self.denied
        return taken or edge.context in self.waiting or not self.waiting <= target.enabled


def round_trip(graph: Graph, part: frozenset[int], start: int, look: Look = unwatched) -> Way:
    """From a state of a fair part back to it without neglecting anybody: the fewest steps.

    Where too many walks would have to be looked at to know them, it goes to whoever is neglected, the nearest first.
    """
    return _fewest(graph, part, start, look) or _from_each_to_the_nearest(graph, part, start, look)


def _fewest(graph: Graph, part: frozenset[int], start: int, look: Look) -> Way:
    """A*, by how far it is back at least; none where that takes too many walks."""
    back = _distances(graph, part, start, look)
    todo: list[tuple[int, int, _Walk, tuple[_Walk, Edge]]] = []
    walk, steps, order = _Walk.from_(start, graph), 0, count()
    came: _Came[_Walk] = {walk: None}
    while walk.owes(start):
        if len(came) > _WALKS:
            return ()
        if not len(came) & 255:
            look()
        for edge in graph[walk.node].edges:
            if edge.target in part:
                following = walk.behind(edge, graph[edge.target])
                if following not in came:
                    heappush(todo, (steps + 1 + back[edge.target], next(order), following, (walk, edge)))
        while walk in came:
            least, _, walk, by = heappop(todo)
        came[walk], steps = by, least - back[walk.node]
    return _way(came, walk)


def _from_each_to_the_nearest(graph: Graph, part: frozenset[int], start: int, look: Look) -> Way:
    walk, loop = _Walk.from_(start, graph), list[Edge]()
    while walk.owes(start):
        way = _nearest(graph, part, walk, start, look)
        for edge in way:
            walk = walk.behind(edge, graph[edge.target])
        loop += way
    return tuple(loop)


def _nearest(graph: Graph, part: frozenset[int], walk: _Walk, start: int, look: Look) -> Way:
    """The fewest steps with which a walk neglects somebody no more; or those back, if it neglects nobody."""
    todo, came = [walk.node], _Came[int]({walk.node: None})
    neglecting = walk.waiting or walk.denied
    for node in looking(todo, look):
        for edge in graph[node].edges:
            if edge.target in part:
                if walk.pays(edge, graph[edge.target]) if neglecting else edge.target == start:
                    return (*_way(came, node), edge)
                if edge.target not in came:
                    came[edge.target] = node, edge
                    todo.append(edge.target)
    raise AssertionError("the part is not fair")


def _way(came: _Came[_T], to: _T) -> Way:
    """The steps that led there."""
    way = list[Edge]()
    while (by := came[to]) is not None:
        to, edge = by
        way.append(edge)
    return tuple(reversed(way))


def _distances(graph: Graph, component: frozenset[int], goal: int, look: Look) -> dict[int, int]:
    """How many steps it is at least to a state from each of the component."""
    sources: dict[int, list[int]] = {node: [] for node in component}
    for node in looking(component, look):
        for edge in graph[node].edges:
            if edge.target in component:
                sources[edge.target].append(node)
    distances, todo = {goal: 0}, [goal]
    for node in looking(todo, look):
        for source in sources[node]:
            if source not in distances:
                distances[source] = distances[node] + 1
                todo.append(source)
    return distances

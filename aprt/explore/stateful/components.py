"""The strongly connected components of a graph: the sets of nodes, as large as can be, that can be gone round in.

Algorithm: Tarjan, Depth-first search and linear graph algorithms, SIAM Journal on Computing 1972; without recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from aprt.explore.watchdog import Look, unwatched


def components(
    nodes: Iterable[int], targets: Callable[[int], Iterable[int]], look: Look = unwatched
) -> Iterator[frozenset[int]]:
    """Of the graph that can be reached from these nodes; each component comes behind all those that it leads to.

    targets: where a node leads.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    todo: list[tuple[int, Iterator[int]]] = []
    turns = 0

    def enter(node: int) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        todo.append((node, iter(targets(node))))

    for root in nodes:
        if root not in index:
            enter(root)
        while todo:
            if not turns & 255:
                look()
            turns += 1
            node, further = todo[-1]
            for target in further:
                if target not in index:
                    enter(target)
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

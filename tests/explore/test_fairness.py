"""What stays so for ever: fair loops and nothing else, by programs, and against every set of states of small graphs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import chain, combinations

import pytest

from aprt.core.errors import UserError
from aprt.core.properties import Eventually, Property
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System, View
from aprt.explore.explore import explore
from aprt.explore.result import Exploration
from aprt.explore.stateful import fairness
from aprt.explore.stateful.components import components
from aprt.explore.stateful.fairness import Edge, Graph, Node, fair_loop, fair_parts, round_trip
from aprt.kernel.cell import Cell
from aprt.kernel.mutex import Mutex
from aprt.verdict.confirm import confirm

FLAG, LOCK = Cell("flag", 0), Mutex("lock")


def unset(view: View) -> str | None:
    return None if view(FLAG).value else "the flag is not set"


SET = Property("set", "the flag is set sooner or later", (Eventually((FLAG,), unset),))


async def sets() -> None:
    await FLAG.write(1)


async def polls() -> None:
    while not await FLAG.read():
        pass


async def locks_for_ever() -> None:
    while True:
        await LOCK.lock()
        await LOCK.unlock()


async def sets_locked() -> None:
    await LOCK.lock()
    await FLAG.write(1)
    await LOCK.unlock()


async def sets_when_it_can_peek() -> None:
    while not await FLAG.compare_and_swap(2, 1):
        pass


def system(**behaviours: object) -> System:
    return System((FLAG, LOCK), [Context(name, run) for name, run in behaviours.items()])  # type: ignore[arg-type]


def ask(**behaviours: object) -> Exploration:
    return explore(system(**behaviours), [SET])


def test_one_who_polls_does_not_keep_the_other_from_its_step() -> None:
    found = ask(a=polls, b=sets)
    assert (found.complete, found.findings) == (True, ())


def test_polling_for_what_nobody_sets_goes_round_for_ever() -> None:
    found = ask(a=polls)
    (finding,) = found.findings
    assert finding.text == "the flag is not set, for ever"
    assert (finding.schedule, finding.loop) == (Schedule.of([("a", "flag.read")] * 2), 1)


def test_a_lock_that_is_free_again_and_again_is_had_at_last() -> None:
    found = ask(a=locks_for_ever, b=sets_locked)
    assert (found.complete, found.findings) == (True, ())


def test_without_a_step_ever_taken_an_end_is_for_ever_too() -> None:
    async def nothing() -> None:
        await LOCK.lock()

    (finding,) = ask(a=nothing).findings
    assert (finding.text, finding.loop) == ("the flag is not set", 0)
    assert finding.schedule == Schedule.of([("a", "lock.lock")])


def test_what_is_so_in_a_deadlock_is_for_ever() -> None:
    async def twice() -> None:
        await LOCK.lock()

    (finding,) = ask(a=twice, b=sets_locked).findings
    assert (finding.text, finding.loop, len(finding.schedule)) == ("the flag is not set", 0, 1)


def test_a_loop_visits_everybody_who_would_be_neglected() -> None:
    """b spins, too: going round with a alone would neglect it."""
    (finding,) = ask(a=polls, b=sets_when_it_can_peek).findings
    steps = {label.context for label in tuple(finding.schedule)[-finding.loop :]}
    assert (steps, finding.loop) == ({"a", "b"}, 2)


def test_trio_takes_the_loop_once_more() -> None:
    program = system(a=polls, b=sets_when_it_can_peek)
    (finding,) = explore(program, [SET]).findings
    confirmed, execution = confirm(program, finding, SET)
    assert (confirmed, execution.schedule) == (finding, finding.schedule)


@pytest.mark.parametrize("strategy", ["dpor", "reduced"])
def test_a_search_of_less_than_the_state_graph_refuses(strategy: str) -> None:
    with pytest.raises(UserError, match="property set asks what can be reached from each state"):
        explore(system(a=polls), [SET], strategy=strategy)


def random_graph(seed: int) -> Graph:
    lots = random.Random(seed)
    size, contexts = lots.randint(1, 5), lots.randint(1, 3)
    nodes = {}
    for node in range(size):
        edges = tuple(
            Edge(lots.randrange(size), step, lots.randrange(contexts), lots.random() < 0.3)
            for step in range(lots.randint(0, 3))
        )
        enabled = {edge.context for edge in edges} | {c for c in range(contexts) if lots.random() < 0.3}
        takers = {edge.context for edge in edges if edge.takes} | {c for c in enabled if lots.random() < 0.1}
        nodes[node] = Node(edges, frozenset(enabled), frozenset(takers))
    return nodes


def strongly_connected(graph: Graph, part: frozenset[int]) -> bool:
    def reach(here: int) -> set[int]:
        seen, todo = set[int](), [here]
        while todo:
            for edge in graph[todo.pop()].edges:
                if edge.target in part and edge.target not in seen:
                    seen.add(edge.target)
                    todo.append(edge.target)
        return seen

    return all(reach(node) >= part for node in part)


def fair(graph: Graph, part: frozenset[int]) -> bool:
    inside = [edge for node in part for edge in graph[node].edges if edge.target in part]
    always = frozenset.intersection(*(graph[node].enabled for node in part))
    often = frozenset().union(*(graph[node].takers for node in part))
    return always <= {e.context for e in inside} and often <= {e.context for e in inside if e.takes}


def loops(graph: Graph, start: int, steps: int) -> Iterator[tuple[Edge, ...]]:
    """All ways of so many steps from a state back to it."""
    ways: list[tuple[Edge, ...]] = [()]
    for _ in range(steps):
        ways = [(*way, edge) for way in ways for edge in graph[way[-1].target if way else start].edges]
    return (way for way in ways if way[-1].target == start)


def neglects_nobody(graph: Graph, loop: tuple[Edge, ...]) -> bool:
    visited = [graph[edge.target] for edge in loop]
    always = frozenset.intersection(*(node.enabled for node in visited))
    often = frozenset().union(*(node.takers for node in visited))
    return always <= {edge.context for edge in loop} and often <= {edge.context for edge in loop if edge.takes}


def test_a_long_search_for_a_loop_can_be_ended() -> None:
    ring = {n: Node((Edge((n + 1) % 1_000, n, 0),), frozenset({0}), frozenset()) for n in range(1_000)}
    looks = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(fair_parts(ring, look))
    parts = list(fair_parts(ring, look))
    assert parts == [frozenset(range(1_000))]
    looks.clear()
    with pytest.raises(KeyboardInterrupt):
        round_trip(ring, parts[0], 0, look)
    assert [edge.step for edge in round_trip(ring, parts[0], 0)] == list(range(1_000))


def test_a_search_for_components_can_be_ended_on_its_way_back_too() -> None:
    looks: list[int] = []
    parts = list(components(range(1_000), lambda n: [(n + 1) % 1_000], lambda: looks.append(len(looks))))
    assert (parts, len(looks)) == ([frozenset(range(1_000))], 8)


class Torus(dict[int, Node]):
    """Two contexts that go round, in 64 steps and in 32; in one state the first could take a lock, and never does.

    Counts the states that are asked for between two looks.
    """

    def __init__(self) -> None:
        self.since, self.most = 0, 0
        for here in range(64 * 32):
            one, other = Edge((here + 32) % 2_048, 0, 0), Edge(here // 32 * 32 + (here + 1) % 32, 1, 1)
            self[here] = Node((one, other), frozenset({0, 1}), frozenset({0} if here == 777 else ()))

    def __getitem__(self, here: int) -> Node:
        self.since += 1
        self.most = max(self.most, self.since)
        return super().__getitem__(here)

    def look(self) -> None:
        self.since = 0


@pytest.mark.parametrize("walks", [50_000, 1])
def test_it_looks_at_no_more_than_a_thousand_states_in_between(walks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairness, "_WALKS", walks)
    torus = Torus()
    (part,) = fair_parts(torus, torus.look)
    assert part == torus.keys() - {777}
    assert len(round_trip(torus, part, 0, torus.look)) == 64 + 32
    assert torus.most < 1_000


def test_where_that_is_too_much_to_look_at_a_loop_goes_to_whoever_is_neglected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fewest = {seed: fair_loop(random_graph(seed)) for seed in range(1_000)}
    monkeypatch.setattr(fairness, "_WALKS", 1)
    longer = 0
    for seed, best in fewest.items():
        graph, found = random_graph(seed), fair_loop(random_graph(seed))
        assert (found is None) == (best is None)
        if found is not None and best is not None:
            assert neglects_nobody(graph, found[1])
            assert found[1][-1].target == found[0] == best[0]
            longer += len(found[1]) > len(best[1])
    assert (longer, sum(one is not None for one in fewest.values())) == (101, 633)


def test_fair_loops_are_those_that_looking_at_every_set_of_states_finds_with_the_fewest_steps() -> None:
    lengths = Counter[int]()
    for seed in range(3_000):
        graph = random_graph(seed)
        parts = chain.from_iterable(combinations(graph, n) for n in range(1, len(graph) + 1))
        lowest = [min(p) for p in map(frozenset, parts) if strongly_connected(graph, p) and fair(graph, p)]
        found = fair_loop(graph)
        assert (found is None) == (not lowest)
        if found is not None:
            start, loop = found
            assert start == min(lowest)
            assert loop in loops(graph, start, len(loop))
            assert neglects_nobody(graph, loop)
            assert not any(neglects_nobody(graph, one) for n in range(1, len(loop)) for one in loops(graph, start, n))
            lengths[len(loop)] += 1
    assert sum(lengths.values()) > 500
    assert max(lengths) > 4

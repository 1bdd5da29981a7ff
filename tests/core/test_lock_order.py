"""The lock order as a graph of classes: which circles count."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aprt.core.caller import Caller
from aprt.core.lock_order import Demand, Edge, LockGraph, title
from aprt.core.notes import Hold
from aprt.core.step import Ask
from aprt.kernel.mutex import Mutex
from aprt.kernel.rwsem import RwSem

A, B = Mutex("a", lock_class="A"), Mutex("b")
OTHER_A = Mutex("a2", lock_class="A")
SEM = RwSem("sem")


def graph(*edges: Edge, written: Iterable[str] = "") -> LockGraph:
    found = LockGraph()
    found.add(edges, written)
    return found


def edges(*names: str) -> tuple[Edge, ...]:
    """`AB` is A held while B is asked for; a letter in lower case is for reading."""
    return tuple(Edge(h.upper(), a.upper(), h.islower(), a.islower()) for h, a in names)


def test_a_cycle_is_a_shortest_one_and_begins_with_its_first_name() -> None:
    assert graph(*edges("BC", "CA", "AB")).cycle() == edges("AB", "BC", "CA")
    assert graph(*edges("BC", "CA", "AB", "CB")).cycle() == edges("BC", "CB")
    assert graph(*edges("XY", "YX", "AB", "BA")).cycle() == edges("AB", "BA")
    assert graph(*edges("AB", "BC", "AC")).cycle() is None
    assert graph().cycle() is None


def test_two_locks_of_one_class_are_a_cycle_of_one_edge() -> None:
    assert graph(*edges("AA", "AB")).cycle() == edges("AA")
    assert title(edges("AA")) == "possible recursive locking: A -> A"
    assert title(edges("AB", "BA")) == "possible circular locking dependency: A -> B -> A"


@pytest.mark.parametrize(
    ("names", "written", "cycle"),
    [
        ("Ab bA", "", None),  # who reads b does not wait for who reads b
        ("Ab bA", "B", "Ab bA"),  # unless a writer waits in between
        ("Ab BA", "", "Ab BA"),  # a reader waits for a writer
        ("AB bA", "", "AB bA"),  # a writer waits for a reader
        ("ab ba", "A", None),  # one place with a writer is not enough
        ("ab ba", "AB", "ab ba"),
        ("aa", "", None),
        ("aA", "", "aA"),
        ("ab bc ca", "BC", None),
        ("ab bc Ca", "BC", None),
        ("ab bc cA", "BC", "ab bc cA"),
    ],
)
def test_readers_wait_for_readers_only_where_there_is_a_writer(names: str, written: str, cycle: str | None) -> None:
    found = graph(*edges(*names.split()), written=written).cycle()
    assert found == (None if cycle is None else edges(*cycle.split()))


def test_what_a_call_asks_for_is_an_edge_from_every_lock_that_its_context_holds() -> None:
    held = (Hold("a", lock_class="A"), Hold("sem", "read"))
    demand = Demand.of(Ask(Caller("t", held), B.lock(), ("ioctl", "handle", "__aenter__")))
    assert demand is not None
    assert demand.edges == {Edge("A", "b"): held[0], Edge("sem", "b", held_shared=True): held[1]}
    assert demand.words(Edge("A", "b")) == "t holds a (A) and asks for b in handle()"
    assert demand.words(Edge("sem", "b", held_shared=True)) == "t holds sem for reading and asks for b in handle()"


def test_a_lock_that_is_held_already_and_a_trylock_ask_for_nothing() -> None:
    by = Caller("t", (Hold("sem", "read"), Hold("b")))
    for again in (Demand.of(Ask(by, SEM.down_write(), ())), Demand.of(Ask(by, B.lock(), ()))):
        assert again is not None
        assert again.edges == {}
    assert Demand.of(Ask(by, A.trylock(), ())) is None
    assert Demand.of(Ask(by, B.unlock(), ())) is None


def test_a_lock_that_is_read_once_more_is_an_edge_from_itself_and_a_circle_where_there_is_a_writer() -> None:
    by = Caller("t", (Hold("sem", "read"), Hold("b")))
    again = Demand.of(Ask(by, SEM.down_read(), ()))
    assert again is not None
    assert list(again.edges) == [
        Edge("sem", "sem", held_shared=True, asked_shared=True),
        Edge("b", "sem", asked_shared=True),
    ]
    assert graph(*again.edges).cycle() is None
    assert graph(*again.edges, written=["sem"]).cycle() == (*again.edges,)[:1]


def test_another_lock_of_the_class_is_an_edge_and_a_subclass_a_class_of_its_own() -> None:
    by = Caller("t", (Hold("a", lock_class="A"),))
    plain, nested = Demand.of(Ask(by, OTHER_A.lock(), ())), Demand.of(Ask(by, OTHER_A.lock(1), ()))
    assert plain is not None
    assert nested is not None
    assert list(plain.edges) == [Edge("A", "A")]
    assert list(nested.edges) == [Edge("A", "A/1")]


def test_what_closes_a_cycle_is_said_when_it_comes() -> None:
    found = LockGraph()
    assert [found.add(edges(each)) for each in ("AB", "BC", "CA", "AB", "CD")] == [False, False, True, False, False]
    read = graph(*edges("ab", "ba"))
    assert [read.add((), written) for written in ("A", "B", "B")] == [False, True, False]


def test_the_witness_of_an_edge_is_the_first_by_name_whoever_saw_it() -> None:
    def seen(*contexts: str) -> LockGraph:
        found = LockGraph()
        for context in contexts:
            demand = Demand.of(Ask(Caller(context, (A.hold(),)), B.lock(), (f"{context}()",)))
            assert demand is not None
            found.closes(demand)
        return found

    merged = seen("u", "v")
    merged.merge(seen("t"))
    assert [
        {edge: demand.by.context for edge, demand in one.witnesses.items()} for one in (seen("v", "u"), merged)
    ] == [
        {Edge("A", "b"): "u"},
        {Edge("A", "b"): "t"},
    ]

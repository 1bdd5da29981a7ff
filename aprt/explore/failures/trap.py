"""Traps: states from which something goes on for ever. Only the whole state graph shows that, no single execution.

The trap of a hang is the states from which no end state can be reached; that of a livelock, those from which no
deadlock can be reached either. That of something that must not stay so (`Eventually`) is the states of fair loops in
which it stays so.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

import attrs

from aprt.core.finding import Finding
from aprt.core.schedule import Label
from aprt.explore.checking.judges import Judge
from aprt.explore.failures.explored_graph import ExploredGraph
from aprt.explore.learned.packing import INITIAL
from aprt.explore.reachability import reaching
from aprt.explore.stateful.eventually import for_ever_text, staying
from aprt.explore.stateful.fairness import fair_parts


@attrs.frozen
class Part:
    """States in which executions can stay for ever. moves: the steps that they take there, each as (state, step); none
    where nothing is possible any more."""

    states: tuple[int, ...]
    moves: tuple[tuple[int, int], ...]


@attrs.frozen(eq=False)
class Trap:
    """States are given by their numbers in `graph`, which is complete.

    entry: the last step of the finding's schedule, and the state it leads to. states: to enter one of them is the
    failure. kept: the states from which, whether they are in the trap already or not, it can go on for ever without a
    break. parts: where executions that enter the trap can stay.
    judge: says what is so there; None for a hang and for a livelock.
    """

    graph: ExploredGraph
    entry: tuple[int, int]
    states: frozenset[int]
    kept: frozenset[int]
    parts: tuple[Part, ...]
    judge: Judge | None = None


def trap_of(graph: ExploredGraph, finding: Finding) -> Trap:
    """The trap into which a finding of something that goes on for ever leads. graph: all states."""
    way = _way(graph, finding.schedule.labels)
    here = graph.state(way[-1][1])
    if not finding.loop:
        return _hang(graph, way[-1])
    judges = graph.ground.checks.eventually
    if not judges:
        return _hang(graph, way[-1], deadlocks=False)
    judge = next(judge for judge in judges if finding.text == for_ever_text(judge(here)))
    return _loop(graph, judge, way[-finding.loop :])


def _hang(graph: ExploredGraph, entry: tuple[int, int], *, deadlocks: bool = True) -> Trap:
    """The states from which no end can be reached. entry: as in `Trap`. deadlocks: whether a deadlock is no end."""
    tables = graph.ground.tables
    ends = {number for number in graph.stuck if not (deadlocks and tables.waiting(graph.state(number)))}
    good = reaching(len(graph), sorted(ends.union(graph.oopses)), *graph.edges())
    lost = frozenset(number for number in range(len(graph)) if not good[number])
    here = reachable_from(graph, entry[1:])
    loops = fair_parts(staying(tables, {graph.state(number): number for number in here}))
    stuck = (frozenset({number}) for number in here if number in graph.stuck)
    parts = tuple(Part(tuple(sorted(part)), _inside(graph, part)) for part in (*loops, *stuck))
    return Trap(graph, entry, lost, lost, parts)


def _loop(graph: ExploredGraph, judge: Judge, loop: Sequence[tuple[int, int]]) -> Trap:
    """Where what a check says can stay so. loop: steps that go round there, each with the state it leads to."""
    so = {graph.state(number): number for number in range(len(graph)) if judge(graph.state(number)) is not None}
    fair = frozenset[int]().union(*fair_parts(staying(graph.ground.tables, so)))
    states = (loop[-1][1], *(target for _, target in loop[:-1]))
    moves = zip(states, (step for step, _ in loop), strict=True)
    return Trap(graph, loop[-1], fair, _leading(graph, fair, so), (Part(states, tuple(moves)),), judge)


def _leading(graph: ExploredGraph, trap: frozenset[int], so: Mapping[int, int]) -> frozenset[int]:
    """The states in which it is so, and from which it can stay so until the trap is entered."""
    inside, sources, targets = set(so.values()), array("q"), array("q")
    for source, target in zip(*graph.edges(), strict=True):
        if source in inside and target in inside:
            sources.append(source)
            targets.append(target)
    able = reaching(len(graph), sorted(trap), sources, targets)
    return frozenset(number for number in inside if able[number])


def _way(graph: ExploredGraph, labels: Iterable[Label]) -> list[tuple[int, int]]:
    """The steps of a schedule, by number, each with the state it leads to."""
    here, found = graph.number(INITIAL), list[tuple[int, int]]()
    for label in labels:
        found.append(next(move for move in graph.moves(here) if _is(graph.ground.label(move[0]), label)))
        here = found[-1][1]
    return found


def _is(one: Label, other: Label) -> bool:
    return (one.context, one.op) == (other.context, other.op)


def reachable_from(graph: ExploredGraph, starts: Iterable[int]) -> frozenset[int]:
    """The states that can follow these, themselves included."""
    seen = set(starts)
    todo = list(seen)
    while todo:
        for _, target in graph.moves(todo.pop()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return frozenset(seen)


def _inside(graph: ExploredGraph, part: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """The steps that stay in a part, each as (state, step)."""
    return tuple((n, step) for n in sorted(part) for step, target in graph.moves(n) if target in part)

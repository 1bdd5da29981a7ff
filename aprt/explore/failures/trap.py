"""Traps: states from which something goes on for ever, told from the whole state graph, as no execution shows it.

Of a hang, those from which no end state can be reached; of a livelock, those from which no deadlock can be reached
either. Of what must not stay so (`Eventually`), those of fair loops in which it does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

import attrs

from aprt.core.finding import Finding
from aprt.core.schedule import Label
from aprt.explore.checking.judges import Judge
from aprt.explore.failures.state_graph import StateGraph
from aprt.explore.hangs import reaching
from aprt.explore.learned.packing import INITIAL
from aprt.explore.stateful.eventually import for_ever_text, staying
from aprt.explore.stateful.fairness import fair_parts


@attrs.frozen
class Part:
    """States in which executions can stay for ever, and the steps that they then take, each behind the state in which
    it is taken; none where nothing is possible any more."""

    states: tuple[int, ...]
    moves: tuple[tuple[int, int], ...]


@attrs.frozen(eq=False)
class Trap:
    """By numbers of states in `graph`, which is complete.

    entry: the last step of the finding's schedule, and the state it leads to. states: to enter one of them is the
    failure. kept: those from which it can go on for ever from now on. parts: where executions that enter it can stay.
    judge: says what is so there; None for a hang and for a livelock.
    """

    graph: StateGraph
    entry: tuple[int, int]
    states: frozenset[int]
    kept: frozenset[int]
    parts: tuple[Part, ...]
    judge: Judge | None = None


def trap_of(graph: StateGraph, finding: Finding) -> Trap:
    """Where a finding of what goes on for ever leads. graph: all states."""
    way = _way(graph, finding.schedule.labels)
    here = graph.state(way[-1][1])
    if not finding.loop:
        return _hang(graph, way[-1])
    judges = graph.ground.checks.eventually
    if not judges:
        return _hang(graph, way[-1], deadlocks=False)
    judge = next(judge for judge in judges if finding.text == for_ever_text(judge(here)))
    return _loop(graph, judge, way[-finding.loop :])


def _hang(graph: StateGraph, entry: tuple[int, int], *, deadlocks: bool = True) -> Trap:
    """Where no end can be reached. entry: a step, and the state there that it leads to. deadlocks: are no ends."""
    tables = graph.ground.tables
    ends = {number for number in graph.stuck if not (deadlocks and tables.waiting(graph.state(number)))}
    good = reaching(len(graph), sorted(ends.union(graph.oopses)), *graph.edges())
    lost = frozenset(number for number in range(len(graph)) if not good[number])
    here = reached(graph, entry[1:])
    loops = fair_parts(staying(tables, {graph.state(number): number for number in here}))
    stuck = (frozenset({number}) for number in here if number in graph.stuck)
    parts = tuple(Part(tuple(sorted(part)), _inside(graph, part)) for part in (*loops, *stuck))
    return Trap(graph, entry, lost, lost, parts)


def _loop(graph: StateGraph, judge: Judge, loop: Sequence[tuple[int, int]]) -> Trap:
    """Where what a check says is so can stay so. loop: steps that go round there, each with the state it leads to."""
    so = {graph.state(number): number for number in range(len(graph)) if judge(graph.state(number)) is not None}
    fair = frozenset[int]().union(*fair_parts(staying(graph.ground.tables, so)))
    states = (loop[-1][1], *(target for _, target in loop[:-1]))
    moves = zip(states, (step for step, _ in loop), strict=True)
    return Trap(graph, loop[-1], fair, _leading(graph, fair, so), (Part(states, tuple(moves)),), judge)


def _leading(graph: StateGraph, trap: frozenset[int], so: Mapping[int, int]) -> frozenset[int]:
    """The states in which it is so, and from which it can stay so up to the trap."""
    inside, sources, targets = set(so.values()), array("q"), array("q")
    for source, target in zip(*graph.edges(), strict=True):
        if source in inside and target in inside:
            sources.append(source)
            targets.append(target)
    able = reaching(len(graph), sorted(trap), sources, targets)
    return frozenset(number for number in inside if able[number])


def _way(graph: StateGraph, labels: Iterable[Label]) -> list[tuple[int, int]]:
    """The steps of a schedule, by number, each with the state it leads to."""
    here, found = graph.number(INITIAL), list[tuple[int, int]]()
    for label in labels:
        found.append(next(move for move in graph.moves(here) if _is(graph.ground.label(move[0]), label)))
        here = found[-1][1]
    return found


def _is(one: Label, other: Label) -> bool:
    return (one.context, one.op) == (other.context, other.op)


def reached(graph: StateGraph, starts: Iterable[int]) -> frozenset[int]:
    """The states that can follow these, themselves included."""
    seen = set(starts)
    todo = list(seen)
    while todo:
        for _, target in graph.moves(todo.pop()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return frozenset(seen)


def _inside(graph: StateGraph, part: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """The steps that stay in a part, each behind the state in which it is taken."""
    return tuple((n, step) for n in sorted(part) for step, target in graph.moves(n) if target in part)

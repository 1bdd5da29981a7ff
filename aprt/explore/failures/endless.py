"""What keeps something going for ever: who goes round or waits, what would end it, and why that does not come.

All is read off the state graph of a trap (`explore.failures.trap`). Where executions can stay for ever, each context
does the same again and again, waits for what does not come, is done, or could act now and then. It would end with some
step of some context. To come to that step, the context may need another one to change an actor that it asks; that one
in turn may need a third. Such a *chain* ends with a context that is done, or that nobody helps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, TypeAlias

import attrs

from aprt.core.errors import ModelError
from aprt.explore.failures.trap import Trap, reachable_from

Does: TypeAlias = Literal["goes round", "waits", "is done", "may act"]

_FAR = 1_000  # states through which a context that runs alone is followed


@attrs.frozen
class Standing:
    """What a context does for ever. ops: what it does again and again, or waits for, or may do now and then."""

    context: str
    does: Does
    ops: tuple[str, ...]
    daemon: bool


@attrs.frozen
class Need:
    """An operation of `context` that would end what goes on for ever, if `other` is None; else one after which `other`,
    which goes round or waits, would go on."""

    context: str
    op: str
    other: str | None = None


@attrs.frozen
class Exit:
    """A step out of a loop, after which it cannot go on for ever.

    instead: if the step is a choice, what its context chooses in the loop. able: in how many states of the loop, out of
    `of`, the context can take a step at all.
    """

    context: str
    op: str
    instead: str | None
    able: int
    of: int


@attrs.frozen
class Endless:
    """loop: how many steps repeat; 0 for a hang. final: whether nothing that can follow leads out.

    rest: for a hang, the steps (context, operation) from the end of the finding's schedule to where executions stay,
    with as few switches as possible.
    standings: what each context does there. needs: the links of all chains; for a hang, of those that begin with a
    context that is not done. exits: the steps out of the loop.
    """

    loop: int
    final: bool
    rest: tuple[tuple[str, str], ...]
    standings: tuple[Standing, ...]
    needs: tuple[Need, ...]
    exits: tuple[Exit, ...]

    def helped(self, context: str) -> bool:
        """Whether there is a step of somebody else by which a context would go on."""
        return any(need.other == context for need in self.needs)


def endless(trap: Trap, loop: int) -> Endless:
    """What is so where executions stay. loop: the steps of the loop; 0 for a hang."""
    search = _Search(trap)
    standings = tuple(search.standings())
    needs, exits = tuple(search.needs(standings)), tuple(dict.fromkeys(search.exits()))
    final = reachable_from(trap.graph, search.inside) <= trap.kept
    return Endless(loop, final, search.rest(), standings, needs, exits)


class _Search:
    """inside: the states where executions stay."""

    def __init__(self, trap: Trap) -> None:
        self._trap, self._ground, self._tables = trap, trap.graph.ground, trap.graph.ground.tables
        self._contexts = self._ground.system.contexts
        self._places = {context.name: place for place, context in enumerate(self._contexts)}
        self.inside = [number for part in trap.parts for number in part.states]
        self._states = [trap.graph.state(number) for number in self.inside]
        self._able = [{place for place, _ in self._ground.enabled(state)} for state in self._states]
        self._learned = tuple(self._tables.everything())  # asking for more may add to them
        self._goes_on = cache(self._follow)

    def rest(self) -> tuple[tuple[str, str], ...]:
        """The steps from the entry to a state where executions stay."""
        inside, (step, entry) = frozenset(self.inside), self._trap.entry
        todo = deque([(entry, self._ground.label(step).context, tuple[tuple[str, str], ...]())])
        seen = set[tuple[int, str]]()
        while True:
            state, last, way = todo.popleft()
            if state in inside:
                return way
            if (state, last) not in seen:
                seen.add((state, last))
                for step, target in self._trap.graph.moves(state):
                    label = self._ground.label(step)
                    add = todo.appendleft if label.context == last else todo.append
                    add((target, label.context, (*way, (label.context, label.op))))

    def standings(self) -> Iterator[Standing]:
        labels = [self._ground.label(step) for part in self._trap.parts for _, step in part.moves]
        for place, context in enumerate(self._contexts):
            does: Does = "goes round"
            ops = tuple(dict.fromkeys(label.op for label in labels if label.context == context.name))
            if not ops:
                effects = (self._tables.effect(place, self._control(place, state)) for state in self._states)
                ops = tuple(dict.fromkeys(str(effect) for effect in effects if effect is not None))
                does = "is done" if not ops else "may act" if any(place in able for able in self._able) else "waits"
            yield Standing(context.name, does, ops, context.daemon)

    def needs(self, standings: Iterable[Standing]) -> Iterator[Need]:
        """The chains, in order: what would end it, then what the contexts need that are to do that, and so on."""
        standing, ends = {one.context: one for one in standings}, tuple(dict.fromkeys(self._ends()))
        yield from ends
        unfinished = (one.context for one in standing.values() if not one.daemon)
        todo = list(dict.fromkeys(unfinished if self._trap.judge is None else (need.context for need in ends)))
        wanted: dict[str, set[str]] = {context: set() for context in todo}
        for context in todo:
            if standing[context].does in ("goes round", "waits"):
                for need in dict.fromkeys(self._needed(self._places[context], frozenset(wanted[context]))):
                    yield need
                    if need.context not in wanted:
                        wanted[need.context] = set()
                        todo.append(need.context)
                    wanted[need.context].add(need.op)

    def exits(self) -> Iterator[Exit]:
        taken = dict(move for part in self._trap.parts for move in part.moves)
        for number in self.inside:
            for step, target in self._trap.graph.moves(number):
                if target not in self._trap.kept:
                    label, other = self._ground.label(step), self._ground.label(taken[number])
                    instead = other.op if other.context == label.context else None
                    able = sum(self._places[label.context] in able for able in self._able)
                    yield Exit(label.context, label.op, instead, able, len(self.inside))

    def _ends(self) -> Iterator[Need]:
        """The steps, anywhere in the graph, after which what the check says is no longer so."""
        graph, judge = self._trap.graph, self._trap.judge
        if judge is not None:
            so = [judge(graph.state(number)) is not None for number in range(len(graph))]
            for number in range(len(graph)):
                for step, target in graph.moves(number) if so[number] else ():
                    if not so[target]:
                        label = self._ground.label(step)
                        yield Need(label.context, label.op)

    def _needed(self, place: int, wanted: frozenset[str]) -> Iterator[Need]:
        """The steps of others after which a context comes to an operation that is wanted, or to where it has ended."""
        name = self._contexts[place].name
        for state in {self._control(place, state): state for state in self._states}.values():
            slot, _ = self._tables.rows[place][self._control(place, state)]
            here = self._tables.packing.field(state, slot)
            for other, step, before, after in self._changes(slot):
                states = (state + self._tables.packing.delta(slot, here, value) for value in (before, after))
                if other != place and [self._goes_on(place, one, wanted) for one in states] == [False, True]:
                    yield Need(self._contexts[other].name, self._ground.label(step).op, name)

    def _changes(self, slot: int) -> Iterator[tuple[int, int, int, int]]:
        """The steps that change an actor, each with the place of its context, and the values before and after."""
        for each in self._learned:
            if self._tables.rows[each.place][each.control][0] == slot:
                for step in each.steps:
                    change = dict(self._tables.changes[step]).get(slot, 0)
                    if change:
                        yield each.place, step, each.number, each.number + change

    def _follow(self, place: int, state: int, wanted: frozenset[str]) -> bool:
        """Whether a context that runs alone comes from a state to an operation that is wanted, or to where it has
        ended: for a hang, if nothing is wanted, to a place in its behaviour where it does not stay."""
        stays = {self._control(place, state) for state in self._states}
        seen, todo = {state}, [state]
        while todo and len(seen) < _FAR:
            here = todo.pop()
            try:
                moves = dict(self._ground.enabled(here)).get(place, ())
            except ModelError:  # running alone, it may meet what no execution brings it
                return False
            if self._trap.judge is None and not (moves or wanted) and self._control(place, here) not in stays:
                return True
            for move in moves:
                there, _, oops = self._ground.take(here, move)
                if self._ground.label(move[1]).op in wanted or self._is_over(there):
                    return True
                if there not in seen and not oops:
                    seen.add(there)
                    todo.append(there)
        return False

    def _is_over(self, state: int) -> bool:
        return self._trap.judge is not None and self._trap.judge(state) is None

    def _control(self, place: int, state: int) -> int:
        return self._tables.packing.field(state, place)

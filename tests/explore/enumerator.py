"""The oracle: every execution of a small system, with nothing clever in it.

Every other search is compared with this one, so it shares nothing with them. It has no control states and no
tables: where a context is, is told by the answers it was given so far, and what it does next is found by running a
fresh coroutine and giving it those answers. It follows that two **worlds** (actor values, answers, what is held)
are the same only if they differ in the order of steps alone, so a world is never reached at two depths and the
graph of worlds has no cycle: what is counted is counted level by level. Behaviours that loop for ever have
infinitely many worlds and are not for the oracle: `limit` stops it.

Ends, deadlocks and oopses (`core.system`) all count as complete executions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from aprt.core import step as core
from aprt.core.caller import Caller
from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError
from aprt.core.notes import Broken, Note, Oops
from aprt.core.system import Context, System
from aprt.explore.commuting.independence import StepInfo, dependent, is_take, number

Values: TypeAlias = tuple[Any, ...]
How: TypeAlias = Literal["end", "deadlock", "oops"]

LIMIT = 5_000_000


@attrs.frozen
class Position:
    """Where a context is: what it was answered, what it holds, and what it broke so that nothing goes on.

    effect: what it therefore awaits; None when it is done.
    """

    answers: tuple[Hashable, ...]
    caller: Caller
    effect: Effect[Any] | None = attrs.field(eq=False)
    oopses: tuple[Oops, ...] = ()


@attrs.frozen
class World:
    """A state with its past. values: of the actors, in the system's order; positions: of the contexts."""

    values: Values
    positions: tuple[Position, ...]

    @property
    def oopsed(self) -> bool:
        return any(position.oopses for position in self.positions)


@attrs.frozen
class Step:
    """A step that a world offers, and the world it leads to."""

    info: StepInfo
    notes: tuple[Note, ...]
    after: World

    @property
    def broken(self) -> tuple[str, ...]:
        """The properties that the handler itself saw violated."""
        return tuple(note.property for note in self.notes if isinstance(note, Broken | Oops))


class Machine:
    """Steps a system. Raises `ModelError` when asked for the steps of more than `limit` worlds."""

    def __init__(self, system: System, limit: int = LIMIT) -> None:
        self.system, self.limit, self._left = system, limit, limit
        self._index = {actor.name: i for i, actor in enumerate(system.actors)}

    def start(self) -> World:
        """The initial world."""
        contexts = self.system.contexts
        positions = tuple(Position((), Caller(c.name), _next_effect(c, ())) for c in contexts)
        return World(tuple(self.system.initial().values()), positions)

    def steps(self, world: World) -> list[Step]:
        """All that can happen next; nothing in an end, a deadlock or after an oops."""
        self._left -= 1
        if self._left < 0:
            raise ModelError(f"the enumerator gave up after {self.limit} worlds")
        if world.oopsed:
            return []
        return [step for i in range(len(world.positions)) for step in self._steps_of(world, i)]

    def how(self, world: World) -> How:
        """How an execution that cannot go on from here has ended."""
        if world.oopsed:
            return "oops"
        pairs = zip(self.system.contexts, world.positions, strict=True)
        return "end" if all(c.daemon or p.effect is None for c, p in pairs) else "deadlock"

    def _steps_of(self, world: World, i: int) -> list[Step]:
        position = world.positions[i]
        match position.effect:
            case None:
                return []
            case Choose(_, options) as choice:
                return [self._step(world, i, core.choice(choice, option, position.caller, ())) for option in options]
            case Call(actor, _, _) as call:
                done = core.call(actor, world.values[self._index[actor.name]], call, position.caller, ())
                return [] if done is None else [self._step(world, i, done)]
            case other:
                raise ModelError(f"{position.caller.context} awaits {other!r}, which is no effect")

    def _step(self, world: World, i: int, done: core.Step) -> Step:
        event, values, actor = done.event, world.values, None
        if event.actor is not None:
            k = self._index[event.actor]
            actor, values = self.system.actors[k], (*values[:k], event.state, *values[k + 1 :])
        after = World(values, (*world.positions[:i], self._after(world, i, done), *world.positions[i + 1 :]))
        return Step(StepInfo.of(event, actor), event.notes, after)

    def _after(self, world: World, i: int, done: core.Step) -> Position:
        answers = (*world.positions[i].answers, done.event.reply)
        oopses = tuple(note for note in done.event.notes if isinstance(note, Oops))
        return Position(answers, done.caller, _next_effect(self.system.contexts[i], answers), oopses)


def _next_effect(context: Context, answers: Sequence[Hashable]) -> Effect[Any] | None:
    behaviour = context.behaviour()
    try:
        effect = behaviour.send(None)
        for answer in answers:
            effect = behaviour.send(answer)
        return effect
    except StopIteration:
        return None
    finally:
        behaviour.close()


def executions(system: System, limit: int = LIMIT) -> Iterator[tuple[tuple[Step, ...], How]]:
    """Every complete execution, depth first, with how it ended. No duplicate detection, no reduction."""
    machine = Machine(system, limit)

    def onwards(world: World, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], How]]:
        steps = machine.steps(world)
        if not steps:
            yield path, machine.how(world)
        for step in steps:
            yield from onwards(step.after, (*path, step))

    return onwards(machine.start(), ())


def interleavings(system: System, limit: int = LIMIT) -> int:
    """The number of complete executions, counted one by one."""
    return sum(1 for _ in executions(system, limit))


def paths(system: System, limit: int = LIMIT) -> int:
    """The number of complete executions, counted as paths in the graph of worlds: the same, for larger systems."""
    machine = Machine(system, limit)
    level, total = Counter({machine.start(): 1}), 0
    while level:
        following: Counter[World] = Counter()
        for world, count in level.items():
            steps = machine.steps(world)
            for step in steps:
                following[step.after] += count
            total += 0 if steps else count
        level = following
    return total


@attrs.frozen
class Reachable:
    """What can be reached, as tuples of actor values in the system's order.

    values: of all states. ends, deadlocks, oopses: of the states in which executions end so.
    worlds: how many worlds there are, never less than there are states; stuck: how many of them are deadlocks.
    depth: steps of the longest execution. shortest: the least number of steps to the first violation of each
    property that handlers see violated, and, as `deadlock`, to a deadlock.
    """

    values: frozenset[Values]
    ends: frozenset[Values]
    deadlocks: frozenset[Values]
    oopses: frozenset[Values]
    worlds: int
    stuck: int
    depth: int
    shortest: Mapping[str, int]


def reachable(system: System, limit: int = LIMIT) -> Reachable:
    """Everything that can be reached in any order of steps."""
    machine = Machine(system, limit)
    ended: dict[How, set[Values]] = {"end": set(), "deadlock": set(), "oops": set()}
    values: set[Values] = set()
    shortest: dict[str, int] = {}
    level, worlds, stuck, depth = {machine.start()}, 0, 0, -1
    while level:
        following: set[World] = set()
        worlds, depth = worlds + len(level), depth + 1
        for world in level:
            values.add(world.values)
            steps = machine.steps(world)
            for step in steps:
                following.add(step.after)
                for property in step.broken:
                    shortest.setdefault(property, depth + 1)
            if not steps:
                how = machine.how(world)
                ended[how].add(world.values)
                if how == "deadlock":
                    stuck += 1
                    shortest.setdefault("deadlock", depth)
        level = following
    ends, deadlocks, oopses = (frozenset(ended[how]) for how in ("end", "deadlock", "oops"))
    return Reachable(frozenset(values), ends, deadlocks, oopses, worlds, stuck, depth, shortest)


@attrs.frozen
class Traces:
    """Numbers of Mazurkiewicz traces, by how they end. broken: those of them with a finding of a handler.

    ends: the actor values, in the system's order, of the states in which complete ones end; stuck: deadlocked ones.
    """

    complete: int = 0
    deadlocked: int = 0
    oopsed: int = 0
    broken: int = 0
    ends: frozenset[Values] = attrs.field(default=frozenset(), eq=False)
    stuck: frozenset[Values] = attrs.field(default=frozenset(), eq=False)


@attrs.frozen
class _Prefix:
    """A trace prefix: one of its executions, each step with its Foata layer."""

    world: World
    placed: tuple[tuple[StepInfo, int], ...] = ()
    broken: bool = False

    def then(self, step: Step) -> _Prefix:
        info = number(step.info, sum(is_take(before) for before, _ in self.placed if before.actor == step.info.actor))
        layer = max((n + 1 for before, n in self.placed if dependent(before, info)), default=0)
        return _Prefix(step.after, (*self.placed, (info, layer)), self.broken or bool(step.broken))

    @property
    def normal_form(self) -> Hashable:
        return frozenset((info.context, info.op, layer) for info, layer in self.placed)


def traces(system: System, limit: int = LIMIT) -> Traces:
    """The number of traces: executions that differ only in the order of adjacent independent steps are one.

    Breadth first over trace prefixes; two are the same when their Foata normal forms are, which are built here
    from their definition (see `explore.commuting.independence`).
    """
    machine = Machine(system, limit)
    level: dict[Hashable, _Prefix] = {None: _Prefix(machine.start())}
    found: Counter[str] = Counter()
    ended: dict[How, set[Values]] = {"end": set(), "deadlock": set(), "oops": set()}
    while level:
        following: dict[Hashable, _Prefix] = {}
        for prefix in level.values():
            steps = machine.steps(prefix.world)
            for step in steps:
                longer = prefix.then(step)
                following.setdefault(longer.normal_form, longer)
            if not steps:
                how = machine.how(prefix.world)
                found[how] += 1
                ended[how].add(prefix.world.values)
                found["broken"] += prefix.broken
        level = following
    ends, stuck = frozenset(ended["end"]), frozenset(ended["deadlock"])
    return Traces(found["end"], found["deadlock"], found["oops"], found["broken"], ends, stuck)

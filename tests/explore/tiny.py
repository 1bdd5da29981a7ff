"""Small systems for the tests of the explorer, and every execution of one, the slow way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.execution import Execution
from aprt.core.notes import Broken, Gave, Hold, Oops, Owes, Took
from aprt.core.properties import Property
from aprt.core.schedule import Schedule
from aprt.core.system import Behaviour, Context, System
from aprt.explore.stepper import Stepper


@attrs.frozen
class Fork:
    owner: str | None = None


@attrs.frozen(eq=False)
class Lock(Actor[Fork]):
    """The smallest lock."""

    def initial(self) -> Fork:
        return Fork()

    @handler(writes="owner")
    def lock(self, state: Fork, by: Caller) -> Outcome[Fork, None]:
        if state.owner is not None:
            return BLOCK
        return Fork(by.context), None, (Took(Hold(self.name)),)

    @handler(writes="owner")
    def unlock(self, state: Fork, by: Caller) -> Outcome[Fork, None]:
        if state.owner != by.context:
            return state, None, (Broken("K2", f"{by.context} does not own {self.name}"),)
        return Fork(), None, (Gave(self.name),)


@attrs.frozen
class Number:
    value: int = 0


@attrs.frozen(eq=False)
class Variable(Actor[Number]):
    """A shared variable, with a few ways to go wrong."""

    def initial(self) -> Number:
        return Number()

    @handler(reads="value")
    def load(self, state: Number, by: Caller) -> Outcome[Number, int]:
        return state, state.value

    @handler(writes="value")
    def store(self, state: Number, by: Caller, value: int) -> Outcome[Number, None]:
        return state if state.value == value else Number(value), None

    @handler(reads="value")
    def until(self, state: Number, by: Caller, value: int) -> Outcome[Number, None]:
        """Blocks until the variable has that value."""
        return (state, None) if state.value == value else BLOCK

    @handler(writes="value")
    def take(self, state: Number, by: Caller) -> Outcome[Number, None]:
        """Takes one; taking from nothing is an oops of P2."""
        if state.value == 0:
            return state, None, (Oops("P2", f"{by.context} takes from nothing"),)
        return Number(state.value - 1), None, (Owes(self.name, 1),)

    @handler(writes="value")
    def spoil(self, state: Number, by: Caller) -> Outcome[Number, None]:
        """An oops of P2 that changes something."""
        return Number(state.value + 1), None, (Oops("P2", f"{by.context} spoils it"),)

    @handler(writes="value")
    def give(self, state: Number, by: Caller) -> Outcome[Number, None]:
        return Number(state.value + 1), None, (Owes(self.name, -1),)


def system(*actors: Actor[Any], daemons: str = "", **contexts: Callable[[], Behaviour]) -> System:
    """A system of these actors and contexts; daemons: names of contexts, separated by blanks."""
    started = (Context(name, start, name in daemons.split()) for name, start in contexts.items())
    return System(actors, tuple(started))


def dining(n: int, *, looping: bool) -> System:
    """n philosophers, each: lock left, lock right, unlock right, unlock left."""
    forks = tuple(Lock(f"fork{i}") for i in range(n))

    def philosopher(left: Lock, right: Lock) -> Callable[[], Behaviour]:
        async def eat() -> None:
            await left.lock()
            await right.lock()
            await right.unlock()
            await left.unlock()

        async def eat_for_ever() -> None:
            while True:
                await eat()

        return eat_for_ever if looping else eat

    contexts = (Context(f"p{i}", philosopher(forks[i], forks[(i + 1) % n])) for i in range(n))
    return System(forks, tuple(contexts))


def increments(n: int) -> tuple[System, Variable]:
    """n contexts that each load a variable and store one more."""
    x = Variable("x")

    async def increment() -> None:
        await x.store(await x.load() + 1)

    return System((x,), tuple(Context(f"t{i}", increment) for i in range(n))), x


def executions(system: System, properties: tuple[Property, ...] = ()) -> Iterator[Execution]:
    """Every execution of a system whose behaviours all end: each interleaving, run from the start."""
    todo = [Schedule()]
    while todo:
        prefix = todo.pop()
        with Stepper(system, properties) as stepper:
            for label in prefix:
                stepper.step(label.context, label.op)
            if stepper.ending() != "cut":
                yield stepper.execution()
            todo += [Schedule((*prefix, label)) for label in stepper.enabled()]

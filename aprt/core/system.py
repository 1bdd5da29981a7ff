"""A system: actors with their initial states, and the contexts that run on them.

What a **state** of a system is (and what exact state counts in the tests count): the value of every actor, and
the control state of every context: where it is suspended, the values that a later step can still read, the
locks it holds and the resources it owes. A program variable that must count although nothing reads it again
belongs in an actor. Mailboxes, locks and hardware are actors, so nothing else exists.

An **end state** is one in which every context but the daemons is done and no daemon can take a step: all that
was pending in hardware has happened. A **deadlock** is a state without steps that is no end state. A **hang** is
a state from which no end state can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import attrs

from aprt.core.actor import Actor
from aprt.core.arguments import check_each, check_function
from aprt.core.caller import Caller
from aprt.core.declarations import check_declared
from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError
from aprt.core.symmetry import Alike, check_fitting

S = TypeVar("S")

Behaviour: TypeAlias = Coroutine[Effect[Any], Any, object]


@attrs.frozen(eq=False)
class Context:
    """A kernel thread (or interrupt, or piece of hardware) that runs one behaviour.

    start: makes a fresh coroutine of the behaviour; it is called once per execution.
    daemon: an endless loop of late effects (hardware, timers) that an end state does not wait for.

    Raises: `UserError` where `start` cannot be called.
    """

    name: str
    start: Callable[[], Behaviour]
    daemon: bool = False

    def __attrs_post_init__(self) -> None:
        if isinstance(self.start, Coroutine):
            self.start.close()  # or Python would warn, too
        check_function(f"context {self.name}", self.start, "an async function, uncalled")

    def behaviour(self) -> Behaviour:
        """A fresh coroutine of the behaviour. Raises: `ModelError` when `start` is no async function."""
        behaviour = self.start()
        if not isinstance(behaviour, Coroutine):
            raise ModelError(f"context {self.name} starts with {self.start!r}, which is no async function")
        return behaviour


@attrs.frozen(eq=False)
class System:
    """Everything that a driver needs to run. The order of contexts is part of its schedules.

    Raises: `UserError` for what is no actor or no context; `ModelError` for a name that is there twice, a handler that
    declares what its actor does not have, and classes of like parts that do not fit into each other.
    """

    actors: tuple[Actor[Any], ...]
    contexts: tuple[Context, ...]
    states: Mapping[str, Any] = attrs.field(factory=dict)  # initial states that differ from Actor.initial()
    symmetry: tuple[Alike, ...] = ()  # what may change places

    def __attrs_post_init__(self) -> None:
        check_each("actors", self.actors, Actor, "a tuple of actors, as in (device,)")
        check_each("contexts", self.contexts, Context, "a tuple of contexts, as in (Context('alice', close),)")
        for kind, names in (
            ("actor", [actor.name for actor in self.actors]),
            ("context", [context.name for context in self.contexts]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ModelError(f"two {kind}s are called {name!r}; give each a name of its own")
        for name in self.states:
            if name not in {actor.name for actor in self.actors}:
                raise ModelError(f"an initial state is given for {name!r}, which is no actor of the system")
        states = self.initial()
        for actor in self.actors:
            check_declared(actor, states[actor.name])
        check_fitting(self.symmetry)

    def initial(self) -> dict[str, Any]:
        """A fresh mapping from actor name to initial state, in the order of `actors`."""
        return {a.name: self.states[a.name] if a.name in self.states else a.initial() for a in self.actors}

    def context(self, name: str) -> Context:
        """The context of that name. Raises `ModelError`."""
        for context in self.contexts:
            if context.name == name:
                return context
        raise ModelError(f"no context is called {name!r}")


@attrs.frozen(eq=False)
class View:
    """What a property may look at: the states of the actors it declared, and who holds what.

    Calling it with an actor gives that actor's state, typed. Raises `ModelError` for an undeclared actor.
    """

    states: Mapping[str, Any]
    callers: Sequence[Caller] = ()

    def __call__(self, actor: Actor[S]) -> S:
        if actor.name not in self.states:
            raise ModelError(f"a property reads {actor.name}, which it does not declare; add it to its reads")
        state: S = self.states[actor.name]
        return state

    def inflight(self, resource: object) -> int:
        """How many of `resource` running procedures hold beyond (or, negative, short of) the records."""
        return sum(n for caller in self.callers for key, n in caller.owed if key == resource)

    def held(self, lock: str) -> bool:
        """Whether any context holds the lock of that name."""
        return any(caller.holds(lock) for caller in self.callers)


def operation(effect: Effect[Any], choice: object = None) -> str:
    """The operation of a step as labels print it: `vm0.put`, or `choose close=vm`."""
    match effect:
        case Call():
            return str(effect)
        case Choose(about, _):
            return f"choose {about}={choice}"
        case _:
            raise ModelError(f"a behaviour awaited {effect!r}, which is no effect of aprt")

"""Properties: numbered claims, each made of checks that a driver can evaluate.

A check returns what is wrong, in words, or None. It declares the actors it reads (a driver evaluates it again
only when one of them, or what a context holds, has changed) and is a pure function of them.

A check that is given an event must look neither at its `index` nor at its label's `nth`: in a search many
executions share one step, and both numbers are placeholders there (-1 and 1).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeAlias

import attrs

from aprt.core.actor import Actor
from aprt.core.arguments import check_each, check_function, check_kind
from aprt.core.errors import ModelError
from aprt.core.events import Event
from aprt.core.lock_order import Cycle
from aprt.core.system import View

Actors: TypeAlias = tuple[Actor[Any], ...]


@attrs.frozen(eq=False)
class Always:
    """Holds in every state."""

    reads: Actors
    test: Callable[[View], str | None]


@attrs.frozen(eq=False)
class Before:
    """Holds in the state in which `actor` is about to handle the message `op`."""

    actor: Actor[Any]
    op: str
    reads: Actors
    test: Callable[[View, Event], str | None]


@attrs.frozen(eq=False)
class After:
    """Holds in the state right after `actor` handled the message `op`."""

    actor: Actor[Any]
    op: str
    reads: Actors
    test: Callable[[View, Event], str | None]


@attrs.frozen(eq=False)
class AtEnd:
    """Holds in every end state (`core.system`)."""

    reads: Actors
    test: Callable[[View], str | None]


@attrs.frozen(eq=False)
class Noted:
    """No handler leaves a `Broken` or `Oops` note that names this property."""


@attrs.frozen(eq=False)
class Wrong:
    """What a `History` says when the order of events broke it."""

    text: str


@attrs.frozen(eq=False)
class History:
    """An automaton over the events: `advance(memory, event)` gives the new memory or `Wrong`.

    Its memory becomes part of the state while the property is checked. concerns: the actors whose messages
    it looks at; it is not called for others, nor ever again once it said `Wrong`.
    """

    initial: Hashable
    concerns: Actors
    advance: Callable[[Hashable, Event], Hashable | Wrong]


@attrs.frozen(eq=False)
class NoDeadlock:
    """No deadlock (`core.system`) is reached."""

    def text(self, blocked: Iterable[tuple[str, str]]) -> str:
        """What is wrong when each of these contexts waits for that operation."""
        return ", ".join(f"{context} waits for {op}" for context, op in blocked)


@attrs.frozen(eq=False)
class NoHang:
    """From every state an end state can be reached. Only a complete search of the state graph can tell."""

    def text(self, unfinished: Iterable[tuple[str, str]]) -> str:
        """What is wrong when no end is in reach with each of these contexts at that operation."""
        return "no end state can be reached: " + ", ".join(f"{context} is at {op}" for context, op in unfinished)


@attrs.frozen(eq=False)
class NoLivelock:
    """From every state an execution can still come to an end: an end state, a deadlock, or an oops.

    No fairness is assumed: where some step or choice of anybody leads to an end there is no livelock, even if it need
    not be taken. Only a complete search of the state graph can tell. A violation is shown by a cycle within a set of
    states that no step leads out of. The cycle is fair: a context that can step in all of its states does so, and one
    that can take a lock in some of them takes one.
    """

    def text(self, contexts: Sequence[str]) -> str:
        """What is wrong when these contexts go round like that."""
        go = "goes" if len(contexts) == 1 else "go"
        return f"{' and '.join(contexts)} {go} round for ever, and nothing ends it"


@attrs.frozen(eq=False)
class Eventually:
    """What `test` finds wrong is not wrong for ever, on any execution that is fair.

    Fair: a context that can take a step, and stays able to, takes one at last (weak fairness); one that can take a lock
    again and again takes one at last (strong fairness, of contexts, not of each lock). Nothing is assumed of choices.
    Only a complete search of the state graph can tell, unless the execution ends.
    """

    reads: Actors
    test: Callable[[View], str | None]


@attrs.frozen(eq=False)
class LockOrder:
    """No cycle in the lock order (`core.lock_order`) of all that is seen.

    A search judges all executions that it saw together; a single execution can show a cycle, too.
    """


@attrs.frozen(eq=False)
class NoEdges:
    """No execution makes all of these edges of the lock order: a certain cycle, or a part of it."""

    edges: Cycle


Check: TypeAlias = (
    Always
    | Before
    | After
    | AtEnd
    | Noted
    | History
    | NoDeadlock
    | NoHang
    | NoLivelock
    | Eventually
    | LockOrder
    | NoEdges
)


@attrs.frozen(eq=False)
class Property:
    """A claim with a number (`P1`), a one-line title, its full text, and the checks that make it up.

    An execution violates it when any check fails.
    about: messages, each an actor and a name. Unless one of them is handled the property has said nothing; if none are
    named it is enough that something happens which its checks look at (`core.exercise`).
    implied: an execution ends where it is violated, so that every search looks for it, whatever was asked.
    of_patches: code that is new may well violate it, so that it is asked besides wherever a patch is in force.
    """

    id: str
    title: str
    checks: tuple[Check, ...]
    text: str = ""
    about: tuple[tuple[Actor[Any], str], ...] = ()
    implied: bool = False
    of_patches: bool = False


def always(id: str, reads: Actors, test: Callable[[View], str | None]) -> Property:
    """A property of one check that holds in every state.

    reads: the actors that it looks at, all of them. test: what is wrong, in words, or None.
    Raises: `UserError` where these are something else.
    """
    _check_declared(id, reads, test)
    return Property(id, id, (Always(tuple(reads), test),))


def at_end(id: str, reads: Actors, test: Callable[[View], str | None]) -> Property:
    """A property of one check that holds in every end state; arguments and errors are those of `always`."""
    _check_declared(id, reads, test)
    return Property(id, id, (AtEnd(tuple(reads), test),))


def _check_declared(id: str, reads: object, test: object) -> None:
    check_each(f"property {id}: reads", reads, Actor, "a tuple of actors, as in (device,)")
    check_function(f"property {id}: test", test, "a function of a view")


def wrong(id: str, said: object) -> str | None:
    """What a check said is wrong, or None. Raises: `ModelError` where it said something else."""
    if said is None or isinstance(said, str):
        return said
    raise ModelError(f"the check of {id} returned {said!r}; a check returns what is wrong, in words, or None")


def listed(properties: Property | Iterable[Property]) -> tuple[Property, ...]:
    """Properties, of which one may be given as it is. Raises: `UserError` for anything else."""
    if isinstance(properties, Property):
        return (properties,)
    expected = "properties, as always() and at_end() make them"
    check_kind("properties", properties, Iterable, expected)
    found = tuple(properties)
    for one in found:
        check_kind("properties", one, Property, expected)
    return found


def looked_at(check: Check) -> Actors:
    """The actors that a check declares."""
    match check:
        case Always() | AtEnd() | Eventually():
            return check.reads
        case Before() | After():
            return (check.actor, *check.reads)
        case History():
            return check.concerns
        case _:
            return ()


def ordering(property: Property) -> bool:
    """Whether the property asks in which order locks are taken."""
    return any(isinstance(check, LockOrder | NoEdges) for check in property.checks)


def hanging(property: Property) -> bool:
    """Whether the property asks that an end can be reached: a finding of that is never shown by its schedule alone."""
    return any(isinstance(check, NoHang) for check in property.checks)


def endless(property: Property) -> bool:
    """Whether the property asks for what no execution alone can show: that something stays as it is for ever."""
    return any(isinstance(check, NoHang | NoLivelock | Eventually) for check in property.checks)


DEADLOCK = Property(
    "deadlock", "as long as something is left to do, somebody can go on", (NoDeadlock(),), of_patches=True
)
HANG = Property("hang", "an end state can always be reached", (NoHang(),))
LIVELOCK = Property(
    "livelock",
    "whoever goes round can still come to an end",
    (NoLivelock(),),
    "An end can be reached whatever was done before, or a deadlock: nobody goes round for ever with no way out. "
    "To go on as long as nobody ends it, although somebody could, is no livelock.",
    of_patches=True,
)

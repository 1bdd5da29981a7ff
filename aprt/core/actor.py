"""Actors: a name, a frozen state, and pure handlers, one message at a time.

An `Actor` object is the address and the configuration; its state is a separate hashable value kept by whichever
driver runs it. A handler is written once, as a method

    @handler(writes="owner")
    def lock(self, state: MutexState, by: Caller) -> Outcome[MutexState, None]:
        if state.owner is not None:
            return BLOCK
        return attrs.evolve(state, owner=by.context), None, (Took(Hold(self.name)),)

and behaviours call it as `await mutex.lock()`: the same name, without `state` and `by`, and typed from the
handler. A handler is atomic and pure: no clock, no random, no other actor. It answers `BLOCK` (the step is
disabled until this actor's state changes) or `(state', reply)` or `(state', reply, notes)`. A handler that
changes nothing returns the very state it was given; that is how a driver sees a read. Any other object is a change,
an equal one too: a store of the value that is there is a store.

Two changes of one actor are taken to be in an order that matters, unless their handlers say otherwise: `commutes` for
messages that give the same in either order (readers of a lock come and go), `puts` and `takes` for the two ends of a
queue, which do not meet.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Callable, Hashable
from functools import cache, partial
from types import FunctionType
from typing import Any, ClassVar, Concatenate, Final, Generic, Literal, ParamSpec, TypeAlias, TypeVar, cast, overload

import attrs

from aprt.core.arguments import Parameters, check_kind
from aprt.core.caller import Caller
from aprt.core.declarations import check_change, check_waiting, outcome_parts
from aprt.core.effects import Call, Effect
from aprt.core.errors import ModelError, WrongArgument
from aprt.core.notes import Hold, Note, Oops
from aprt.core.obligations import may_sleep, unguarded

S = TypeVar("S")
R = TypeVar("R")
P = ParamSpec("P")
A = TypeVar("A", bound="Actor[Any]")

_BEFORE: Final = 3  # parameters of a handler before those of its message: self, state, by


class Block(enum.Enum):
    """The type of `BLOCK`."""

    BLOCK = "BLOCK"


BLOCK: Final = Block.BLOCK

Outcome: TypeAlias = Literal[Block.BLOCK] | tuple[S, R] | tuple[S, R, tuple[Note, ...]]
Done: TypeAlias = tuple[S, Any, tuple[Note, ...]]
Ordering: TypeAlias = Literal["release", "acquire", "both"]


class Handler(Generic[S, P, R]):
    """One message of an actor: its pure function and what it declares of itself. Made by `@handler`.

    What it may do:

    - reads, writes: the fields of the state that it looks at and changes; "*" is the whole state. It may read what it
      writes. What `Actor.refuse` looks at need not be named.
    - guarded_by: attributes of the actor that name the locks which the caller must hold: all of "a b", one of "a | b".
      Such an attribute is an actor, a tuple of actors (one of them has to be held) or None (no lock is needed).
    - on_freed: it may run on an object whose life has ended, as what hardware does may.

    What searches rely on:

    - commutes: messages of the same actor, maybe this one among them, that other contexts may as well send after it as
      before: replies, notes and the state are the same, and neither makes the other block or go on. Each of the two
      names the other.
    - puts, takes: the field, a queue, to whose end it adds one item, or from whose front it takes one; it does nothing
      else. The reply of a put does not depend on the items, that of a take not on those behind the first.
    - room: attribute of the actor with the number of items that a queue holds; a put into a full one blocks. None is no
      bound.

    What detectors and the lock order go by:

    - acquires: the mode in which it takes the actor as a lock, if only for a moment, and blocks until it can: an edge
      of the lock order from every lock that the caller holds (`Actor.acquired`). None for a trylock, which never waits.
    - sleeps: its caller may have to sleep, which is a finding (P23) in atomic context. A put into a queue without bound
      never sleeps. interruptible: a signal ends the sleep, too, so that no watchdog takes it for a hang.
    - orders: what it does to happens-before, besides what locks and queues do. What a context did before a "release"
      happens before what others do after an "acquire" of the same actor, unless that replied False (not done yet, not
      the last reference).
    - atomic: it is an atomic operation on fields that others access as plain memory.

    Made of these: queue, the field of `puts` or `takes`; fields, all that are named; guards, the ways in which it can
    be guarded; guarding, all attributes that these name.
    """

    def __init__(
        self,
        run: Callable[..., Outcome[S, R]],
        reads: frozenset[str],
        writes: frozenset[str],
        *,
        guarded_by: str | None,
        on_freed: bool,
        commutes: frozenset[str],
        puts: str | None,
        takes: str | None,
        room: str | None,
        acquires: str | None,
        sleeps: bool,
        interruptible: bool,
        orders: Ordering | None,
        atomic: bool,
    ) -> None:
        self.run, self.reads, self.writes = run, reads, writes
        self.guards = tuple(tuple(way.split()) for way in guarded_by.split("|")) if guarded_by else ()
        self.guarding = tuple(sorted({name for all_of in self.guards for name in all_of}))
        self.on_freed = on_freed
        self.commutes, self.puts, self.takes, self.room = commutes, puts, takes, room
        self.queue = puts if takes is None else takes
        self.fields = (reads | writes | frozenset([self.queue] if self.queue else [])) - {"*"}
        self.acquires, self.orders, self.atomic = acquires, orders, atomic
        self.sleeps, self.interruptible = sleeps, interruptible
        self.__doc__ = run.__doc__
        self.op = run.__name__
        self._parameters = Parameters.of(run, _BEFORE)

    @overload
    def __get__(self, actor: None, owner: type) -> Handler[S, P, R]: ...
    @overload
    def __get__(self, actor: Actor[Any], owner: type) -> Callable[P, Call[R]]: ...
    def __get__(self, actor: Actor[Any] | None, owner: type) -> Handler[S, P, R] | Callable[P, Call[R]]:
        return self if actor is None else cast("Callable[P, Call[R]]", partial(self._call, actor))

    def _call(self, actor: Actor[Any], *args: Hashable) -> Call[R]:
        takes = self._parameters
        if not takes.least <= len(args) <= takes.most:
            raise takes.wrong(f"{actor.name}.{self.op}", args)
        for arg in args:
            if isinstance(arg, Effect):
                told = f"{actor.name}.{self.op} takes values, and {arg} was not sent: an await is missing"
                raise WrongArgument(told)
        return Call(actor, self.op, args)


def handler(
    *,
    reads: str = "*",
    writes: str = "",
    guarded_by: str | None = None,
    on_freed: bool = False,
    commutes: str = "",
    puts: str | None = None,
    takes: str | None = None,
    room: str | None = None,
    acquires: str | None = None,
    sleeps: bool = False,
    interruptible: bool = False,
    orders: Ordering | None = None,
    atomic: bool = False,
) -> Callable[[Callable[Concatenate[A, S, Caller, P], Outcome[S, R]]], Handler[S, P, R]]:
    """Declare a method of an actor as the handler of the message of the same name.

    reads, writes: the footprint, field names separated by blanks. A driver that sees a write outside it
    raises `ModelError`. commutes: message names separated by blanks. The remaining options are those of `Handler`; a
    search that relies on one of them and sees it contradicted raises `ModelError`, too.

    Raises: `UserError` for names that are not given like this.
    """
    for option, names in (("reads", reads), ("writes", writes), ("commutes", commutes)):
        check_kind(option, names, str, "names in one string, with blanks between, as in 'users freed'")

    def declare(run: Callable[Concatenate[A, S, Caller, P], Outcome[S, R]]) -> Handler[S, P, R]:
        return Handler(
            run,
            frozenset(reads.split()),
            frozenset(writes.split()),
            guarded_by=guarded_by,
            on_freed=on_freed,
            commutes=frozenset(commutes.split()),
            puts=puts,
            takes=takes,
            room=room,
            acquires=acquires,
            sleeps=sleeps,
            interruptible=interruptible,
            orders=orders,
            atomic=atomic,
        )

    return declare


@attrs.frozen(eq=False)
class Actor(abc.ABC, Generic[S]):
    """A component. Two actors are the same iff their names are; a system has each name once.

    atomic: fields of the state, "*" for all, that are no plain memory, whose accesses something has to order: hardware,
    locks, atomic operations, or what has a lock inside that is no part of the model.
    lock_class: what it is called in the lock order, with others of its kind; None for its own name.
    """

    atomic: ClassVar[tuple[str, ...]] = ()

    name: str
    lock_class: str | None = attrs.field(default=None, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Raises: `ModelError` when a handler claims to commute with a message that does not say so, too; and for a
        public method that has the parameters of a handler, and is none.
        """
        super().__init_subclass__()
        for name, method in vars(cls).items():
            if _looks_like_handler(name, method):
                raise ModelError(
                    f"{cls.__name__}.{name} has the parameters of a handler, and is no message; "
                    "put @handler(...) before it, or begin its name with _"
                )
        handlers = {found.op: found for found in reversed(_handlers(cls))}
        for name, found in handlers.items():
            for other in found.commutes:
                if other not in handlers or name not in handlers[other].commutes:
                    raise ModelError(f"{cls.__name__}.{name} is declared to commute with {other}, but not the reverse")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Actor) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    @abc.abstractmethod
    def initial(self) -> S:
        """The state this actor starts in, unless the system says otherwise."""

    def hold(self, mode: str = "exclusive", *, atomic: bool = False) -> Hold:
        """This actor, held as a lock."""
        return Hold(self.name, mode, atomic, self.lock_class)

    def owns(self, state: S) -> tuple[Hashable, ...]:
        """What stands on record here: resources, as `Owes` names them, and objects by the name of their actor."""
        return ()

    def acquired(self, call: Call[Any]) -> Hold | None:
        """The lock that a context waits for which sends `call`; None when it waits for none."""
        mode = self.handler(call.op).acquires
        return None if mode is None else self.hold(mode)

    def refuse(self, state: S, handler: Handler[Any, ..., Any]) -> Oops | None:
        """Why this message cannot be handled at all in `state`: touching it is an oops. None: it can."""
        return None

    def handler(self, op: str) -> Handler[S, ..., Any]:
        """The handler of message `op`. Raises `ModelError` if there is none."""
        found = getattr(type(self), op, None)
        if not isinstance(found, Handler):
            raise ModelError(f"actor {self.name} ({type(self).__name__}) has no message {op!r}")
        return found

    def messages(self) -> tuple[str, ...]:
        """The names of all messages that it handles, sorted."""
        return _messages(type(self))

    def is_lock(self) -> bool:
        """Whether one of its messages takes it as a lock."""
        return any(self.handler(op).acquires for op in self.messages())

    def handle(self, state: S, call: Call[Any], by: Caller) -> Done[S] | Literal[Block.BLOCK]:
        """Perform one message: `BLOCK`, or the new state, the reply and the notes. Pure.

        Raises: `ModelError` when the handler returned no outcome, or changed a field that its footprint does not name,
        or a queue otherwise than it declares.
        """
        found = self.handler(call.op)
        oops = self.refuse(state, found)
        if oops is not None:
            return state, None, (oops,)
        outcome = found.run(self, state, by, *call.args)
        if outcome is BLOCK:
            check_waiting(self, found, state)
            return BLOCK
        after, reply, notes = outcome_parts(self, found, outcome)
        if after is not state and (found.queue is not None or "*" not in found.writes):
            check_change(self, found, state, after)
        if found.guards:
            notes += unguarded(self, found, by)
        if by.held and by.atomic is not None and not any(isinstance(note, Oops) for note in notes):
            notes += may_sleep(self, found, by)
        return after, reply, notes

    def guarding(self, name: str) -> tuple[Actor[Any], ...] | None:
        """The locks of which a caller must hold one, by the name in `guarded_by`; None: there is nothing to hold."""
        guard: Actor[Any] | tuple[Actor[Any], ...] | None = getattr(self, name)
        return guard if guard is None or isinstance(guard, tuple) else (guard,)

    def room(self, found: Handler[S, ..., Any]) -> int | None:
        """How many items the queue of a handler that puts can hold."""
        return None if found.room is None else cast("int | None", getattr(self, found.room))


def _looks_like_handler(name: str, method: object) -> bool:
    if not isinstance(method, FunctionType) or name.startswith("_") or hasattr(Actor, name):
        return False
    return method.__code__.co_varnames[2 : method.__code__.co_argcount][:1] == ("by",)


@cache
def _handlers(kind: type[Any]) -> tuple[Handler[Any, ..., Any], ...]:
    return tuple(value for base in kind.__mro__ for value in vars(base).values() if isinstance(value, Handler))


@cache
def _messages(kind: type[Any]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if isinstance(getattr(kind, name), Handler))

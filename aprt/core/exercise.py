"""What a search put to the test, and what it did not.

A property that holds because nothing it speaks of ever happened says nothing about the system. It was *exercised* when
a step happened that some check of it looks at and, if it names steps in `about`, one of those did, too. A check of the
handling of a message looks at that message, a check of states at every step that changes an actor it reads, a history
at the messages of the actors it concerns, the lock order at a lock that is taken while another is held, all others at
any step. A check of end states looks at nothing where there is no end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs

from aprt.core.actor import Actor
from aprt.core.effects import Call, Choose
from aprt.core.events import Event
from aprt.core.lock_misuse import takes
from aprt.core.properties import After, Always, AtEnd, Before, Check, History, LockOrder, NoEdges, Property
from aprt.core.symmetry import Alike

K = TypeVar("K")
V = TypeVar("V")

Message: TypeAlias = tuple[str, str]
"""The name of an actor, and a message to it."""

Choice: TypeAlias = tuple[str, str]
"""A context, and what it chooses."""


@attrs.frozen(order=True)
class Function:
    """A function of the model. file: as people name it. line: where it begins.

    procedure: whether it is a behaviour, which may take steps; others are handlers, and what those call.
    """

    file: str
    line: int
    name: str
    procedure: bool


@attrs.frozen(order=True)
class Line:
    """A line of a function. place: among its lines that have code, from 0.

    calls: the methods that are called there, `guest.vm.put()` as `vm.put`.
    idle: no step can go through it: it raises an error, or says that the context has to wait.
    answer: whether a behaviour gets there depends on what some message was answered.
    """

    number: int
    place: int
    calls: tuple[str, ...]
    idle: bool
    answer: bool


@attrs.frozen
class Exercise:
    """What happened, in all executions of a search taken together.

    contexts: those that took a step. changed: the actors whose state was changed.
    handled: the messages that were handled. waited: those that were sent, but whose senders only ever waited.
    nested: whether a lock was taken while another one was held.
    answers: messages that were answered with True, or False. choices: the options that there ever were.
    missed: the functions that steps entered, each with those of its lines that no step came to.
    under: by behaviour, as call chains name it, the messages that were handled for it and for what it awaits.
    """

    contexts: frozenset[str] = frozenset()
    handled: frozenset[Message] = frozenset()
    waited: frozenset[Message] = frozenset()
    changed: frozenset[str] = frozenset()
    nested: bool = False
    answers: frozenset[tuple[Message, bool]] = frozenset()
    choices: Mapping[Choice, frozenset[str]] = attrs.field(factory=dict)
    missed: Mapping[Function, frozenset[Line]] = attrs.field(factory=dict)
    under: Mapping[str, frozenset[Message]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], awaited: Iterable[tuple[str, Call[Any] | Choose[Any]]] = ()) -> Exercise:
        """What these steps did, as far as events tell.

        awaited: by context, the choices that it had, and the calls that it had to wait with.
        """
        events = tuple(events)
        messages = [(event, (event.actor, event.op)) for event in events if event.actor is not None]
        waited: set[Message] = set()
        under: defaultdict[str, set[Message]] = defaultdict(set)
        for event, message in messages:
            for function in event.chain:
                under[function].add(message)
        choices: dict[Choice, frozenset[str]] = {}
        for context, effect in awaited:
            if isinstance(effect, Call):
                waited.add((effect.actor.name, effect.op))
            else:
                key = context, effect.about
                choices[key] = choices.get(key, frozenset()).union(map(str, effect.options))
        return cls(
            contexts=frozenset(event.context for event in events),
            handled=frozenset(message for _, message in messages),
            waited=frozenset(waited.difference(message for _, message in messages)),
            changed=frozenset(message[0] for event, message in messages if event.changed),
            nested=any(event.caller.held and takes(event) for event in events),
            answers=frozenset((message, event.reply) for event, message in messages if isinstance(event.reply, bool)),
            choices=choices,
            under={function: frozenset(found) for function, found in under.items()},
        )

    def __or__(self, other: Exercise) -> Exercise:
        """What happened in either of two searches."""
        missed = {**self.missed, **other.missed}
        for function in self.missed.keys() & other.missed.keys():
            missed[function] = self.missed[function] & other.missed[function]
        handled = self.handled | other.handled
        return Exercise(
            self.contexts | other.contexts,
            handled,
            (self.waited | other.waited) - handled,
            self.changed | other.changed,
            self.nested or other.nested,
            self.answers | other.answers,
            _joined(self.choices, other.choices),
            missed,
            _joined(self.under, other.under),
        )

    def alike(self, classes: Iterable[Alike]) -> Exercise:
        """This, and the same with like parts in each other's place, of which a search took one arrangement for all."""
        found = self
        for alike in classes:
            for i in range(len(alike.members)):
                for j in range(i):
                    found |= found._exchanged(alike, i, j)
        return found

    def _exchanged(self, alike: Alike, i: int, j: int) -> Exercise:
        names = alike.exchange(i, j)
        return attrs.evolve(
            self,
            contexts=names(self.contexts),
            handled=names(self.handled),
            waited=names(self.waited),
            changed=names(self.changed),
            answers=frozenset((names(message), answer) for message, answer in self.answers),
            choices={names(key): options for key, options in self.choices.items()},
            under={function: names(messages) for function, messages in self.under.items()},
        )


def _joined(one: Mapping[K, frozenset[V]], other: Mapping[K, frozenset[V]]) -> dict[K, frozenset[V]]:
    return {key: one.get(key, frozenset()) | other.get(key, frozenset()) for key in [*one, *other]}


def unexercised(
    properties: Iterable[Property], exercise: Exercise, broken: Container[str] = (), *, ended: bool = True
) -> tuple[str, ...]:
    """The numbers of the properties that none of the steps is about, in the order given.

    broken: numbers of those that were violated, and so were put to the test in any case. ended: whether executions
    came to an end state.
    """
    return tuple(p.id for p in properties if p.id not in broken and not _exercises(exercise, p, ended))


def _exercises(exercise: Exercise, property: Property, ended: bool) -> bool:
    checks = [check for check in property.checks if ended or not isinstance(check, AtEnd)]
    if property.checks and not checks:
        return False
    if property.about and not any((actor.name, op) in exercise.handled for actor, op in property.about):
        return False
    return any(_reaches(exercise, check) for check in checks)


def _reaches(exercise: Exercise, check: Check) -> bool:
    match check:
        case Before() | After():
            return (check.actor.name, check.op) in exercise.handled
        case Always(reads) | AtEnd(reads) if reads:
            return any(actor.name in exercise.changed for actor in reads)
        case LockOrder() | NoEdges():
            return exercise.nested
        case History():
            return _asked(exercise, check.concerns)
        case _:
            return bool(exercise.contexts)


def _asked(exercise: Exercise, actors: Iterable[Actor[Any]]) -> bool:
    wanted = {actor.name for actor in actors}
    return any(name in wanted for name, _ in exercise.handled)

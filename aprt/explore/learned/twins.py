"""Twins: every piece of behaviour is run twice, by two coroutines, before a search believes it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import attrs

from aprt.core.effects import Call, Choose, Effect
from aprt.core.errors import ModelError
from aprt.core.system import Behaviour, Context
from aprt.explore.learned.thread import Thread


@attrs.frozen(eq=False)
class Twins:
    """Two coroutines of a context that were given the same answers, and so wait for the same.

    Raises: `ModelError` when they do not; they are dropped then. Whoever does not use them any more must `drop` them.
    """

    one: Thread
    other: Thread

    @classmethod
    def begin(cls, context: Context, actors: Container[str]) -> Twins:
        """At the first effect of the context. actors: as for `Thread`."""
        twins = cls(Thread(context, actors), Thread(context, actors))
        twins._compare("at its start")
        return twins

    @classmethod
    def again(
        cls, context: Context, actors: Container[str], trail: Iterable[tuple[Effect[Any] | None, object]]
    ) -> Twins:
        """Brought to where they are when each of these effects came, and was given that answer."""
        steps = tuple(trail)
        return cls(_rerun(context, actors, steps), _rerun(context, actors, steps))

    @property
    def effect(self) -> Effect[Any] | None:
        """What they wait for; None when they are done."""
        return self.one.effect

    @property
    def behaviour(self) -> Behaviour:
        """One of the two."""
        return self.one.behaviour

    @property
    def chain(self) -> tuple[str, ...]:
        return self.one.chain

    def resume(self, answer: object, when: str) -> None:
        """Give both the answer. when: in an error, where they differ."""
        self.one.resume(answer)
        self.other.resume(answer)
        self._compare(when)

    def drop(self) -> None:
        self.one.drop()
        self.other.drop()

    def _compare(self, when: str) -> None:
        if self.one.effect != self.other.effect:
            self.drop()
            raise _erratic(self.one, self.other.effect, when)


def _rerun(context: Context, actors: Container[str], steps: Iterable[tuple[Effect[Any] | None, object]]) -> Thread:
    thread = Thread(context, actors)
    for effect, answer in steps:
        if thread.effect != effect:
            raise _erratic(thread, effect, "when it was run again")
        thread.resume(answer)
    return thread


def _erratic(thread: Thread, other: Effect[Any] | None, when: str) -> ModelError:
    first, second = map(_words, (thread.effect, other))
    return ModelError(f"{thread.context.name} is not deterministic: {when} it awaits {first}, another time {second}")


def _words(effect: Effect[Any] | None) -> str:
    """An effect with what a label leaves out: arguments, and the options of a choice."""
    match effect:
        case Call():
            return f"{effect}({', '.join(map(repr, effect.args))})"
        case Choose():
            return f"{effect} ({', '.join(map(repr, effect.options))})"
        case _:
            return "nothing"
